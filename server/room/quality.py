"""How well everybody is connected: the worse of a participant's two transports, told on change.

Never LOST: of whom nothing is heard, the transport ends and the participant with it. Browsers that are
told they are lost while they publish begin anew.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from livekit.protocol import models
from livekit.protocol.rtc import ConnectionQualityInfo

from server.control.messages import Quality
from server.room.agenda import Agenda
from server.room.timeline import Timeline

SPACING_SECONDS = 5.0

_WORDS = {
    Quality.POOR: models.ConnectionQuality.POOR,
    Quality.GOOD: models.ConnectionQuality.GOOD,
    Quality.EXCELLENT: models.ConnectionQuality.EXCELLENT,
}


@dataclass(frozen=True, slots=True)
class Changes:
    """What to tell: those who have come since the last time everything, the others what is new."""

    newcomers: Set[str]
    new: list[ConnectionQualityInfo]
    everything: list[ConnectionQualityInfo]


class Course:
    """How well one participant was connected over time: in sum, and step by step."""

    def __init__(self) -> None:
        self.worst: Quality | None = None
        self.timeline = Timeline()
        self._now: Quality | None = None
        self._since = 0.0
        self._seconds = dict.fromkeys(Quality, 0.0)

    def note(self, quality: Quality, now: float) -> None:
        """From now on it is this."""
        self._count(now)
        self._now = quality
        self.timeline.note(quality, now)
        self.worst = quality if self.worst is None else min(self.worst, quality)

    def usual(self, now: float) -> Quality | None:
        """What it was for the longest time so far; None before anything was noted."""
        self._count(now)
        longest = max(Quality, key=lambda quality: (self._seconds[quality], quality is self._now))
        return None if self._now is None else longest

    def _count(self, now: float) -> None:
        if self._now is not None:
            self._seconds[self._now] += now - self._since
        self._since = now


class Qualities:
    """Of one room. `due` is when to ask for changes: None if clients know everything."""

    def __init__(self) -> None:
        self.due: float | None = None
        self._arrived: set[str] = set()
        self._transports: dict[str, dict[int, Quality]] = {}  # by sid
        self._told: dict[str, Quality] = {}
        self._courses: dict[str, Course] = {}
        self._steps = Agenda()

    def arrive(self, sid: str, now: float) -> None:
        """A participant can be reached."""
        self._arrived.add(sid)
        self._courses[sid] = Course()
        self._note(sid, now)
        self._schedule(now)

    def judge(self, sid: str, transport: int, quality: Quality, now: float) -> None:
        """The relay has judged a transport of a participant, who may still be on the way."""
        self._transports.setdefault(sid, {})[transport] = quality
        self._note(sid, now)
        self._schedule(now)

    def tell_again(self, sid: str, now: float) -> None:
        """A participant may have missed what it was told, and everybody else's."""
        self._told.pop(sid, None)
        self._schedule(now)

    def leave(self, sid: str) -> Course:
        """A participant is gone; how well it was connected."""
        self._arrived.discard(sid)
        self._transports.pop(sid, None)
        self._told.pop(sid, None)
        self._steps.drop(sid)
        return self._courses.pop(sid, None) or Course()

    def of(self, sid: str) -> Quality | None:
        """How well a participant is connected now; None while it is on the way."""
        return self._quality(sid) if sid in self._arrived else None

    @property
    def step_due(self) -> float | None:
        """When to ask for steps."""
        return self._steps.first()

    def steps(self, now: float) -> list[tuple[str, Quality]]:
        """What is to be kept now, by participant."""
        due = self._steps.due(now)
        found = [(sid, self._courses[sid].timeline.step(now)) for sid in due]
        for sid in due:
            self._note_step(sid)
        return [(sid, quality) for sid, quality in found if quality is not None]

    def changes(self) -> Changes:
        """What clients must be told now; afterwards they know."""
        self.due = None
        now = {sid: self._quality(sid) for sid in self._arrived}
        before, self._told = self._told, now
        infos = {
            sid: ConnectionQualityInfo(participant_sid=sid, quality=_WORDS[quality])
            for sid, quality in now.items()
        }
        new = [infos[sid] for sid, quality in now.items() if before.get(sid) != quality]
        return Changes(now.keys() - before.keys(), new, list(infos.values()))

    def _quality(self, sid: str) -> Quality:
        return min(self._transports.get(sid, {}).values(), default=Quality.EXCELLENT)

    def _note(self, sid: str, now: float) -> None:
        if course := self._courses.get(sid):
            course.note(self._quality(sid), now)
            self._note_step(sid)

    def _note_step(self, sid: str) -> None:
        due = self._courses[sid].timeline.due
        if due is None:
            self._steps.drop(sid)
        else:
            self._steps.put(sid, due)

    def _schedule(self, now: float) -> None:
        if self.due is None:
            self.due = now + SPACING_SECONDS
