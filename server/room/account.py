"""What a room tells the ledger."""

from __future__ import annotations

from server.protocol import translate
from server.room.effects import (
    AttemptEnded,
    Effects,
    ParticipantActive,
    ParticipantJoined,
    ParticipantLeft,
    TrackPublished,
    TrackUnpublished,
)
from server.room.inputs import SignalEnd
from server.room.participant import Participant
from server.room.publication import Publication
from server.room.quality import Course


class Account:
    """Of the room called `room`."""

    def __init__(self, room: str, effects: Effects) -> None:
        self._room = room
        self._effects = effects

    def joined(self, who: Participant) -> None:
        """A session has begun."""
        code, site = who.attempt.code, who.attempt.site
        self._effects.record(ParticipantJoined(self._room, who.identity, who.sid, who.client, code, site))

    def active(self, who: Participant, now: float) -> None:
        """Media can flow."""
        milliseconds = int((now - who.joined_at) * 1000)
        self._effects.record(ParticipantActive(self._room, who.identity, who.sid, milliseconds))

    def attempt_ended(
        self,
        who: Participant,
        now: float,
        reason: int | None = None,
        signal: SignalEnd = SignalEnd.LOST,
    ) -> None:
        """The join is decided: it has come as far as it will, or the session ended for `reason`. Once."""
        milliseconds = who.attempt.decide(now)
        if milliseconds is None:
            return
        cause = reason if who.attempt.failed else None
        code, stage, site = who.attempt.code, who.attempt.stage, who.attempt.site
        self._effects.record(
            AttemptEnded(self._room, who.identity, who.sid, code, stage, milliseconds, cause, signal, site)
        )

    def left(self, who: Participant, now: float, reason: int, signal: SignalEnd, course: Course) -> None:
        """A session is over."""
        self.attempt_ended(who, now, reason, signal)
        seconds = now - who.joined_at
        self._effects.record(
            ParticipantLeft(
                self._room,
                who.identity,
                who.sid,
                reason,
                seconds,
                signal,
                course.usual(now),
                course.worst,
            )
        )

    def published(self, who: Participant, track: Publication) -> None:
        """A track is announced."""
        source, mime = translate.source_name(track.info.source), track.info.mime_type
        self._effects.record(
            TrackPublished(self._room, who.identity, who.sid, track.sid, track.kind, source, mime)
        )

    def unpublished(self, who: Participant, track: Publication, now: float) -> None:
        """An announced track is gone."""
        seconds = now - (track.announced_at or now)
        self._effects.record(TrackUnpublished(self._room, who.identity, who.sid, track.sid, seconds))
