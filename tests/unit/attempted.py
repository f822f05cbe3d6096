"""A ledger with a few connections of every kind, told by the rows that a server would write."""

from __future__ import annotations

from server.metadata.outcome import AttemptCause, QualityStep, Stage
from server.metadata.rows.attempts import AttemptEnded, AttemptsRefused
from server.metadata.rows.sessions import ParticipantActive, ParticipantJoined, ParticipantLeft
from server.metadata.store import Ledger
from server.metadata.words import Browser, LeaveReason, Sdk
from tests.unit.ledger import Clock


class Attempted:
    """Writes connections one after the other, each a minute later than the one before."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._count = 0

    def joins(
        self,
        identity: str,
        room: str = "garden",
        *,
        site: str = "",
        browser: Browser = Browser.FIREFOX,
        sdk: Sdk = Sdk.JS,
        ready: bool = True,
        leaves: LeaveReason | None = LeaveReason.CLIENT_LEFT,
        stage: Stage = Stage.MEDIA,
        seconds: float = 30.0,
        worst: QualityStep = QualityStep.GOOD,
    ) -> str:
        """Its sid."""
        self._count += 1
        self._clock.now += 60
        sid = f"PA_{self._count:08d}"
        who = {"room": room, "identity": identity, "participant": sid}
        code = f"AAAA-{self._count:04d}"
        self._ledger.record(
            ParticipantJoined(**who, code=code, site=site, browser=browser, sdk=sdk)  # type: ignore[arg-type]
        )
        began = self._clock.now
        if ready:
            self._ledger.record(ParticipantActive(**who, join_milliseconds=500))
        if ready or leaves is not None:
            cause = AttemptCause.NONE if ready else AttemptCause((leaves or LeaveReason.OTHER).value)
            self._ledger.record(
                AttemptEnded(**who, code=code, site=site, stage=stage, cause=cause, milliseconds=500)
            )
        if leaves is not None:
            self._clock.now += seconds
            self._ledger.record(
                ParticipantLeft(
                    **who,
                    reason=leaves,
                    milliseconds=round(seconds * 1000),
                    usual_quality=QualityStep.EXCELLENT if ready else QualityStep.UNKNOWN,
                    worst_quality=worst if ready else QualityStep.UNKNOWN,
                )
            )
            self._clock.now = began
        return sid

    def is_refused(self, identity: str, cause: AttemptCause, room: str = "garden") -> None:
        self._clock.now += 60
        self._ledger.record(
            AttemptEnded(
                room=room,
                identity=identity,
                code="RRRR-0001",
                stage=Stage.TOKEN,
                cause=cause,
                milliseconds=20,
            )
        )

    def are_refused(self, count: int, cause: AttemptCause = AttemptCause.EXPIRED) -> None:
        """So many that nobody knows."""
        self._clock.now += 60
        self._ledger.record(AttemptsRefused(code="RRRR-0002", cause=cause, count=count))
