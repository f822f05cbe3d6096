"""The built page in Chromium with its server played by the test: what a person sees in every state of it."""

from __future__ import annotations

import json
import mimetypes
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.async_api import Browser, BrowserContext, Page, Route

from server.api.pages import WEB, content_security_policy
from server.guarantee.sign import Signer
from server.guarantee.statement import LIFETIME_SECONDS, TYPE, VERSION
from tests.e2e.browser import eventually

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
SECURE = "http://localhost/"  # browsers hand out devices here, as they do over HTTPS
INSECURE = "http://offrecord.test/"


async def fits(page: Page) -> None:
    """Nothing is wider than the screen, once buttons without room have gone into the menu, a frame later."""
    await eventually(lambda: page.evaluate(OVERFLOW), lambda beyond: beyond <= 0)


def statement(level: str) -> dict[str, Any]:
    """The content of a guarantee statement of now without its nonce, of one relay with one check."""
    now = int(time.time())
    observed = datetime.fromtimestamp(now - 5, UTC).isoformat()
    check = {
        "name": "no_writable_file",
        "held": level == "full",
        "source": "inspected",
        "observed_at": observed,
    }
    return {
        "statement": VERSION,
        "iat": now,
        "exp": now + LIFETIME_SECONDS,
        "level": level,
        "minimum_level": "full",
        "reasons": []
        if level == "full"
        else [{"relay": 1, "check": check["name"], "says": f"why only {level}"}],
        "incidents": [],
        "room": None,
        "says": [f"the words of {level}"],
        "does_not_prove": ["that participants do not record"],
        "relays": [{"relay": 1, "level": level, "started_at": observed, "filters": None, "checks": [check]}],
        "server": {"version": "1.2.3"},
        "software": {"code": "sha256:" + "c0" * 32},
    }


@dataclass
class PlayedServer:
    """Answers what it is told to; None is no answer at all. Remembers whom the page turned to."""

    guarantee: dict[str, Any] | None = field(default_factory=lambda: statement("full"))
    signer: Signer = field(default_factory=Signer.generate)
    silent: bool = False  # about the guarantee, for as long as the page waits
    told_signer: Signer | None = None  # whose keys are told, where it is not the signer
    policy: dict[str, Any] | None = None  # what /privacy.json has; None: none is published
    token_status: int = 403
    token_answer: dict[str, Any] = field(default_factory=lambda: {"error": "no guests today"})
    nonces: list[str] = field(default_factory=list)
    token_requests: list[dict[str, Any]] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    async def answer(self, route: Route) -> None:
        parts = urlsplit(route.request.url)
        if parts.hostname not in {"localhost", "offrecord.test"}:
            self.strangers.append(route.request.url)
            await route.abort()
        elif parts.path == "/guarantee":
            await self._answer_guarantee(route, parse_qs(parts.query)["nonce"][0])
        elif parts.path == "/.well-known/jwks.json":
            await route.fulfill(json=(self.told_signer or self.signer).jwks())
        elif parts.path == "/privacy.json" and self.policy is not None:
            await route.fulfill(json=self.policy)
        elif parts.path == "/api/guest-token":
            self.token_requests.append(json.loads(route.request.post_data or ""))
            await route.fulfill(status=self.token_status, json=self.token_answer)
        else:
            await self._answer_file(route, parts.path.lstrip("/") or "index.html")

    async def _answer_guarantee(self, route: Route, nonce: str) -> None:
        self.nonces.append(nonce)
        if self.silent:
            return
        if self.guarantee is None:
            await route.abort()
        else:
            content = {"nonce": nonce, **self.guarantee}
            await route.fulfill(json={**content, "jws": self.signer.sign(content, typ=TYPE)})

    async def _answer_file(self, route: Route, name: str) -> None:
        path = Path(WEB, name)
        if not path.is_file():
            await route.fulfill(status=404)
            return
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        policy = content_security_policy(urlsplit(route.request.url).netloc)
        headers = {"Content-Security-Policy": policy, "Content-Type": kind}
        await route.fulfill(body=path.read_bytes(), headers=headers)


# Violations of the content security policy, as the page itself is told of them.
REMEMBER_VIOLATIONS = """
window.violationsOfThisPage = [];
document.addEventListener('securitypolicyviolation', (event) =>
  window.violationsOfThisPage.push(`${event.violatedDirective} ${event.blockedURI}`));
"""


async def open_context(browser: Browser, played: PlayedServer, **options: Any) -> BrowserContext:
    """Separate storage; everything the page asks for is answered by `played`."""
    context = await browser.new_context(**options)
    await context.add_init_script(REMEMBER_VIOLATIONS)
    await context.route("**/*", played.answer)
    return context


async def open_page(browser: Browser, played: PlayedServer, url: str = SECURE, **options: Any) -> Page:
    page = await (await open_context(browser, played, **options)).new_page()
    await page.goto(url)
    return page
