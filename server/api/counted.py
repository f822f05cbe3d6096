"""HTTP answers, counted by the pattern of the route: a path may name a room, a pattern cannot."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from server.tally import Tally

UNMATCHED = "unmatched"
"""Instead of a pattern, where no route fits."""


def counted(tally: Tally) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """To be told of every answer before its head is sent."""

    async def answers(request: web.Request, response: web.StreamResponse) -> None:
        resource = request.match_info.route.resource
        tally.answered(resource.canonical if resource is not None else UNMATCHED, response.status)

    return answers
