"""What tests of the ledger share: a clock to move, somebody who joins, and the ledger read as sessions."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Protocol

from server.metadata.connection import Connection
from server.metadata.query import Query
from server.metadata.rows.sessions import ParticipantJoined
from server.metadata.rows.tracks import TrackPublished
from server.metadata.sessions import Reader
from server.metadata.words import TrackKind, TrackSource
from tests.postgres import Cluster

START = 1_700_000_000.0


class Clock:
    """Seconds since the epoch, moved by hand."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


class Kept(Protocol):
    """Where a ledger is kept."""

    url: str

    def on_disk(self) -> bytes:
        """Everything that is kept there."""

    def lose(self) -> None:
        """The ledger is gone."""


class KeptInFile:
    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.url = f"sqlite:///{directory}/ledger.db"

    def on_disk(self) -> bytes:
        found = b""
        for path in self._directory.iterdir():
            with suppress(FileNotFoundError):  # a journal is gone with its transaction
                found += path.read_bytes()
        return found

    def lose(self) -> None:
        (self._directory / "ledger.db").rename(self._directory / "away.db")


class KeptInDatabase:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.url = cluster.database()
        self._name = self.url.partition("@/")[2].partition("?")[0]
        self._is_there = True

    def on_disk(self) -> bytes:
        return self._cluster.on_disk(self._name)

    def lose(self) -> None:
        self._cluster.sql(f"DROP DATABASE {self._name} WITH (FORCE)", "postgres")
        self._is_there = False

    def give_back(self) -> None:
        if self._is_there:
            self._cluster.give_back(self._name)

    def sql(self, statement: str) -> str:
        return self._cluster.sql(statement, self._name)


def joined(number: int = 1, identity: str = "ada", room: str = "garden") -> ParticipantJoined:
    return ParticipantJoined(room=room, identity=identity, participant=f"PA_{number:08d}")


def published(number: int = 1, identity: str = "ada", room: str = "garden") -> TrackPublished:
    return TrackPublished(
        room=room,
        identity=identity,
        participant=f"PA_{number:08d}",
        track=f"TR_{number:08d}",
        kind=TrackKind.VIDEO,
        source=TrackSource.CAMERA,
    )


async def sessions(url: str, clock: Callable[[], float], query: Query | None = None) -> list[Connection]:
    async with aclosing(Reader(url, clock=clock)) as reader:
        return [one.connection async for one in reader.connections(query or Query())]
