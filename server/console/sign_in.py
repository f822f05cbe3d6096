"""Signing in with a name and a password, saying why one looks, and signing out.

    GET, POST sign-in      GET, POST reason      POST sign-out

An answer to a wrong name and to a wrong password is the same, and takes as long.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from typing import Final
from urllib.parse import quote

from aiohttp import web

from server.access.entry import Reason
from server.console.addresses import root_of, to_page, way_back
from server.console.bounds import Attempts
from server.console.guard import Guard
from server.console.moments import known_zone
from server.console.visit import Visit

logger = logging.getLogger(__name__)

WRONG: Final = "Name and password do not fit."
TOO_OFTEN: Final = "Too many attempts. Wait a minute and try again."


class SignIn:
    """The handlers. `provider` is the name of the OpenID provider's host, "" where there is none."""

    def __init__(self, guard: Guard, *, passwords: bool, provider: str) -> None:
        self._guard = guard
        self._passwords = passwords
        self._provider = provider
        self._attempts = Attempts()
        self._hashing = asyncio.Lock()  # one takes 64 MiB and a tenth of a second; no thread waits for it

    def routes(self) -> list[web.RouteDef]:
        found = [
            web.get("/sign-in", self.show),
            web.get("/reason", self._guard.page(self.ask_reason)),
            web.post("/reason", self._guard.form(self.take_reason)),
            web.post("/sign-out", self._guard.form(self.sign_out)),
        ]
        return [*found, web.post("/sign-in", self.sign_in)] if self._passwords else found

    async def show(self, request: web.Request) -> web.StreamResponse:
        _, session = self._guard.session_of(request)
        if session is not None:
            return to_page(request, way_back(request.query.get("next", "")))
        note = "You were signed out: sign in again." if "ended" in request.query else ""
        return await self.page(request, 200, way_back(request.query.get("next", "")), note=note)

    async def sign_in(self, request: web.Request) -> web.StreamResponse:
        form = await self._guard.read_form(request)
        name = form.get("name", "")
        following = way_back(form.get("next", ""))
        client = self._guard.sources.origins.rated(request)
        if not self._attempts.allows(client, name, time.monotonic()):
            return await self.page(request, 429, following, problem=TOO_OFTEN)
        async with self._hashing:
            role = await asyncio.to_thread(self._guard.operators.authenticate, name, form.get("password", ""))
        if role is None:
            logger.warning("a sign-in to the console failed")
            return await self.page(request, 403, following, problem=WRONG)
        response = to_page(request, f"reason?next={quote(following, safe='')}")
        await self.begin(request, response, name, form.get("zone", ""))
        return response

    async def begin(self, request: web.Request, response: web.StreamResponse, name: str, zone: str) -> bool:
        """A session for somebody whose name is proven, if they are an operator."""
        standing = await asyncio.to_thread(self._guard.operators.standing, name)
        if standing is None:
            return False
        identifier, _ = self._guard.session_of(request)
        self._guard.sessions.end(identifier)
        begun = self._guard.sessions.begin(name, standing.mark, known_zone(zone), time.monotonic())
        self._guard.give_cookie(request, response, begun)
        logger.info("somebody signed in to the console as %s", standing.role)
        return True

    async def ask_reason(self, visit: Visit) -> web.Response:
        following = way_back(visit.request.query.get("next", ""))
        return await visit.page("reason.html", {"reasons": list(Reason), "next": following, "problem": ""})

    async def take_reason(self, visit: Visit) -> web.Response:
        following = way_back(visit.form.get("next", ""))
        try:
            visit.session.reason = Reason(visit.form.get("reason", ""))
        except ValueError:
            problem = "Choose why you look: it goes to the access log with everything you see."
            values = {"reasons": list(Reason), "next": following, "problem": problem}
            return await visit.page("reason.html", values, 400)
        return visit.to_page(following)

    async def sign_out(self, visit: Visit) -> web.Response:
        self._guard.sessions.end(visit.identifier)
        response = visit.to_page("sign-in")
        self._guard.take_cookie(visit.request, response)
        return response

    async def page(
        self, request: web.Request, status: int, following: str, *, problem: str = "", note: str = ""
    ) -> web.Response:
        """With a fresh identifier, which opens nothing, for the form to prove where it came from."""
        identifier = secrets.token_urlsafe(32)
        values = {
            "root": root_of(request),
            "token": self._guard.token(identifier),
            "next": following,
            "passwords": self._passwords,
            "provider": self._provider,
            "problem": problem,
            "note": note,
        }
        response = await self._guard.pages.answer("sign_in.html", values, status)
        self._guard.give_cookie(request, response, identifier)
        return response
