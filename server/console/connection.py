"""One connection: how it went from asking to join to its end, as a plot, as tables, and what to do about it.

GET connections/{key}      key: a participant's sid, or a support code
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Final

from aiohttp import web

from server import ids
from server.access.entry import Asked
from server.access.roles import sees_every_field
from server.console.guard import Guard
from server.console.plots import plot
from server.console.timeline import Row, Timeline, in_words, lost_percent, timeline
from server.console.visit import Visit
from server.metadata import logs
from server.metadata.address import LedgerError
from server.metadata.advice import ADVICE, STAGES
from server.metadata.outcome import UNWANTED, AttemptCause, Stage
from server.metadata.query import Query
from server.metadata.rows.sessions import ParticipantJoined
from server.metadata.sessions import KeptEvent, Reader

MOST_ROWS: Final = 2000
ANSWER_SECONDS: Final = 10.0
_SID: Final = re.compile(r"PA_[0-9A-Za-z]{6,32}")
TOO_SLOW: Final = "the ledger takes too long to answer: try again later"


class ConnectionPage:
    """The handler."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/connections/{key}", self._guard.page(self.show, Asked.EVENTS))]

    async def show(self, visit: Visit) -> web.Response:
        """Raises LedgerError, OperatorError."""
        key = visit.request.match_info["key"]
        kept = await _kept(visit, key)
        if not kept:
            return await visit.page("nothing_kept.html", {"key": key[:64]}, 404)
        every_field = sees_every_field(visit.role)
        rows = [Row(one.at, one.gone_at, logs.fields_shown(one.event, every_field)) for one in kept]
        line = await asyncio.to_thread(timeline, rows, visit.sources.clock())
        room, identity = line.first("room"), line.first("identity")
        await visit.looking.record(Asked.EVENTS, len(rows), room=room or None, identity=identity or None)
        cause = _cause(line)
        return await visit.page(
            "connection.html",
            {
                "line": line,
                "room": room,
                "identity": identity,
                "client": _client(kept),
                "plot": plot(line, visit.moments),
                "cause": cause,
                "failed": cause is not None and (line.active_at is None or cause in UNWANTED),
                "advice": None if cause is None else ADVICE[cause],
                "stage": line.attempt.get("stage"),
                "stage_says": STAGES[Stage(line.attempt["stage"])] if "stage" in line.attempt else "",
                "cut_off": len(kept) == MOST_ROWS,
                "in_words": in_words,
                "lost_percent": lost_percent,
            },
        )


async def _kept(visit: Visit, key: str) -> Sequence[KeptEvent]:
    """The rows of a sid, or of the attempt with a support code and its session. Raises LedgerError."""
    reader = Reader(visit.sources.config.metadata.url, clock=visit.sources.clock)
    code = ids.read_support_code(key)
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            if _SID.fullmatch(key):
                return await reader.of_participant(key, MOST_ROWS)
            if code is not None:
                return [kept async for kept in reader.events(Query(code=code), newest=MOST_ROWS)]
            return []
    except TimeoutError:
        raise LedgerError(TOO_SLOW) from None
    finally:
        await reader.aclose()


def _cause(line: Timeline) -> AttemptCause | None:
    """Why it ended, of what has ended."""
    if "reason" in line.left:
        return AttemptCause(line.left["reason"])
    cause = line.attempt.get("cause", "none")
    return None if cause == "none" else AttemptCause(cause)


def _client(kept: Sequence[KeptEvent]) -> str:
    return next(
        (logs.client(one.event) for one in kept if isinstance(one.event, ParticipantJoined)), "unknown"
    )
