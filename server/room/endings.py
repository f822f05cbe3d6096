"""Ends that wait for the relay's numbers, and departures that wait for those.

A departure is the last fact of a session: whoever reads it knows that all is there.
"""

from __future__ import annotations

from dataclasses import replace

from server.control.messages import ProducerEnded, TransportEnded
from server.room.effects import Effects, ParticipantLeft, TrackUnpublished, TransportClosed

WAIT_SECONDS = 3.0
"""A relay that has not answered by then is not waited for."""

Ended = TransportClosed | TrackUnpublished


class Endings:
    """Of one room. Things are known by their identifiers on the relay."""

    def __init__(self, effects: Effects) -> None:
        self._effects = effects
        self._waiting: dict[int, Ended] = {}
        self._until: dict[int, float] = {}
        self._departures: dict[str, ParticipantLeft] = {}

    @property
    def due(self) -> float | None:
        """When `expire` has something to do; None: nothing waits."""
        return min(self._until.values(), default=None)

    def wait(self, number: int, fact: Ended, now: float) -> None:
        """Something was closed: its end is recorded with the numbers that the relay tells."""
        self._waiting[number] = fact
        self._until[number] = now + WAIT_SECONDS

    def depart(self, fact: ParticipantLeft) -> None:
        """A session is over: recorded once all of it has ended."""
        self._departures[fact.sid] = fact
        self._settle(fact.sid)

    def told(self, number: int, ended: TransportEnded | ProducerEnded) -> bool:
        """The relay says how it went. False: that was not waited for any more."""
        match self._waiting.get(number), ended:
            case TransportClosed() as closed, TransportEnded():
                self._end(number, replace(closed, numbers=ended if ended.measured else None))
            case TrackUnpublished() as unpublished, ProducerEnded():
                self._end(number, replace(unpublished, numbers=ended if ended.measured else None))
            case _:
                return False
        return True

    def expire(self, now: float) -> list[int]:
        """Records what has waited long enough, without numbers; returns what that was."""
        late = [number for number, until in self._until.items() if until <= now]
        for number in late:
            self._end(number, self._waiting[number])
        return late

    def give_up(self) -> None:
        """The relay is gone: nothing will be told."""
        for number, fact in list(self._waiting.items()):
            self._end(number, fact)

    def _end(self, number: int, fact: Ended) -> None:
        del self._waiting[number]
        del self._until[number]
        self._effects.record(fact)
        self._settle(fact.sid)

    def _settle(self, sid: str) -> None:
        if sid in self._departures and all(fact.sid != sid for fact in self._waiting.values()):
            self._effects.record(self._departures.pop(sid))
