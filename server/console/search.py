"""Connections that match, in pages, and all of them to take along.

GET sessions             the search, newest first; `older` and `newer` are where pages begin
GET sessions.csv         what it finds, bounded; each row is counted in the access log
GET sessions.jsonl
"""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from server.access.entry import Asked
from server.console.guard import HEADERS, Guard
from server.console.visit import Visit
from server.console.wanted import CLIENTS, OUTCOMES, PERIODS, Wanted, wanted
from server.console.words import duration, number, spaced, visible
from server.metadata import logs
from server.metadata.address import LedgerError
from server.metadata.connection import Connection
from server.metadata.outcome import Stage
from server.metadata.query import Place
from server.metadata.search import COUNTED, count, search

PAGE: Final = 50
MOST_EXPORTED: Final = 20_000
EXPORTED_AT_ONCE: Final = 200
EXPORT_SECONDS: Final = 120.0
COLUMNS: Final = (
    "room",
    "identity",
    "participant",
    "joined_at",
    "left_at",
    "seconds",
    "outcome",
    "failed",
    "stage",
    "attempts",
    "join_milliseconds",
    "sdk",
    "sdk_version",
    "browser",
    "browser_version",
    "system",
    "site",
    "usual_quality",
    "worst_quality",
    "code",
)
_STARTS_A_FORMULA: Final = ("=", "+", "-", "@")  # `visible` leaves no tab and no line break


@dataclass(frozen=True, slots=True)
class Found:
    """A connection, in words. `key` leads to its page."""

    key: int
    room: str | None
    identity: str | None
    attempts: int
    joined_at: float
    lasted: str
    outcome: str
    tone: str
    stage: str
    quality: str
    client: str
    site: str
    code: str


def found(one: Connection, now: float) -> Found:
    if one.outcome is not None:
        outcome, tone = spaced(one.outcome), "alarm" if one.failed else "plain"
    elif one.left_at is None:
        outcome, tone = ("connected", "calm") if one.active_at is not None else ("joining", "warning")
    else:
        outcome, tone = "ended", "plain"
    known = one.usual_quality != "unknown"
    return Found(
        key=one.number,
        room=one.room,
        identity=one.identity,
        attempts=one.attempts,
        joined_at=one.joined_at,
        lasted="–" if one.attempts > 1 else duration(one.seconds(now)),
        outcome=outcome,
        tone=tone,
        stage=one.stage.value if one.failed and one.stage is not None else "",
        quality=_quality(one) if known else "–",
        client=logs.client(one),
        site=one.site,
        code=one.code,
    )


def _quality(one: Connection) -> str:
    usual, worst = str(one.usual_quality), str(one.worst_quality)
    return usual if worst == usual else f"{usual}, at worst {worst}"


def record(one: Connection, now: float) -> dict[str, object]:
    """As programs are given it: times RFC 3339 in UTC, null for what is not there."""
    said: dict[str, object] = {name: getattr(one, name) for name in COLUMNS if name != "seconds"}
    said["joined_at"] = logs.utc(one.joined_at)
    said["left_at"] = None if one.left_at is None else logs.utc(one.left_at)
    said["seconds"] = one.seconds(now)
    return {name: said[name] for name in COLUMNS}


def csv_line(cells: list[object]) -> str:
    """RFC 4180. What a spreadsheet would take for a formula is quoted: names come from anybody."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow([_cell(one) for one in cells])
    return text.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = visible(str(value))
    return f"'{text}" if isinstance(value, str) and text.startswith(_STARTS_A_FORMULA) else text


class SearchPage:
    """The handlers."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/sessions", self._guard.page(self.show, Asked.SESSIONS)),
            web.get("/sessions.csv", self._guard.page(self.as_csv, Asked.SESSIONS)),
            web.get("/sessions.jsonl", self._guard.page(self.as_json_lines, Asked.SESSIONS)),
        ]

    async def show(self, visit: Visit) -> web.Response:
        """Raises LedgerError, OperatorError."""
        looked_for = asked(visit)
        if looked_for.problems:
            return await visit.page("sessions.html", {"wanted": looked_for, **choices(visit)}, 400)
        query, text = looked_for.query, visit.request.query
        reader = visit.books.reader
        older, newer = Place.of(text.get("older", "")), Place.of(text.get("newer", ""))
        page = await search(reader, query, older=older, newer=newer, size=PAGE)
        total = await count(reader, query)
        await visit.looking.record(Asked.SESSIONS, len(page.found), room=query.room, identity=query.identity)
        now = visit.sources.clock()
        return await visit.page(
            "sessions.html",
            {
                "wanted": looked_for,
                "found": [found(one, now) for one in page.found],
                "total": _total(total),
                "older": page.older,
                "newer": page.newer,
                "most_exported": MOST_EXPORTED,
                **choices(visit),
            },
        )

    async def as_csv(self, visit: Visit) -> web.StreamResponse:
        """Raises LedgerError, OperatorError before anything is sent."""
        return await self._export(visit, "text/csv; charset=utf-8", "csv", csv_line(list(COLUMNS)))

    async def as_json_lines(self, visit: Visit) -> web.StreamResponse:
        """The same."""
        return await self._export(visit, "application/jsonl; charset=utf-8", "jsonl", "")

    async def _export(self, visit: Visit, kind: str, ending: str, head: str) -> web.StreamResponse:
        looked_for = asked(visit)
        if looked_for.problems:
            raise web.HTTPBadRequest(text=" ".join(looked_for.problems))
        now = visit.sources.clock()
        write = _json_line if ending == "jsonl" else _csv_record
        query, left = looked_for.query, MOST_EXPORTED
        disposition = f'attachment; filename="sessions.{ending}"'
        async with visit.looking.counting(Asked.EXPORT, room=query.room, identity=query.identity) as seen:
            page = await search(visit.books.reader, query, size=min(EXPORTED_AT_ONCE, left))
            response = web.StreamResponse(
                headers={**HEADERS, "Content-Type": kind, "Content-Disposition": disposition}
            )
            await response.prepare(visit.request)
            try:
                async with asyncio.timeout(EXPORT_SECONDS):
                    await response.write(head.encode())
                    while page.found:
                        text = await asyncio.to_thread(_text, page.found, now, write)
                        seen.count(len(page.found))
                        await response.write(text)
                        left -= len(page.found)
                        if page.older is None or not left:
                            break
                        size = min(EXPORTED_AT_ONCE, left)
                        page = await search(visit.books.reader, query, older=page.older, size=size)
                    await response.write_eof()
            except (LedgerError, TimeoutError):
                # What was sent is no whole answer, and must not look like one.
                if visit.request.transport is not None:
                    visit.request.transport.abort()
            return response


def _text(page: tuple[Connection, ...], now: float, write: Callable[[dict[str, object]], str]) -> bytes:
    return "".join(write(record(one, now)) for one in page).encode("utf-8", "replace")


def _json_line(said: dict[str, object]) -> str:
    return logs.line(said) + "\n"


def _csv_record(said: dict[str, object]) -> str:
    return csv_line(list(said.values()))


def choices(visit: Visit) -> dict[str, object]:
    """What the form offers."""
    return {
        "periods": PERIODS,
        "outcomes": OUTCOMES,
        "stages": list(Stage),
        "clients": CLIENTS,
        "sites": visit.sources.origins.sites,
    }


def asked(visit: Visit) -> Wanted:
    """What the address of a page asks for."""
    return wanted(visit.request.query, visit.moments, visit.sources.origins.sites)


def _total(count: int | None) -> str:
    """Of what matches, on all pages."""
    if count is None:
        return "many"
    return f"more than {number(COUNTED)}" if count > COUNTED else number(count)
