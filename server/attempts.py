"""Joins that are refused: what is kept of them, and the support code that whoever asked is given.

Whose token holds leaves a row for each minute, cause and site. Of the others nobody knows who they are, and
they could be as many as they like: they are counted, by cause, site and minute, and share the support code of
the count.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from server import ids
from server.auth.grants import Claims
from server.errors import Refusal
from server.metadata.event import Event
from server.metadata.outcome import AttemptCause, Stage
from server.metadata.rows.attempts import AttemptEnded, AttemptsRefused

MINUTE_SECONDS = 60.0
ROWS_A_MINUTE = 100
"""Refused attempts with rows of their own; beyond, they are counted, whoever they are."""
_MOST = 1_000_000_000
_DAY_MILLISECONDS = 86_400_000


class Attempts:
    """Writes with `record`. `now` is in seconds since the epoch. Lives on the event loop."""

    def __init__(self, record: Callable[[Event], None], now: Callable[[], float]) -> None:
        self._record = record
        self._now = now
        self._own: dict[tuple[str, str, Refusal, str], str] = {}  # codes by room, identity, cause and site
        self._shared: dict[tuple[Refusal, str], str] = {}
        self._counts: dict[tuple[Refusal, str], int] = {}
        self._timer: asyncio.TimerHandle | None = None

    def refused(
        self,
        refusal: Refusal,
        claims: Claims | None,
        asked_at: float,
        site: str,
        *,
        stage: Stage = Stage.TOKEN,
        asked_why: bool = False,
    ) -> str:
        """The support code. `claims` are those of a token that holds and names a room and somebody; `site` is
        a name of the configuration, or "".

        `asked_why`: it is a question, which follows an attempt and is none itself, if that attempt was here.
        """
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(MINUTE_SECONDS, self.close)
        if claims is None:
            return self._count((refusal, site), asked_why)
        who = (claims.grants.room, claims.identity, refusal, site)
        if code := self._own.get(who):
            return code
        if len(self._own) >= ROWS_A_MINUTE:
            return self._count((refusal, site), asked_why)
        code = self._own[who] = ids.support_code()
        milliseconds = round((self._now() - asked_at) * 1000)
        self._record(
            AttemptEnded(
                room=claims.grants.room,
                identity=claims.identity,
                code=code,
                stage=stage,
                cause=AttemptCause(refusal.value),
                milliseconds=min(max(milliseconds, 0), _DAY_MILLISECONDS),
                site=site,
            )
        )
        return code

    def close(self) -> None:
        """Ends the minute: what was counted is written. Idempotent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for (refusal, site), count in self._counts.items():
            code, cause = self._shared[(refusal, site)], AttemptCause(refusal.value)
            self._record(AttemptsRefused(code=code, cause=cause, count=min(count, _MOST), site=site))
        self._own.clear()
        self._shared.clear()
        self._counts.clear()

    def _count(self, what: tuple[Refusal, str], asked_why: bool) -> str:
        before = self._counts.get(what, 0)
        if not (asked_why and before):
            self._counts[what] = before + 1
        return self._shared.setdefault(what, ids.support_code())
