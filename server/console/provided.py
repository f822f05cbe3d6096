"""Signing in through the OpenID provider.

    GET sign-in/provider         to the provider
    GET sign-in/provider/back    from it

A browser that comes back from another site sends no strict cookie. So what is on its way is known by a cookie
of its own, lax and for minutes, which opens nothing; and the answer that brings the session's cookie is a
page, not a redirect, or the next request would still count as the other site's.
"""

from __future__ import annotations

import hmac
import logging
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from server.console.addresses import root_of, way_back
from server.console.bounds import Attempts
from server.console.guard import Guard
from server.console.oidc import Flow, Provider, ProviderError
from server.console.place import PATH
from server.console.sign_in import TOO_OFTEN, SignIn

logger = logging.getLogger(__name__)

FLOW_SECONDS: Final = 600.0
MOST_FLOWS: Final = 200
FLOW_COOKIE: Final = "offrecord-console-provider"
NOT_NAMED: Final = "The OpenID provider does not vouch for an operator of this server."


@dataclass(frozen=True, slots=True)
class _Begun:
    flow: Flow
    at: float
    following: str
    zone: str


class Provided:
    """The handlers."""

    def __init__(self, guard: Guard, sign_in: SignIn, provider: Provider) -> None:
        self._guard = guard
        self._sign_in = sign_in
        self._provider = provider
        self._flows: OrderedDict[str, _Begun] = OrderedDict()
        self._attempts = Attempts()

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/sign-in/provider", self.begin), web.get("/sign-in/provider/back", self.back)]

    async def begin(self, request: web.Request) -> web.StreamResponse:
        now = time.monotonic()
        if not self._attempts.allows(self._guard.sources.origins.rated(request), "", now):
            return await self._sign_in.page(request, 429, "", problem=TOO_OFTEN)
        self._forget_old(now)
        flow, identifier = Flow.begin(), secrets.token_urlsafe(32)
        try:
            address = await self._provider.address(flow, self._redirect(request))
        except ProviderError as error:
            return await self._failed(request, error)
        self._flows[identifier] = _Begun(
            flow, now, way_back(request.query.get("next", "")), request.query.get("zone", "")
        )
        response = web.Response(status=303, headers={"Location": address})
        name, secure = self._cookie(request)
        response.set_cookie(
            name,
            identifier,
            path="/",
            max_age=int(FLOW_SECONDS),
            secure=secure,
            httponly=True,
            samesite="Lax",
        )
        return response

    async def back(self, request: web.Request) -> web.StreamResponse:
        name, secure = self._cookie(request)
        begun = self._flows.pop(request.cookies.get(name, ""), None)
        query = request.query
        given = query.get("state", "").encode("utf-8", "surrogatepass")
        if (
            begun is None
            or time.monotonic() - begun.at > FLOW_SECONDS
            or not hmac.compare_digest(given, begun.flow.state.encode())
        ):
            return await self._sign_in.page(request, 400, "", problem="This sign-in is too old: begin again.")
        try:
            if not query.get("code"):
                raise ProviderError("the OpenID provider gave no code")
            operator = await self._provider.who(
                begun.flow, query["code"], query.get("iss"), self._redirect(request)
            )
        except ProviderError as error:
            return await self._failed(request, error)
        response = await self._guard.pages.answer(
            "signed_in.html", {"root": root_of(request), "next": begun.following}
        )
        response.del_cookie(name, path="/", secure=secure, httponly=True, samesite="Lax")
        if operator is None or not await self._sign_in.begin(request, response, operator, begun.zone):
            logger.warning("a sign-in to the console through the OpenID provider was of nobody who is named")
            return await self._sign_in.page(request, 403, begun.following, problem=NOT_NAMED)
        return response

    async def _failed(self, request: web.Request, error: ProviderError) -> web.StreamResponse:
        logger.warning("signing in to the console through the OpenID provider failed: %s", error)
        return await self._sign_in.page(
            request, 502, "", problem="Signing in through the provider failed. The server's log says why."
        )

    def _redirect(self, request: web.Request) -> str:
        """Where the provider is to send the browser back: registered there."""
        return self._guard.place.address(request.scheme, request.host) + f"{PATH}/sign-in/provider/back"

    def _cookie(self, request: web.Request) -> tuple[str, bool]:
        secure = self._guard.is_secure(request)
        return (f"__Host-{FLOW_COOKIE}" if secure else FLOW_COOKIE), secure

    def _forget_old(self, now: float) -> None:
        while self._flows:
            oldest = next(iter(self._flows))
            if len(self._flows) < MOST_FLOWS and now - self._flows[oldest].at <= FLOW_SECONDS:
                return
            del self._flows[oldest]
