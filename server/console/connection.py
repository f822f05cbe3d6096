"""One connection: how it went from asking to join to its end, as a plot, as tables, and what to do about it.

GET connections/{key}      key: its number, a participant's sid, or a support code
"""

from __future__ import annotations

import asyncio
import re
from typing import Final

from aiohttp import web

from server import ids
from server.access.entry import Asked
from server.access.roles import sees_every_field
from server.console.guard import Guard
from server.console.plots import plot
from server.console.timeline import Row, in_words, lost_percent, timeline
from server.console.visit import Visit
from server.metadata import logs
from server.metadata.advice import ADVICE, STAGES
from server.metadata.query import Query
from server.metadata.search import Course, course, search
from server.metadata.sessions import Reader

_SID: Final = re.compile(r"PA_[0-9A-Za-z]{6,32}")
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,17}")


class ConnectionPage:
    """The handler."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/connections/{key}", self._guard.page(self.show, Asked.EVENTS))]

    async def show(self, visit: Visit) -> web.Response:
        """Raises LedgerError, OperatorError."""
        key = visit.request.match_info["key"]
        found = await _course(visit.books.reader, key)
        if found is None or not found.rows:
            return await visit.page("nothing_kept.html", {"key": key[:64]}, 404)
        one, every_field = found.connection, sees_every_field(visit.role)
        rows = [Row(row.at, row.gone_at, logs.fields_shown(row.event, every_field)) for row in found.rows]
        line = await asyncio.to_thread(timeline, rows, visit.sources.clock())
        await visit.looking.record(Asked.EVENTS, len(rows), room=one.room, identity=one.identity)
        return await visit.page(
            "connection.html",
            {
                "one": one,
                "line": line,
                "client": logs.client(one),
                "plot": plot(line, visit.moments),
                "advice": ADVICE[one.outcome] if one.failed and one.outcome is not None else None,
                "stage_says": "" if one.stage is None else STAGES[one.stage],
                "complete": found.complete,
                "in_words": in_words,
                "lost_percent": lost_percent,
            },
        )


async def _course(reader: Reader, key: str) -> Course | None:
    """Of a number, a sid, or the newest with a support code. Raises LedgerError."""
    if _NUMBER.fullmatch(key):
        return await course(reader, int(key))
    code = ids.read_support_code(key)
    if _SID.fullmatch(key):
        query = Query(participant=key)
    elif code is not None:
        query = Query(code=code)
    else:
        return None
    page = await search(reader, query, size=1)
    return await course(reader, page.found[0].number) if page.found else None
