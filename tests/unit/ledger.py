"""What tests of the ledger share: a clock to move, somebody who joins, and the ledger read as sessions."""

from __future__ import annotations

from server.metadata.event import ParticipantJoined
from server.metadata.sessions import Query, Reader, Session

START = 1_700_000_000.0


class Clock:
    """Seconds since the epoch, moved by hand."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


def joined(number: int = 1, identity: str = "ada", room: str = "garden") -> ParticipantJoined:
    return ParticipantJoined(room=room, identity=identity, participant=f"PA_{number:08d}")


async def sessions(url: str, clock: Clock, query: Query | None = None) -> list[Session]:
    reader = Reader(url, clock=clock)
    try:
        return [session async for session in reader.sessions(query or Query())]
    finally:
        await reader.aclose()
