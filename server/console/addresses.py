"""Addresses inside the console: relative, since a proxy may have put a path before it. PURE but for aiohttp's
types."""

from __future__ import annotations

import re
from typing import Final

from aiohttp import web

_WAY_BACK: Final = re.compile(r"[A-Za-z0-9_~.%+=&?-][A-Za-z0-9_~./%+=&?-]{0,1023}")


def root_of(request: web.Request) -> str:
    """From a page to `/console/`."""
    below = request.path.partition("/console")[2]
    if not below:
        return "console/"
    return "../" * (below.count("/") - 1) or "./"


def path_of(request: web.Request) -> str:
    """Below `/console/`, with its query: what leads back to it, or "" where nothing does."""
    return way_back(request.raw_path.partition("/console/")[2])


def way_back(text: str) -> str:
    """A path below `/console/` that came through a form or a query; "" for what could lead anywhere else."""
    return text if _WAY_BACK.fullmatch(text) and ".." not in text else ""


def to_page(request: web.Request, path: str) -> web.Response:
    """See Other (RFC 9110, 15.4.4)."""
    return web.Response(status=303, headers={"Location": root_of(request) + path})
