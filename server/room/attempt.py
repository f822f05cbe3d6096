"""A join on its way: how far it has come, and when it is decided."""

from __future__ import annotations

from enum import IntEnum, auto

MEDIA_SECONDS = 15.0
"""So long after it is ready, somebody who sends nothing is taken for a listener."""


class Stage(IntEnum):
    """The last step that was done, in the order of the steps."""

    WEBSOCKET = auto()
    NEGOTIATION = auto()
    ICE = auto()
    DTLS = auto()
    READY = auto()
    MEDIA = auto()


class Attempt:
    """`code` is the support code, `asked_at` when the client asked to join (seconds since the epoch),
    `site` where it came from.

    `due` is when it is decided without a further step; None: only a step or an end decides.
    """

    def __init__(self, code: str, asked_at: float, site: str) -> None:
        self.code = code
        self.asked_at = asked_at
        self.site = site
        self.stage = Stage.WEBSOCKET
        self.decided = False
        self.due: float | None = None
        self._ready_at: float | None = None
        self._has_media = False

    @property
    def failed(self) -> bool:
        """Whether media could never flow, as things are now."""
        return self.stage < Stage.READY

    def reach(self, stage: Stage, now: float) -> None:
        """A step was done. Media may arrive before the other transport is ready, and counts from then on."""
        if stage is Stage.MEDIA:
            self._has_media = True
        else:
            self.stage = max(self.stage, stage)
        if self.failed or self.decided:
            return
        if self._ready_at is None:
            self._ready_at = now
            self.due = now + MEDIA_SECONDS
        if self._has_media and self.stage is Stage.READY:
            self.stage = Stage.MEDIA
            self.due = now

    def decide(self, now: float) -> int | None:
        """Milliseconds that it took until it was ready or had failed; None if it was decided before."""
        if self.decided:
            return None
        self.decided = True
        self.due = None
        ended_at = now if self._ready_at is None else self._ready_at
        return round((ended_at - self.asked_at) * 1000)
