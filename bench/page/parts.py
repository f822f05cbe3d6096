"""The parts of `make bench` that measure the page in Chromium."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bench.page import loading, room

PARTS: dict[str, Callable[[], Awaitable[None]]] = {
    "page-loading": loading.run,
    "page-room": room.run,
}
