"""What is counted while the server runs. Closed words and numbers only: nobody's name has a place here.

Nothing is written from here; `server/metrics` reads it when it is asked. Counts begin with the process.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from typing import Final

from server.control.messages import (
    Bandwidth,
    ConsumerState,
    Notification,
    TransportBandwidth,
    TransportPhase,
    TransportState,
)
from server.errors import Refusal
from server.metadata.event import Event
from server.metadata.outcome import AttemptCause, Stage
from server.metadata.rows.attempts import AttemptEnded
from server.metadata.rows.operation import RelayBorn, RelayDrifted, RelayLost
from server.metadata.rows.sessions import (
    ParticipantActive,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantResumed,
)
from server.metadata.rows.tracks import TrackPublished, TrackUnpublished
from server.metadata.rows.transports import TransportEnded
from server.metadata.transport_words import Direction, TransportEnd
from server.metadata.words import (
    Codec,
    DriftedCheck,
    GuaranteeLevel,
    LeaveReason,
    RelayLossReason,
    Sdk,
    TrackSource,
)
from server.workers.link import RelayLink, RelayListener

STAGE_OF_REFUSAL: Final = {  # the last step that was done
    Refusal.MISSING: Stage.NONE,
    Refusal.MALFORMED: Stage.NONE,
    Refusal.UNKNOWN_KEY: Stage.NONE,
    Refusal.EXPIRED: Stage.NONE,
    Refusal.NOT_YET_VALID: Stage.NONE,
    Refusal.UNUSABLE: Stage.NONE,
    Refusal.NEVER_GRANTED: Stage.TOKEN,
    Refusal.ROOM_MISSING: Stage.TOKEN,
    Refusal.ROOM_FULL: Stage.TOKEN,
    Refusal.ROOM_UNENCRYPTED: Stage.TOKEN,
    Refusal.ROOM_LOCKED: Stage.TOKEN,
    Refusal.BANNED: Stage.TOKEN,
    Refusal.NO_RELAY: Stage.TOKEN,
    Refusal.RELAYS_FULL: Stage.TOKEN,
    Refusal.STOPPING: Stage.TOKEN,
    Refusal.BAD_REQUEST: Stage.TOKEN,
}
JOIN_SECONDS: Final = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0)
"""Upper bounds of the classes that times of joining are counted in."""


ROUND_TRIP_SECONDS: Final = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0)
JITTER_SECONDS: Final = (0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5)


class Durations:
    """How many were at most so long, and all of them together. In seconds."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)  # the last: longer than every bound
        self.sum = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.sum += seconds


class Downlinks:
    """What the ways to subscribers carry now, as relays tell."""

    def __init__(self) -> None:
        self._known: dict[tuple[RelayLink, int], Bandwidth] = {}  # by relay and transport

    def hear(self, relay: RelayLink, told: TransportBandwidth) -> None:
        """A relay tells of one."""
        if told.bandwidth is Bandwidth.UNKNOWN:
            self._known.pop((relay, told.transport), None)
        else:
            self._known[relay, told.transport] = told.bandwidth

    def lose(self, relay: RelayLink) -> None:
        """The relay is gone."""
        self._known = {known: one for known, one in self._known.items() if known[0] is not relay}

    def counts(self) -> Counter[Bandwidth]:
        """How many carry so much; of the others nothing is known."""
        return Counter(self._known.values())


class Tally:
    """Counts what the ledger is told, and what never comes that far. Called on the event loop."""

    def __init__(self) -> None:
        self.joined: Counter[Sdk] = Counter()
        self.active = Durations(JOIN_SECONDS)
        self.left: Counter[LeaveReason] = Counter()
        self.refused: Counter[Refusal] = Counter()
        self.failed: Counter[tuple[Stage, AttemptCause]] = Counter()  # of those that were let in
        self.site_joined: Counter[str] = Counter()  # by site; "" is none
        self.site_failed: Counter[str] = Counter()
        self.published: Counter[Codec] = Counter()
        self.tracks: Counter[TrackSource] = Counter()
        self.transports: Counter[TransportPhase] = Counter()
        self.ended: Counter[tuple[Direction, TransportEnd]] = Counter()
        self.round_trips = Durations(ROUND_TRIP_SECONDS)
        self.jitters = Durations(JITTER_SECONDS)
        self.downlinks = Downlinks()
        self.video_pauses = 0  # since a path did not carry even the smallest
        self.resumed = 0
        self.born: Counter[GuaranteeLevel] = Counter()
        self.lost: Counter[RelayLossReason] = Counter()
        self.drifted: Counter[DriftedCheck] = Counter()
        self.answers: Counter[tuple[str, int]] = Counter()  # by pattern of a route and HTTP status
        self._source: dict[str, TrackSource] = {}  # by sid of a live track

    def noting(self, record: Callable[[Event], None]) -> Callable[[Event], None]:
        """`record`, counted."""

        def counted(event: Event) -> None:
            self.note(event)
            record(event)

        return counted

    def note(self, event: Event) -> None:
        """Something that the ledger is told."""
        match event:
            case ParticipantJoined():
                self.joined[event.sdk] += 1
                self.site_joined[event.site] += 1
            case ParticipantActive():
                self.active.add(event.join_milliseconds / 1000)
            case AttemptEnded():
                # Who was refused is counted by `refuse`, also where no token says who it was.
                if event.participant and event.cause is not AttemptCause.NONE:
                    self.failed[(event.stage, event.cause)] += 1
                    self.site_failed[event.site] += 1
            case ParticipantResumed():
                self.resumed += 1
            case ParticipantLeft():
                self.left[event.reason] += 1
            case TrackPublished():
                self.published[event.codec] += 1
                self.tracks[event.source] += 1
                self._source[event.track] = event.source
            case TrackUnpublished():
                if source := self._source.pop(event.track, None):
                    self.tracks[source] -= 1
                if event.packets:
                    self.jitters.add(event.jitter / 1000)
            case TransportEnded():
                self.ended[(event.direction, event.end)] += 1
                if event.round_trip_last:
                    self.round_trips.add(event.round_trip_last / 1000)
            case RelayBorn():
                self.born[event.level] += 1
            case RelayLost():
                self.lost[event.reason] += 1
            case RelayDrifted():
                self.drifted[event.check] += 1

    def refuse(self, refusal: Refusal, site: str) -> None:
        """A connection was refused. `site` is a name of the configuration, "" for none."""
        self.refused[refusal] += 1
        self.site_failed[site] += 1

    def listening(self, listener: RelayListener) -> RelayListener:
        """`listener`, counted."""
        return _Counted(self, listener)

    def answered(self, route: str, status: int) -> None:
        """An HTTP answer. `route` is the pattern that matched, never the path that was asked for."""
        self.answers[(route, status)] += 1


class _Counted:
    """A `RelayListener` that counts what it passes on."""

    def __init__(self, tally: Tally, listener: RelayListener) -> None:
        self._tally = tally
        self._listener = listener

    def relay_notified(self, relay: RelayLink, notification: Notification) -> None:
        if isinstance(notification, TransportState):
            self._tally.transports[notification.phase] += 1
        elif isinstance(notification, TransportBandwidth):
            self._tally.downlinks.hear(relay, notification)
        elif isinstance(notification, ConsumerState):
            self._tally.video_pauses += notification.congested
        self._listener.relay_notified(relay, notification)

    def relay_lost(self, relay: RelayLink) -> None:
        self._tally.downlinks.lose(relay)
        self._listener.relay_lost(relay)
