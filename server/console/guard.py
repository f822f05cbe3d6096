"""Who gets to see a page: signed in, of a role that may, and having said why. And what every answer carries.

    GET  a page        the session's cookie; without one, to the sign-in page
    POST a form        and the form's token, from a page of the same origin

Cookies are set here, below `/console`, and nowhere else in the server: no participant gets one.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final
from urllib.parse import quote

from aiohttp import web
from aiohttp.typedefs import Middleware

from server.access.entry import Asked
from server.access.operators import Operators
from server.console.addresses import path_of, to_page
from server.console.books import Books
from server.console.pages import Pages, error_page
from server.console.place import Place, is_this_machine
from server.console.sessions import Session, Sessions
from server.console.sources import Sources
from server.console.visit import Visit
from server.errors import OperatorError

logger = logging.getLogger(__name__)

COOKIE: Final = "offrecord-console"
MOST_FORM_BYTES: Final = 16 * 1024
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    # Not `no-referrer`: browsers would then call the origin of a form "null".
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), display-capture=(), geolocation=()",
    "X-Robots-Tag": "noindex",
}

Page = Callable[[Visit], Awaitable[web.StreamResponse]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Guard:
    """Wraps every page."""

    def __init__(self, sources: Sources, place: Place, pages: Pages) -> None:
        self.sources = sources
        self.place = place
        self.pages = pages
        self.sessions = Sessions()
        self.operators = Operators(Path(sources.config.console.operators))
        self.books = Books(sources.config.metadata.url, sources.clock)
        self._key = secrets.token_bytes(32)

    def page(self, show: Page, asked: Asked | None = None) -> Handler:
        """Of whoever is signed in. `asked`: it shows personal data of that kind, to roles that may see it and
        have said why."""
        return self._guarded(show, asked, form=False)

    def form(self, take: Page, asked: Asked | None = None) -> Handler:
        """The same for what a form posts."""
        return self._guarded(take, asked, form=True)

    def _guarded(self, show: Page, asked: Asked | None, *, form: bool) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            identifier, session = self.session_of(request)
            if session is None:
                return self._to_sign_in(request)
            standing = await asyncio.to_thread(self.operators.standing, session.operator)
            if standing is None or standing.mark != session.mark:
                self.sessions.end_all_of(session.operator)
                return self._to_sign_in(request)
            fields = await self.read_form(request) if form else {}
            session.used_at = time.monotonic()
            visit = Visit(
                request,
                session,
                identifier,
                self.token(identifier),
                standing.role,
                self.sources,
                self.pages,
                self.operators,
                self.books,
                fields,
            )
            if asked is not None and not visit.may(asked):
                return await visit.page("not_for_you.html", {"asked": asked}, 403)
            if asked is not None and session.reason is None:
                return to_page(request, f"reason?next={quote(path_of(request), safe='')}")
            try:
                return await show(visit)
            except OperatorError as error:
                return await visit.page("unavailable.html", {"says": str(error)}, 503)

        return handle

    async def still(self, session: Session) -> bool:
        """Whether what a session opened may go on."""
        if session.ended or time.monotonic() >= session.expires_at():
            return False
        standing = await asyncio.to_thread(self.operators.standing, session.operator)
        return standing is not None and standing.mark == session.mark

    def session_of(self, request: web.Request) -> tuple[str, Session | None]:
        """The identifier that the browser has, and what it opens."""
        identifier = request.cookies.get(self.cookie_name(request), "")
        return identifier, self.sessions.find(identifier, time.monotonic()) if identifier else None

    def token(self, identifier: str) -> str:
        """What forms of the page carry that was given to the browser with this identifier."""
        return hmac.new(self._key, identifier.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()

    async def read_form(self, request: web.Request) -> dict[str, str]:
        """What a form says, once it is sure to be one of ours. Raises HTTPForbidden, HTTPBadRequest."""
        if not self._is_same_origin(request):
            raise web.HTTPForbidden(text="This form was not sent from a page of the console.")
        if request.content_type != "application/x-www-form-urlencoded":
            raise web.HTTPBadRequest(text="This is not a form of the console.")
        if (request.content_length or 0) > MOST_FORM_BYTES:
            raise web.HTTPRequestEntityTooLarge(MOST_FORM_BYTES, request.content_length or 0)
        try:
            posted = await request.post()
        except (ValueError, UnicodeError, LookupError):
            raise web.HTTPBadRequest(text="This is not a form of the console.") from None
        fields = {name: value for name, value in posted.items() if isinstance(value, str)}
        identifier = request.cookies.get(self.cookie_name(request), "")
        given = fields.pop("token", "").encode("utf-8", "surrogatepass")
        if not identifier or not hmac.compare_digest(given, self.token(identifier).encode()):
            raise web.HTTPForbidden(text="This page is too old: go back, load it again, and repeat.")
        return fields

    def _is_same_origin(self, request: web.Request) -> bool:
        own = self.place.origin(request.scheme, request.host)
        origin = request.headers.get("Origin")
        site = request.headers.get("Sec-Fetch-Site")
        if origin is not None:
            return origin.lower() == own and site in {None, "same-origin"}
        return site == "same-origin"

    def cookie_name(self, request: web.Request) -> str:
        """With the prefix that browsers take over TLS only, from this host only (RFC 6265bis, 4.1.3)."""
        return f"__Host-{COOKIE}" if self.is_secure(request) else COOKIE

    def give_cookie(self, request: web.Request, response: web.StreamResponse, identifier: str) -> None:
        response.set_cookie(
            self.cookie_name(request),
            identifier,
            path="/",
            secure=self.is_secure(request),
            httponly=True,
            samesite="Strict",
        )

    def take_cookie(self, request: web.Request, response: web.StreamResponse) -> None:
        response.del_cookie(
            self.cookie_name(request),
            path="/",
            secure=self.is_secure(request),
            httponly=True,
            samesite="Strict",
        )

    def is_secure(self, request: web.Request) -> bool:
        """Whether the browser came through TLS."""
        return request.secure or self.place.is_secure

    def _to_sign_in(self, request: web.Request) -> web.StreamResponse:
        had_one = bool(request.cookies.get(self.cookie_name(request)))
        if request.headers.get("Accept") == "text/event-stream":
            return web.Response(status=401, text="Sign in again.")
        back = "" if request.method != "GET" else quote(path_of(request), safe="")
        return to_page(request, f"sign-in?next={back}{'&ended=1' if had_one else ''}")

    def middleware(self) -> Middleware:
        """What holds for every answer: nothing in the clear, and nothing while nobody is named."""

        @web.middleware
        async def around(request: web.Request, handler: Handler) -> web.StreamResponse:
            try:
                if not (self.is_secure(request) or _is_asked_here(request)):
                    raise web.HTTPForbidden(text="The console is served over HTTPS, or to this machine only.")
                if not await asyncio.to_thread(self.operators.roles):
                    raise web.HTTPNotFound(text="There is no such page.")
                response = await handler(request)
            except web.HTTPException as refused:
                response = error_page(refused.status, refused.text or refused.reason)
            except OperatorError:
                logger.error("the console cannot answer: its operators cannot be read")
                response = error_page(503, "The console cannot answer now.")
            except (ConnectionError, asyncio.CancelledError):
                raise
            except Exception:
                logger.exception("a page of the console failed")
                response = error_page(500, "This page failed. The server's log says where.")
            if not response.prepared:
                for name, value in HEADERS.items():
                    response.headers.setdefault(name, value)
            return response

        return around


def _is_asked_here(request: web.Request) -> bool:
    """Whether the connection never left this machine."""
    transport = request.transport
    name = transport.get_extra_info("sockname") if transport is not None else None
    return name is not None and is_this_machine(str(name[0]))
