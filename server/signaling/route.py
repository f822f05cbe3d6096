"""`GET /rtc`, `GET /rtc/v1` and what SDKs ask around them.

On `/rtc/v1`, and on `/rtc` with `join_request`, a client has one peer connection, and two otherwise. What is
answered has CORS whatever the status: browsers read a 404 without it as a dead server.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

from aiohttp import web
from livekit.protocol import models
from livekit.protocol.models import ClientInfo
from livekit.protocol.rtc import LeaveRequest, SignalRequest

from server import ids
from server.attempts import Attempts
from server.auth.grants import Claims, GrantError, refuse_recording
from server.auth.token import TokenError, verify
from server.clock import Clock
from server.errors import ClientError, Refusal
from server.metadata.outcome import Stage
from server.network.origin import Origin, Origins
from server.protocol import translate
from server.protocol.codec import Outgoing, ProtocolError
from server.protocol.join_request import read_join_request
from server.protocol.translate import JoinParameters, join_parameters
from server.room.inputs import SignalEnd
from server.rooms.refused import JoinRefused
from server.rooms.sessions import Session
from server.signaling.session import SignalSession

logger = logging.getLogger(__name__)

JOIN_REQUEST = "join_request"
SUPPORT_CODE = "X-Support-Code"
CORS = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store"}
GO_SECONDS = 0.1
"""That SDK begins to read, and only then takes the offer of its join_request for its own: an answer that is
there by then is lost, and with it the call."""
# SDKs that are given a URL ending in a slash ask for //rtc.
_ANY_SLASHES = "/{slashes:/*}"


class Doorkeeper(Protocol):
    """What the route asks of the rooms."""

    async def until_ready(self) -> None: ...

    def check(self, claims: Claims, parameters: JoinParameters) -> None: ...

    def join(
        self,
        session: Session,
        claims: Claims,
        parameters: JoinParameters,
        *,
        user_agent: str,
        code: str,
        asked_at: float,
        origin: Origin,
    ) -> str: ...

    def resume(self, session: Session, claims: Claims, parameters: JoinParameters) -> str | None: ...

    def signal(self, sid: str, session: Session, request: SignalRequest) -> None: ...

    def signal_lost(self, sid: str, session: Session, end: SignalEnd) -> None: ...


class SignalRoutes:
    """The handlers. `keys` are secrets by API key; `on_refused` is told why a connection was refused and from
    which site it came, for counting."""

    def __init__(
        self,
        rooms: Doorkeeper,
        keys: Mapping[str, str],
        clock: Clock,
        attempts: Attempts,
        origins: Origins,
        *,
        on_refused: Callable[[Refusal, str], None] = lambda refusal, site: None,
    ) -> None:
        self._rooms = rooms
        self._keys = keys
        self._clock = clock
        self._attempts = attempts
        self._origins = origins
        self._on_refused = on_refused

    def routes(self) -> list[web.RouteDef]:
        """All of them, to be added to an application."""
        return [
            web.get(_ANY_SLASHES + "rtc", self.connect),
            web.get(_ANY_SLASHES + "rtc/validate", self.validate),
            web.get(_ANY_SLASHES + "rtc/v1", self.connect),
            web.get(_ANY_SLASHES + "rtc/v1/validate", self.validate),
        ]

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """The signal connection; every refusal is an HTTP status with its reason in plain text."""
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return web.Response(status=404, text="not found", headers=CORS)
        asked_at, origin = self._clock.now(), self._origins.of(request)
        claims: Claims | None = None
        try:
            claims = self._who(request)
            parameters = await self._admit(claims, request)
        except ClientError as error:
            self._on_refused(error.refusal, origin.site)
            return _refusal(error, self._attempts.refused(error.refusal, claims, asked_at, origin.site))
        session = SignalSession()
        await session.socket.prepare(request)
        if parameters.reconnect:
            return await self._resume(session, request, claims, parameters)
        try:
            await self._rooms.until_ready()  # the relay may have gone while the WebSocket was prepared
            sid = self._rooms.join(
                session,
                claims,
                parameters,
                user_agent=request.headers.get("User-Agent", ""),
                code=ids.support_code(),
                asked_at=asked_at,
                origin=origin,
            )
        except JoinRefused as error:
            # Checked a moment ago: a place went while the WebSocket was prepared.
            self._on_refused(error.refusal, origin.site)
            code = self._attempts.refused(error.refusal, claims, asked_at, origin.site, stage=Stage.WEBSOCKET)
            await session.socket.close(code=1013, message=f"Support code: {code}".encode())
            return session.socket
        logger.info("%s connected", sid)
        return await self._serve(session, request, sid, parameters)

    async def _resume(
        self, session: SignalSession, request: web.Request, claims: Claims, parameters: JoinParameters
    ) -> web.StreamResponse:
        sid = self._rooms.resume(session, claims, parameters)
        if sid is None:
            return await _refuse_resuming(session, request)
        logger.info("%s resumed", sid)
        return await self._serve(session, request, sid, parameters)

    async def _serve(
        self, session: SignalSession, request: web.Request, sid: str, parameters: JoinParameters
    ) -> web.StreamResponse:
        signal = partial(self._rooms.signal, sid, session)
        waiting: list[asyncio.TimerHandle] = []
        try:
            for first in parameters.first:
                if first.HasField("offer") and parameters.client.sdk == ClientInfo.SDK.GO:
                    waiting.append(asyncio.get_running_loop().call_later(GO_SECONDS, signal, first))
                else:
                    signal(first)
            await session.run(request, signal)
        finally:
            for late in waiting:
                late.cancel()
            self._rooms.signal_lost(sid, session, session.end)
            logger.info("%s disconnected", sid)
        return session.socket

    async def validate(self, request: web.Request) -> web.Response:
        """The same checks without a session: SDKs ask here why a WebSocket failed."""
        claims: Claims | None = None
        try:
            claims = self._who(request)
            await self._admit(claims, request)
        except ClientError as error:
            now, site = self._clock.now(), self._origins.of(request).site
            return _refusal(error, self._attempts.refused(error.refusal, claims, now, site, asked_why=True))
        return web.Response(text="success", headers=CORS)

    def _who(self, request: web.Request) -> Claims:
        """Who asks to join which room, as a token says that holds. Raises TokenError."""
        claims = verify(_token(request), self._keys, self._clock.now())
        if not claims.grants.room_join:
            raise TokenError("the access token does not grant roomJoin", refusal=Refusal.UNUSABLE)
        if not claims.grants.room:
            raise TokenError("the access token names no room", 400, Refusal.UNUSABLE)
        if not claims.identity:
            raise TokenError("the access token has no identity", 400, Refusal.UNUSABLE)
        return claims

    async def _admit(self, claims: Claims, request: web.Request) -> JoinParameters:
        """Raises ClientError; see `_refusal` for the status."""
        refuse_recording(claims)
        parameters = _parameters(request)
        if not parameters.reconnect:
            await self._rooms.until_ready()
            self._rooms.check(claims, parameters)
        return parameters


def _token(request: web.Request) -> str:
    """From the header, which wins, or from the query, which is all that browsers can set."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip()
    token = request.query.get("access_token", "")
    if not token:
        raise TokenError("an access token is needed", refusal=Refusal.MISSING)
    return token


def _parameters(request: web.Request) -> JoinParameters:
    """Raises ProtocolError where `/rtc/v1` is asked without a `join_request` that can be read."""
    if JOIN_REQUEST in request.query:
        return read_join_request(request.query[JOIN_REQUEST])
    if request.path.rstrip("/").removesuffix("/validate").endswith("/v1"):
        raise ProtocolError(f"{JOIN_REQUEST} is needed")
    return join_parameters(request.query)


def _with_code(error: ClientError, code: str) -> str:
    return f"{error}. Support code: {code}"


def _refusal(error: ClientError, code: str) -> web.Response:
    status = error.status if isinstance(error, TokenError | GrantError | JoinRefused) else 400
    headers = {**CORS, SUPPORT_CODE: code, "Access-Control-Expose-Headers": SUPPORT_CODE}
    return web.Response(status=status, text=_with_code(error, code), headers=headers)


async def _refuse_resuming(session: SignalSession, request: web.Request) -> web.StreamResponse:
    """The session is over, or was never one of this person here: the client is told to join anew. Not by an
    HTTP status, which SDKs take for a server that is out of reach."""
    mismatch = models.DisconnectReason.STATE_MISMATCH
    session.send(Outgoing(translate.leave(mismatch, LeaveRequest.Action.RECONNECT)))
    session.disconnect()
    await session.run(request, lambda signal: None)
    return session.socket
