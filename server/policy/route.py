"""`/privacy` for people, `/privacy.json` for apps, `/policy/status`: whether each promise is kept now."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping

import aiohttp
import msgspec
from aiohttp import web

from server.answers import HEADERS, answer, refusal
from server.policy import page
from server.policy.document import Policy
from server.policy.report import Row

STATUS_SECONDS = 60.0
Checking = Callable[[Policy, aiohttp.ClientSession, str], Awaitable[list[Row]]]
"""Checks every clause against the server at an address."""


class PolicyRoutes:
    """The handlers. `policy` is what is served, None where the operator has published none."""

    def __init__(
        self, policy: Policy | None, check: Checking, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._check = check
        self._clock = clock
        self.serve(policy)

    def serve(self, policy: Policy | None) -> None:
        """This one from now on."""
        self._policy = policy
        self._status: tuple[float, asyncio.Task[list[Row]]] | None = None
        self._page = page.page(policy)
        self._headers = _headers(self._page)

    def routes(self) -> list[web.RouteDef]:
        """To be added to an application."""
        return [
            web.get("/privacy", self.privacy),
            web.get("/privacy.json", self.privacy_json),
            web.get("/policy/status", self.status),
        ]

    async def privacy(self, request: web.Request) -> web.Response:
        """For people. There is no Last-Modified: a text may change twice on its day, and the numbers in it
        follow the configuration; the digest tells."""
        if _has(request, self._headers):
            return web.Response(status=304, headers=self._headers)
        return web.Response(text=self._page, content_type="text/html", headers=self._headers)

    async def privacy_json(self, request: web.Request) -> web.Response:
        """For apps, which show it before they join and again when `version` is another."""
        policy = self._policy
        if policy is None:
            return refusal(404, page.UNPUBLISHED)
        headers = _revalidated(msgspec.json.encode(policy))
        if _has(request, headers):
            return web.Response(status=304, headers={**HEADERS, **headers})
        return answer(
            {
                "version": policy.version,
                "revised": policy.revised.isoformat(),
                "changes": policy.changes,
                "controller": policy.controller,
                "contact": policy.contact,
                "clauses": [
                    {"id": one.id, "type": one.type.value, "text": one.text} for one in policy.clauses
                ],
            },
            headers=headers,
        )

    async def status(self, request: web.Request) -> web.Response:
        """Looked at once a minute at most, whoever asks."""
        if self._policy is None:
            return refusal(404, page.UNPUBLISHED)
        now = self._clock()
        if self._status is None or now - self._status[0] >= STATUS_SECONDS:
            self._status = (now, asyncio.create_task(self._look(self._policy, _own_address(request))))
        rows = await asyncio.shield(self._status[1])
        passed = all(row["passed"] for row in rows)
        return answer({"version": self._policy.version, "passed": passed, "clauses": rows})

    async def _look(self, policy: Policy, url: str) -> list[Row]:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
            return await self._check(policy, http, url)


def _own_address(request: web.Request) -> str:
    """Where this connection was accepted: what a name in the request says is anybody's choice."""
    assert request.transport is not None, "a request that is handled has one"
    host, port, *_ = request.transport.get_extra_info("sockname")
    return f"{'https' if request.secure else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"


def _revalidated(content: bytes) -> dict[str, str]:
    """To be asked for each time, and sent again only when it is another."""
    return {"Cache-Control": "no-cache", "ETag": f'"{hashlib.sha256(content).hexdigest()[:32]}"'}


def _has(request: web.Request, headers: Mapping[str, str]) -> bool:
    """Whether who asks has this content already (RFC 9110 section 13.1.2)."""
    known = {f'"{one.value}"' for one in request.if_none_match or ()}
    return headers["ETag"] in known or '"*"' in known


def _headers(html: str) -> dict[str, str]:
    """The one style of the page is allowed by its digest, and nothing else is."""
    style = html.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'"
        ),
        **_revalidated(html.encode()),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
