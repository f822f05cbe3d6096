"""What rooms tell the ledger, completed with what they do not know: user agents and networks."""

from __future__ import annotations

from collections.abc import Callable

from server.facts import address_event, event_of
from server.metadata.event import Event
from server.metadata.rows.rooms import RoomFinished, RoomStarted
from server.metadata.rows.sessions import ParticipantJoined
from server.room.effects import Fact


class Books:
    """Writes with `record`; of rooms themselves only if `rooms`, for webhooks. What somebody came with is
    forgotten once it is written."""

    def __init__(self, record: Callable[[Event], None], *, rooms: bool = False) -> None:
        self._record = record
        self._rooms = rooms
        self._callers: dict[str, tuple[str, str]] = {}  # user agents and networks, until they are recorded
        self._joined: dict[str, ParticipantJoined] = {}

    def __len__(self) -> int:
        return len(self._callers)

    def arrived(self, sid: str, user_agent: str, network: str) -> None:
        """What a participant came with."""
        self._callers[sid] = (user_agent, network)

    def joined(self, sid: str) -> ParticipantJoined | None:
        """What the ledger has of the join of somebody who is in a room."""
        return self._joined.get(sid)

    def room_started(self, name: str, sid: str) -> None:
        """A room was opened."""
        if self._rooms:
            self._record(RoomStarted(room=name, room_sid=sid))

    def room_finished(self, name: str, sid: str) -> None:
        """A room is over."""
        if self._rooms:
            self._record(RoomFinished(room=name, room_sid=sid))

    def left(self, sid: str) -> None:
        """A participant is in no room any more. Idempotent."""
        self._joined.pop(sid, None)

    def write(self, fact: Fact) -> None:
        """A fact goes to the ledger."""
        user_agent, network = self._callers.pop(fact.sid, ("", ""))
        event = event_of(fact, user_agent)
        if isinstance(event, ParticipantJoined):
            self._joined[event.participant] = event
        self._record(event)
        if network:
            self._record(address_event(fact, network))
