"""What a room tells the ledger."""

from __future__ import annotations

from server.control.messages import Quality
from server.protocol import translate
from server.room.dual import DualSubscriber
from server.room.effects import (
    Act,
    Administered,
    AttemptEnded,
    Effects,
    ParticipantActive,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantResumed,
    QualityChanged,
    TrackPublished,
    TrackUnpublished,
    TransportClosed,
)
from server.room.endings import Endings
from server.room.inputs import SignalEnd
from server.room.participant import Participant
from server.room.publication import Publication
from server.room.publisher import Publisher
from server.room.quality import Course
from server.room.relay import RelayFace

RESUMED_ROWS_SECONDS = 10.0
"""One row about a resumed session in so long, so that nobody fills the ledger by reconnecting."""


class Account:
    """Of the room called `room`. `endings` are what waits for numbers. Whose session it is says the token."""

    def __init__(self, room: str, effects: Effects) -> None:
        self._room = room
        self._effects = effects
        self.endings = Endings(effects)

    def joined(self, who: Participant, relay: RelayFace) -> None:
        """A session has begun."""
        self._effects.record(
            ParticipantJoined(
                self._room,
                who.claims.identity,
                who.sid,
                who.client,
                who.attempt.code,
                who.attempt.site,
                relay.number,
                relay.generation,
                transports=2 if who.subscriber is not None and who.subscriber.owns_transport else 1,
            )
        )

    def active(self, who: Participant, now: float) -> None:
        """Media can flow."""
        milliseconds = int((now - who.begun_at) * 1000)
        self._effects.record(ParticipantActive(self._room, who.claims.identity, who.sid, milliseconds))

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
            AttemptEnded(
                self._room, who.claims.identity, who.sid, code, stage, milliseconds, cause, signal, site
            )
        )

    def left(self, who: Participant, now: float, reason: int, signal: SignalEnd, course: Course) -> None:
        """A session is over, and its transports and tracks are."""
        self.attempt_ended(who, now, reason, signal)
        if (last := course.timeline.last()) is not None:
            self.quality_changed(who, last)
        seconds = now - who.joined_at
        self.endings.depart(
            ParticipantLeft(
                self._room,
                who.claims.identity,
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
            TrackPublished(self._room, who.claims.identity, who.sid, track.sid, track.kind, source, mime)
        )

    def unpublished(self, who: Participant, track: Publication, now: float) -> None:
        """An announced track is gone."""
        track.count_mute(now)
        seconds = now - (track.announced_at or now)
        fact = TrackUnpublished(
            self._room, who.claims.identity, who.sid, track.sid, seconds, track.muted_seconds
        )
        if track.main.producer and not track.main.is_refused:
            self.endings.wait(track.main.producer, fact, now)
        else:
            self._effects.record(fact)

    def closed(
        self, who: Participant, side: Publisher | DualSubscriber, now: float, *, relay_lost: bool
    ) -> None:
        """A transport is gone."""
        history = side.history
        fact = TransportClosed(
            self._room,
            who.claims.identity,
            who.sid,
            history.side,
            history.end(relay_lost=relay_lost),
            history.srtp_profile,
            history.dtls_version,
            history.cipher_suite,
            history.reachable_after,
            history.keyed_after,
            now - history.began_at,
        )
        self.endings.wait(side.transport, fact, now)

    def administered(self, act: Act, who: Participant | None = None) -> None:
        """The server API did something to somebody; None: to the room."""
        identity, sid = ("", "") if who is None else (who.claims.identity, who.sid)
        self._effects.record(Administered(self._room, identity, sid, act))

    def quality_changed(self, who: Participant, quality: Quality) -> None:
        """It is connected so well from now on."""
        self._effects.record(QualityChanged(self._room, who.claims.identity, who.sid, quality))

    def resumed(self, who: Participant, gone_since: float, now: float) -> None:
        """It has come back. Of one that comes and goes all the time, once in a while."""
        if now >= who.next_resumed_row:
            who.next_resumed_row = now + RESUMED_ROWS_SECONDS
            self._effects.record(
                ParticipantResumed(self._room, who.claims.identity, who.sid, now - gone_since)
            )
