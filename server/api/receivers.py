"""`GET /api/receivers`: who receives each of one's own tracks right now, by the account of the relay.

    Authorization: Bearer <the token that was joined with>
    -> 200 {"room": "…", "participant": "PA_…", "encryption": "required" | "optional", "observed_at": "…",
            "tracks": [{"sid": "TR_…", "source": "camera", "kind": "video", "muted": false, "encrypted": true,
                        "receivers": [{"sid": "PA_…", "identity": "…", "name": "…", "since": "…",
                                       "state": "active" | "paused"}]}]}

Signaling does not answer from its own tables: the relay lists the consumers that it forwards to, and the
answer is given only where these are the ones it was asked to make, each to a participant of the room. Any
other ends the relay, and the ledger says why. Times are RFC 3339 in UTC. A participant is answered anew once
a second at most.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import TypedDict

from aiohttp import web

from server.answers import answer, preflight, refusal
from server.auth.bearer import bearer, member
from server.auth.token import TokenError
from server.clock import Clock
from server.control.messages import MediaKind
from server.errors import RelayError
from server.room.reception import Heard, Listener
from server.workers.receivers import RelayBusy

SAME_ANSWER_SECONDS = 1.0

Asked = Callable[[str, str], Awaitable[Heard | None]]
"""Room and identity; None when that participant is not there. Raises RelayError."""


class ListenerJson(TypedDict):
    sid: str
    identity: str
    name: str
    since: str
    state: str


class TrackJson(TypedDict):
    sid: str
    source: str
    kind: str
    muted: bool
    encrypted: bool
    receivers: list[ListenerJson]


class ReceiversJson(TypedDict):
    """Answer of `GET /api/receivers`."""

    room: str
    participant: str
    encryption: str
    observed_at: str
    tracks: list[TrackJson]


class ReceiverRoutes:
    """The handlers. `keys` are secrets by API key."""

    def __init__(self, ask: Asked, keys: Mapping[str, str], clock: Clock) -> None:
        self._ask = ask
        self._keys = keys
        self._clock = clock
        self._answers: dict[tuple[str, str], tuple[float, asyncio.Task[Heard | None]]] = {}

    def routes(self) -> list[web.RouteDef]:
        """To be added to an application."""
        return [
            web.get("/api/receivers", self.receivers),
            web.options("/api/receivers", preflight),
        ]

    async def receivers(self, request: web.Request) -> web.Response:
        """Asks the relay, or says what is in the way."""
        try:
            token = bearer(request.headers.get("Authorization", ""))
            asker = member(token, self._keys, self._clock.now(), request.query.get("publish", ""))
        except TokenError as error:
            return refusal(error.status, str(error))
        try:
            heard = await asyncio.shield(self._answer(asker.room, asker.identity))
        except RelayBusy:
            return refusal(429, "Many ask at the moment. Ask again in a second.", {"Retry-After": "1"})
        except RelayError:
            return refusal(503, "The relay of this room does not answer. Ask again in a moment.")
        if heard is None:
            return refusal(404, "Nobody of this identity is in the room. Join it first.")
        return answer(_content(asker.room, heard))

    def _answer(self, room: str, identity: str) -> asyncio.Task[Heard | None]:
        """One question for all who ask about the same within a second."""
        now = asyncio.get_running_loop().time()
        old = [key for key, (at, task) in self._answers.items() if now - at >= SAME_ANSWER_SECONDS]
        for key in old:
            del self._answers[key]
        known = self._answers.get((room, identity))
        if known is None:
            known = (now, asyncio.create_task(self._ask_for(room, identity)))
            known[1].add_done_callback(lambda task: task.cancelled() or task.exception())
            self._answers[room, identity] = known
        return known[1]

    async def _ask_for(self, room: str, identity: str) -> Heard | None:
        return await self._ask(room, identity)


def _content(room: str, heard: Heard) -> ReceiversJson:
    return ReceiversJson(
        room=room,
        participant=heard.participant,
        encryption="required" if heard.encryption_required else "optional",
        observed_at=_time(heard.observed_at),
        tracks=[
            TrackJson(
                sid=track.sid,
                source=track.source,
                kind="audio" if track.kind is MediaKind.AUDIO else "video",
                muted=track.muted,
                encrypted=track.encrypted,
                receivers=[_listener(one) for one in track.receivers],
            )
            for track in heard.tracks
        ],
    )


def _listener(one: Listener) -> ListenerJson:
    state = "paused" if one.paused else "active"
    return ListenerJson(
        sid=one.sid, identity=one.identity, name=one.name, since=_time(one.since), state=state
    )


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
