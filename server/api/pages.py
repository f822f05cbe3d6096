"""The built conference client, served as it is, and the answer to `GET /` that says the server is up.

Beside what is text the build has the same in brotli and gzip, which aiohttp sends to whoever takes them.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

Headers = Callable[[web.Request], dict[str, str]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
WEB = Path(__file__).resolve().parent.parent / "web"

# The build puts a hash of the content into the names of all files that it refers to by name.
_HASHED = re.compile(r".+-[0-9a-f]{16}\.[a-z]+")
_FOR_GOOD = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"

_AUTHORITY = re.compile(r"[A-Za-z0-9._-]+(?::[0-9]{1,5})?")


def content_security_policy(authority: str) -> str:
    """Nothing but what the build contains runs in the page, and it talks to its server alone, whose host and
    port are `authority`. An IPv6 address has no form in such a policy: `'self'` has to do."""
    server = f" ws://{authority} wss://{authority}" if _AUTHORITY.fullmatch(authority) else ""
    return "; ".join(
        (
            "default-src 'self'",
            f"connect-src 'self'{server}",
            "img-src 'self' data: blob:",
            "media-src 'self' blob: mediastream:",
            "worker-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


# The page of people's rights shows text, and asks its own server.
RIGHTS_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_EVERYWHERE = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_HEADERS = {
    **_EVERYWHERE,
    "Permissions-Policy": "camera=(self), microphone=(self), display-capture=(self), geolocation=()",
}
_RIGHTS_HEADERS = {
    **_EVERYWHERE,
    "Content-Security-Policy": RIGHTS_SECURITY_POLICY,
    "Permissions-Policy": "camera=(), microphone=(), display-capture=(), geolocation=()",
    "Cache-Control": _ASK_AGAIN,
}


def _caching(name: str) -> str:
    return _FOR_GOOD if _HASHED.fullmatch(name) else _ASK_AGAIN


def routes(folder: Path = WEB, public_url: str = "") -> list[web.AbstractRouteDef]:
    """`GET /` and `GET /rights` (with `HEAD`), and the files of the build. `public_url` is where clients
    reach the server, "" where this one is asked."""
    known = urlsplit(public_url).netloc

    def headers(request: web.Request) -> dict[str, str]:
        return {**_HEADERS, "Content-Security-Policy": content_security_policy(known or request.host)}

    async def index(request: web.Request) -> web.StreamResponse:
        page = folder / "index.html"
        if page.is_file():
            return web.FileResponse(page, headers={**headers(request), "Cache-Control": _ASK_AGAIN})
        return web.Response(text="OK", headers=headers(request))

    async def rights(request: web.Request) -> web.StreamResponse:
        return web.FileResponse(folder / "rights.html", headers=_RIGHTS_HEADERS)

    found: list[web.AbstractRouteDef] = [web.get("/", index)]
    if not folder.is_dir():
        return found
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            found.append(web.get(f"/{path.name}/{{file:.+}}", _files_in(path, headers)))
        elif path.name == "rights.html":
            found.append(web.get("/rights", rights))
        elif path.name != "index.html":
            found.append(web.get(f"/{path.name}", _file(path, headers)))
    return found


def _file(path: Path, headers: Headers) -> Handler:
    async def send(request: web.Request) -> web.StreamResponse:
        return web.FileResponse(path, headers={**headers(request), "Cache-Control": _caching(path.name)})

    return send


def _files_in(folder: Path, headers: Headers) -> Handler:
    """Whatever is in a folder at the time, links out of it excepted."""
    inside = folder.resolve()

    async def send(request: web.Request) -> web.StreamResponse:
        try:
            path = (inside / request.match_info["file"]).resolve(strict=True)
        except (OSError, ValueError, RuntimeError):  # no such name, no possible name, links in a circle
            raise web.HTTPNotFound from None
        if not path.is_file() or not path.is_relative_to(inside):
            raise web.HTTPNotFound
        return web.FileResponse(path, headers={**headers(request), "Cache-Control": _caching(path.name)})

    return send
