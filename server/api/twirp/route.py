"""`POST /twirp/livekit.<Service>/<Method>`: who asks, for what, and whether the token grants it.

    Authorization: Bearer <a token with the grant of the method>

What is not granted is `unauthenticated`, as the reference server has it, and nothing else is said: neither
whether there is such a room nor who is in it.
"""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web
from google.protobuf.message import Message

from server.answers import preflight
from server.api.rate_limit import RateLimit
from server.api.twirp import wire
from server.api.twirp.methods import REFUSED, ROOM_SERVICE, SERVED, Grant, Served
from server.api.twirp.service import Administered, RoomService
from server.api.twirp.wire import Code, TwirpError
from server.auth.bearer import bearer
from server.auth.grants import Claims
from server.auth.token import TokenError, verify
from server.clock import Clock
from server.network.origin import Origins
from server.room.refused import AdminRefused

PATH = "/twirp/{service}/{method}"
PER_MINUTE = 3000
"""From one address: fifty a second, which is a back end's; guessing keys is hopeless anyway."""
_PACKAGE = "livekit."


class TwirpRoutes:
    """The handlers. `keys` are secrets by API key."""

    def __init__(self, rooms: Administered, keys: Mapping[str, str], clock: Clock, origins: Origins) -> None:
        self._service = RoomService(rooms)
        self._keys = keys
        self._clock = clock
        self._limit = RateLimit(PER_MINUTE, origins)

    def routes(self) -> list[web.RouteDef]:
        """To be added to an application."""
        return [web.post(PATH, self.call), web.options(PATH, preflight)]

    async def call(self, request: web.Request) -> web.Response:
        """Answers, or says why not."""
        try:
            return wire.write(request, await self._answer(request))
        except AdminRefused as error:
            return TwirpError.of(error).response()
        except TokenError as error:
            return TwirpError(Code.UNAUTHENTICATED, str(error)).response()
        except TwirpError as error:
            return error.response()

    async def _answer(self, request: web.Request) -> Message:
        """Raises TokenError, AdminRefused, TwirpError."""
        now = self._clock.now()
        if not self._limit.allows(request, now):
            raise TwirpError(Code.RESOURCE_EXHAUSTED, "too many requests from your address; wait a minute")
        service = request.match_info["service"].removeprefix(_PACKAGE)
        method = request.match_info["method"]
        claims = verify(bearer(request.headers.get("Authorization", "")), self._keys, now)
        if refused := REFUSED.get((service, method)):
            raise TwirpError(Code.UNIMPLEMENTED, refused.why, refused.feature)
        served = SERVED.get(method) if service == ROOM_SERVICE else None
        if served is None:
            raise TwirpError(Code.BAD_ROUTE, "there is no such method")
        wanted = await wire.read(request, served.request)
        _allow(served, claims, getattr(wanted, "room", ""))
        return await self._service.call(method, wanted)


def _allow(served: Served, claims: Claims, room: str) -> None:
    """Raises TwirpError."""
    grants = claims.grants
    match served.grant:
        case Grant.ROOM_CREATE:
            granted = grants.room_create
        case Grant.ROOM_LIST:
            granted = grants.room_list
        case Grant.ROOM_ADMIN:
            granted = grants.room_admin and bool(room) and grants.room == room
    if not granted:
        where = " of this room" if served.grant is Grant.ROOM_ADMIN else ""
        raise TwirpError(Code.UNAUTHENTICATED, f"the access token does not grant {served.grant.value}{where}")
