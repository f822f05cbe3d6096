"""Who is connected now, out of memory: a page, and a stream that keeps it true while it is open.

    GET live           the page
    GET live/stream    text/event-stream: an event `rooms` with the part of the page that changed

The stream is one look: it stands in the access log when it begins, and how many people it showed when it
ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from server.access.entry import Asked
from server.access.reading import Seen
from server.console.guard import HEADERS, Guard
from server.console.visit import Visit
from server.control.messages import MediaKind, Quality
from server.metadata import logs
from server.metadata.rows.sessions import ParticipantJoined
from server.present import RoomNow
from server.room.present import Present, Sent

EVERY_SECONDS: Final = 2.0
STREAM_SECONDS: Final = 600.0
"""Then the browser asks anew, which is another look."""
BEAT_SECONDS: Final = 15.0
MOST_SHOWN: Final = 500
STREAMS: Final = 4
"""At once, in one session."""

_QUALITIES: Final = {
    Quality.EXCELLENT: ("excellent", "calm"),
    Quality.GOOD: ("good", "calm"),
    Quality.POOR: ("poor", "alarm"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A person, in words."""

    sid: str
    identity: str
    connection: str
    tone: str
    sends: str
    client: str
    site: str
    joined_at: float
    code: str


@dataclass(frozen=True, slots=True)
class Block:
    """A room, in words; `people` are those that are shown, of `count`."""

    name: str
    sid: str
    created_at: float
    relay: int | None
    encryption_required: bool
    count: int
    people: tuple[Row, ...]


class Live:
    """The handlers. `stopping` is set when the server closes."""

    def __init__(self, guard: Guard, stopping: asyncio.Event) -> None:
        self._guard = guard
        self._stopping = stopping

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/live", self._guard.page(self.show, Asked.LIVE)),
            web.get("/live/stream", self._guard.page(self.follow, Asked.LIVE)),
        ]

    async def show(self, visit: Visit) -> web.Response:
        """The page."""
        shown = await asyncio.to_thread(_in_words, visit.sources.rooms())
        await visit.looking.record(Asked.LIVE, len(_sids(shown)))
        return await visit.page("live.html", _values(visit, shown))

    async def follow(self, visit: Visit) -> web.StreamResponse:
        """The stream, until the page is closed, the session ends or the server stops."""
        if visit.session.streams >= STREAMS:
            raise web.HTTPTooManyRequests(text="Too many pages of this session follow what is live.")
        visit.session.streams += 1
        try:
            async with visit.looking.counting(Asked.LIVE) as seen:
                response = web.StreamResponse(headers={**HEADERS, "Content-Type": "text/event-stream"})
                await response.prepare(visit.request)
                with suppress(ConnectionError):
                    await self._stream(visit, response, seen)
                return response
        finally:
            visit.session.streams -= 1

    async def _stream(self, visit: Visit, response: web.StreamResponse, seen: Seen) -> None:
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + STREAM_SECONDS
        beat_at = 0.0
        told: tuple[object, ...] = ()
        people: set[str] = set()
        while loop.time() < ends_at and await self._guard.still(visit.session):
            now = (list(visit.sources.rooms()), int(visit.sources.clock() // 60))  # minutes: of "for 5 min"
            if now != told or loop.time() >= beat_at:
                beat_at = loop.time() + BEAT_SECONDS
                if now == told:
                    await response.write(b": still here\n\n")
                else:
                    told = now
                    shown = await asyncio.to_thread(_in_words, now[0])
                    people |= _sids(shown)
                    seen.rows = len(people)
                    # Links are those of the page that the part stands in, not of the stream.
                    values = {**_values(visit, shown), "root": "./"}
                    await response.write(_event(await visit.fragment("live_rooms.html", values)))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), EVERY_SECONDS)
                return


def _in_words(rooms: Sequence[RoomNow]) -> list[Block]:
    """Every room, with the first people of all of them only where there are too many for a page."""
    left = MOST_SHOWN
    shown = []
    for room in rooms:
        people = tuple(_row(one, room.joined.get(one.sid)) for one in room.people[:left])
        left -= len(people)
        shown.append(
            Block(
                name=room.name,
                sid=room.sid,
                created_at=room.created_at,
                relay=room.relay,
                encryption_required=room.encryption_required,
                count=len(room.people),
                people=people,
            )
        )
    return shown


def _row(one: Present, joined: ParticipantJoined | None) -> Row:
    if one.waits:
        connection, tone = "waiting to be let in", "warning"
    elif one.quality is None:
        connection, tone = f"joining, {one.stage.name.lower()} done", "warning"
    else:
        connection, tone = _QUALITIES[one.quality]
    return Row(
        sid=one.sid,
        identity=one.identity,
        connection=connection,
        tone=tone,
        sends=", ".join(_sends(track) for track in one.sent) or "nothing",
        client="unknown" if joined is None else logs.client(joined),
        site=one.site,
        joined_at=one.joined_at,
        code=one.code,
    )


def _sends(track: Sent) -> str:
    source = track.source
    if source == "unknown":
        source = "sound" if track.kind is MediaKind.AUDIO else "video"
    return f"{source.replace('_', ' ')}{' (muted)' if track.muted else ''}"


def _sids(shown: Sequence[Block]) -> set[str]:
    return {one.sid for room in shown for one in room.people}


def _values(visit: Visit, shown: Sequence[Block]) -> dict[str, object]:
    """Of the template."""
    people, there = sum(room.count for room in shown), sum(len(room.people) for room in shown)
    return {
        "rooms": shown,
        "sites": visit.sources.origins.sites,
        "people": people,
        "shown": there,
        "hidden": people - there,
    }


def _event(html: str) -> bytes:
    """Server-sent events: each line of the data has its name before it (HTML Standard, 9.2.6)."""
    lines = "".join(f"data: {line}\n" for line in html.splitlines() if line.strip())
    return f"event: rooms\n{lines}\n".encode()
