"""Whether all that a room told of has ended."""

from __future__ import annotations

from collections.abc import Iterable

from server.room.effects import (
    Act,
    Administered,
    Fact,
    ParticipantJoined,
    ParticipantLeft,
    TrackPublished,
    TrackUnpublished,
    TransportClosed,
)


def is_balanced(facts: Iterable[Fact]) -> bool:
    """All that began has ended, once, and before the departure of whose it was."""
    made = ended = 0
    going: set[str] = set()
    playing: set[str] = set()
    for fact in facts:
        match fact:
            case ParticipantJoined():
                made += fact.transports
                going.add(fact.sid)
            case Administered(act=Act.RECEPTION_OPENED):
                made += 1
            case TransportClosed():
                assert fact.sid in going
                ended += 1
            case TrackPublished():
                playing.add(fact.track)
            case TrackUnpublished():
                assert fact.sid in going
                playing.remove(fact.track)
            case ParticipantLeft():
                going.remove(fact.sid)
            case _:
                pass
    return made == ended and not going and not playing
