"""`/api/moderation`: the door of a room and its rules, for moderators and back ends.

    GET   /api/moderation
    PATCH /api/moderation         {"locked": true?, "lobby": true?, "screen_share": "everybody"?}
    POST  /api/moderation/admit   {"identity": "…"}    who waits comes in
    POST  /api/moderation/refuse  {"identity": "…"}    who waits has to leave
    POST  /api/moderation/ban     {"identity": "…"}    has to leave, and is kept out until the room ends
    POST  /api/moderation/unban   {"identity": "…"}

    Authorization: Bearer <a token with roomAdmin of the room>
    -> 200 {"room": "…", "locked": false, "lobby": true, "screen_share": "everybody",
            "waiting": [{"sid": "PA_…", "identity": "…", "name": "…", "since": "…"}], "banned": ["…"]}

All answer with the room as it is then. `screen_share` is "everybody" or "moderators". Removing and muting are
methods of LiveKit's RoomService, for which the same token is good (`twirp`). A refusal has its reason in
`error`. Times are RFC 3339 in UTC.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Final, Protocol, TypedDict, TypeVar

import msgspec
from aiohttp import web
from msgspec import Meta

from server.answers import answer, preflight, refusal
from server.api.body import BodyTooLongError, read_body
from server.api.rate_limit import RateLimit
from server.auth.bearer import MAX_SUFFIX_CHARACTERS, bearer
from server.auth.token import MAX_NAME_CHARACTERS, TokenError, verify
from server.clock import Clock
from server.network.origin import Origins
from server.room.inputs import Admin, Ban, LayDown, LetIn, LiftBan, Moderation, TurnAway
from server.room.refused import AdminRefused, Fault
from server.room.room import Room
from server.room.rules import Sharing

PATH = "/api/moderation"
PER_MINUTE = 600
MAX_BODY_BYTES = 4096
_STATUS: Final = {
    Fault.NOT_FOUND: 404,
    Fault.BAD_ARGUMENT: 400,
    Fault.NOT_AS_IT_IS: 409,
    Fault.TOO_MUCH: 409,
    Fault.NEVER: 501,
    Fault.STOPPING: 503,
}

T = TypeVar("T")


class _Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    locked: bool | None = None
    lobby: bool | None = None
    screen_share: Sharing | None = None


class _Somebody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    identity: Annotated[str, Meta(min_length=1, max_length=MAX_NAME_CHARACTERS + 1 + MAX_SUFFIX_CHARACTERS)]


class WaitingJson(TypedDict):
    sid: str
    identity: str
    name: str
    since: str


class ModerationJson(TypedDict):
    """Every answer."""

    room: str
    locked: bool
    lobby: bool
    screen_share: str
    waiting: list[WaitingJson]
    banned: list[str]


class Moderated(Protocol):
    """What these routes ask of the rooms. Each raises AdminRefused."""

    def find(self, name: str) -> Room: ...
    def administer(self, name: str, wanted: Admin) -> Room: ...


_ACTS: Final[dict[str, Callable[[str], Moderation]]] = {
    "admit": LetIn,
    "refuse": TurnAway,
    "ban": Ban,
    "unban": LiftBan,
}


class ModerationRoutes:
    """The handlers. `keys` are secrets by API key."""

    def __init__(self, rooms: Moderated, keys: Mapping[str, str], clock: Clock, origins: Origins) -> None:
        self._rooms = rooms
        self._keys = keys
        self._clock = clock
        self._limit = RateLimit(PER_MINUTE, origins)

    def routes(self) -> list[web.RouteDef]:
        """To be added to an application."""
        of_somebody = [
            route
            for word, act in _ACTS.items()
            for route in (
                web.post(f"{PATH}/{word}", partial(self._somebody, act)),
                web.options(f"{PATH}/{word}", preflight),
            )
        ]
        return [
            web.get(PATH, self.show),
            web.patch(PATH, self.lay_down),
            web.options(PATH, preflight),
            *of_somebody,
        ]

    async def show(self, request: web.Request) -> web.Response:
        """The door as it is."""

        async def act(room: str) -> Room:
            return self._rooms.find(room)

        return await self._asked(request, act)

    async def lay_down(self, request: web.Request) -> web.Response:
        """Changes the rules that are named."""

        async def act(room: str) -> Room:
            rules = await _read(request, _Rules, 'Send JSON with "locked", "lobby" or "screen_share".')
            return self._rooms.administer(room, LayDown(rules.locked, rules.lobby, rules.screen_share))

        return await self._asked(request, act)

    async def _somebody(self, wanted: Callable[[str], Moderation], request: web.Request) -> web.Response:
        async def act(room: str) -> Room:
            who = await _read(request, _Somebody, 'Send JSON with the text "identity".')
            return self._rooms.administer(room, wanted(who.identity))

        return await self._asked(request, act)

    async def _asked(self, request: web.Request, act: Callable[[str], Awaitable[Room]]) -> web.Response:
        try:
            return answer(_content(await act(self._room(request))))
        except TokenError as error:
            return refusal(error.status, str(error))
        except AdminRefused as error:
            return refusal(_STATUS[error.fault], str(error))
        except BodyTooLongError:
            return refusal(413, "The request is too long.")
        except TimeoutError:
            return refusal(408, "The request did not arrive in time. Try again.")

    def _room(self, request: web.Request) -> str:
        """The room whose moderator asks. Raises TokenError."""
        now = self._clock.now()
        if not self._limit.allows(request, now):
            raise TokenError("too many requests from your address. Wait a minute and try again", 429)
        grants = verify(bearer(request.headers.get("Authorization", "")), self._keys, now).grants
        if not grants.room_admin or not grants.room:
            raise TokenError("the access token does not grant roomAdmin of a room", 403)
        return grants.room


async def _read(request: web.Request, kind: type[T], otherwise: str) -> T:
    """Raises BodyTooLongError, TimeoutError, AdminRefused."""
    body = await read_body(request.content, MAX_BODY_BYTES)
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise AdminRefused(Fault.BAD_ARGUMENT, otherwise) from None


def _content(room: Room) -> ModerationJson:
    return ModerationJson(
        room=room.name,
        locked=room.rules.locked,
        lobby=room.rules.lobby,
        screen_share=room.rules.screen_share.value,
        waiting=[
            WaitingJson(sid=one.sid, identity=one.identity, name=one.claims.name, since=_time(one.joined_at))
            for one in room.door.waiting.values()
        ],
        banned=list(room.door.banned),
    )


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
