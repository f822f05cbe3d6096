"""The WebSockets of participants, by sid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from server.protocol.codec import Outgoing
from server.room.room import Room


class Session(Protocol):
    """The WebSocket of a participant."""

    def send(self, message: Outgoing) -> None:
        """Queues a message. Never blocks and never raises."""

    def disconnect(self) -> None:
        """Closes once what is queued has left."""


@dataclass(slots=True)
class _Entry:
    session: Session | None  # None while the participant is away
    room: Room


class Sessions:
    """Which WebSocket is whose now, and in which room it is."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def open(self, sid: str, session: Session, room: Room) -> None:
        """A participant has joined."""
        self._entries[sid] = _Entry(session, room)

    def replace(self, sid: str, session: Session) -> None:
        """A participant has come back by another WebSocket; the one before closes."""
        entry = self._entries[sid]
        if entry.session is not None:
            entry.session.disconnect()
        entry.session = session

    def room(self, sid: str) -> Room | None:
        """Where a participant is; None after its session has ended."""
        entry = self._entries.get(sid)
        return None if entry is None else entry.room

    def room_of(self, sid: str, session: Session) -> Room | None:
        """The same; None too where another WebSocket has taken the place of this one."""
        entry = self._entries.get(sid)
        return entry.room if entry is not None and entry.session is session else None

    def lose(self, sid: str) -> None:
        """A participant's WebSocket is gone."""
        self._entries[sid].session = None

    def send(self, sid: str, message: Outgoing) -> None:
        """Nothing while a participant is away, and after its session has ended."""
        entry = self._entries.get(sid)
        if entry is not None and entry.session is not None:
            entry.session.send(message)

    def end(self, sid: str) -> None:
        """Its WebSocket closes once what is queued has left. Idempotent."""
        entry = self._entries.pop(sid, None)
        if entry is not None and entry.session is not None:
            entry.session.disconnect()
