"""Who looked: the access log, newest first, and whether it is what was written.

    GET access             entries; `operator`, `room`, `identity`, `before` (a number) choose among them

Whose it is to see, `roles` says; looking at it is a look too. A log that is not what was written is not
added to, so that of such a one only the verdict is shown.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from server.access.chain import SAYS, Verdict
from server.access.entry import Asked, Entry
from server.access.log import AccessLog
from server.access.reading import configured
from server.console.guard import Guard
from server.console.visit import Visit
from server.errors import OperatorError

PAGE: Final = 100
LONGEST_NAME: Final = 256
FRESH_SECONDS: Final = 60.0
"""Every line is read to verify: so long is one verdict shown."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the log. Names as somebody typed them; None does not restrict."""

    operator: str | None
    room: str | None
    identity: str | None
    before: int | None


@dataclass(frozen=True, slots=True)
class Look:
    """An entry, and the number of rows that it came to."""

    entry: Entry
    rows: int | None


class AccessPage:
    """The handler."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._verifying = asyncio.Lock()
        self._verdict: tuple[float, Verdict | None] | None = None

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/access", self._guard.page(self.show, Asked.ACCESS_LOG))]

    async def show(self, visit: Visit) -> web.Response:
        """Raises OperatorError."""
        wanted = _wanted(visit.request)
        log = configured(visit.sources.config)
        verified_at, verdict = await self._verified(log, visit.sources.clock())
        sound = verdict is None or verdict.intact
        looks: list[Look] = []
        if sound:
            looks = await asyncio.to_thread(_read, log, wanted)
            await visit.looking.record(
                Asked.ACCESS_LOG, len(looks[:PAGE]), room=wanted.room, identity=wanted.identity
            )
        return await visit.page(
            "access.html",
            {
                "looks": looks[:PAGE],
                "more": looks[PAGE - 1].entry.number if len(looks) > PAGE else None,
                "wanted": wanted,
                "sound": sound,
                "verdict": verdict,
                "verified_at": verified_at,
                "says": SAYS,
            },
        )

    async def _verified(self, log: AccessLog, now: float) -> tuple[float, Verdict | None]:
        """None: there is no log yet."""
        async with self._verifying:
            if self._verdict is None or not 0 <= now - self._verdict[0] < FRESH_SECONDS:
                try:
                    verdict = await asyncio.to_thread(log.verify)
                except OperatorError:
                    verdict = None
                self._verdict = now, verdict
            return self._verdict


def _wanted(request: web.Request) -> Wanted:
    def text(name: str) -> str | None:
        return request.query.get(name, "").strip()[:LONGEST_NAME] or None

    before = text("before") or ""
    number = int(before) if before.isascii() and before.isdigit() and len(before) < 16 else None
    return Wanted(text("operator"), text("room"), text("identity"), number)


def _read(log: AccessLog, wanted: Wanted) -> list[Look]:
    """The newest that match, a page and one more, newest first."""
    rooms = None if wanted.room is None else log.pseudonyms(room=wanted.room)
    people = None if wanted.identity is None else log.pseudonyms(identity=wanted.identity)
    found: deque[Entry] = deque(maxlen=PAGE + 1)
    rows: dict[int, int | None] = {}
    for entry in log.entries():
        if entry.of is not None:
            rows[entry.of] = entry.rows
        elif (
            (wanted.before is None or entry.number < wanted.before)
            and (wanted.operator is None or entry.operator == wanted.operator)
            and (rooms is None or entry.room in rooms)
            and (people is None or entry.identity in people)
        ):
            found.append(entry)
    return [Look(entry, rows.get(entry.number, entry.rows)) for entry in reversed(found)]
