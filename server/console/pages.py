"""The console's HTML: templates that escape whatever is put into them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Final

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from server.console import words
from server.console.moments import utc

TEMPLATES: Final = Path(__file__).parent / "templates"


class Pages:
    """All templates. Each is compiled when it is first rendered: most servers never show most of them."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.filters.update(
            counted=words.counted,
            duration=words.duration,
            number=words.number,
            roughly=words.roughly,
            size=words.size,
            spaced=words.spaced,
            utc=utc,
            visible=words.visible,
        )
        self._environment.globals.update(words=words)

    async def render(self, name: str, values: Mapping[str, object]) -> str:
        """Off the event loop: a long table, and what it takes to compile a template when it is first asked
        for, are longer than a call may wait."""
        return await asyncio.to_thread(self._render, name, values)

    def _render(self, name: str, values: Mapping[str, object]) -> str:
        return self._environment.get_template(name).render(values)

    async def answer(self, name: str, values: Mapping[str, object], status: int = 200) -> web.Response:
        text = await self.render(name, values)
        return web.Response(text=text, status=status, content_type="text/html", charset="utf-8")


def error_page(status: int, text: str) -> web.Response:
    """For who may not be signed in: says nothing of the server, and needs no template."""
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<title>Offrecord console</title></head>"
        f"<body><main><h1>{status}</h1><p>{escape(text)}</p></main></body></html>"
    )
    return web.Response(text=html, status=status, content_type="text/html", charset="utf-8")
