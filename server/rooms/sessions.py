"""The WebSockets of participants, by sid."""

from __future__ import annotations

from typing import Protocol

from livekit.protocol.rtc import SignalResponse

from server.room.room import Room


class Session(Protocol):
    """The WebSocket of a participant."""

    def send(self, response: SignalResponse) -> None:
        """Queues a message. Never blocks and never raises."""

    def disconnect(self) -> None:
        """Closes once what is queued has left."""


class Sessions:
    """Whose WebSocket is which, and in which room it is."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[Session, Room]] = {}

    def __len__(self) -> int:
        return len(self._open)

    def open(self, sid: str, session: Session, room: Room) -> None:
        """A participant has connected."""
        self._open[sid] = (session, room)

    def room(self, sid: str) -> Room | None:
        """Where a participant is; None after its session has ended."""
        entry = self._open.get(sid)
        return None if entry is None else entry[1]

    def send(self, sid: str, response: SignalResponse) -> None:
        """Nothing after its session has ended."""
        if entry := self._open.get(sid):
            entry[0].send(response)

    def end(self, sid: str) -> None:
        """Its WebSocket closes once what is queued has left. Idempotent."""
        if entry := self._open.pop(sid, None):
            entry[0].disconnect()
