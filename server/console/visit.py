"""A request of somebody who is signed in, and the frame of what they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from server.access.entry import Asked
from server.access.operators import Operators
from server.access.roles import Role, may_see
from server.console.addresses import root_of, to_page
from server.console.books import Books
from server.console.looking import Looking
from server.console.moments import Moments
from server.console.pages import Pages
from server.console.sessions import Session
from server.console.sources import Sources

NAVIGATION: Final[tuple[tuple[str, str, Asked | None], ...]] = (
    ("", "Overview", None),
    ("live", "Live", Asked.LIVE),
    ("sessions", "Sessions", Asked.SESSIONS),
    ("failures", "Failures", Asked.STATISTICS),
    ("guarantee", "Guarantee", None),
    ("ledger", "Ledger", None),
    ("access", "Access log", Asked.ACCESS_LOG),
    ("person", "A person", Asked.SUBJECT),
)
"""Path, name, and whose data it shows: nobody's where that is None."""


@dataclass(frozen=True, slots=True)
class Visit:
    """`identifier` is what the browser has, `token` what its forms carry, `form` what one of them said."""

    request: web.Request
    session: Session
    identifier: str
    token: str
    role: Role
    sources: Sources
    pages: Pages
    operators: Operators
    books: Books
    form: Mapping[str, str] = field(default_factory=dict)

    @property
    def looking(self) -> Looking:
        """Of pages for which the guard asks for a reason first."""
        assert self.session.reason is not None, "the guard asks for it first"
        return Looking(self.sources.config, self.operators, self.session.operator, self.session.reason)

    @property
    def moments(self) -> Moments:
        """As of now, in the time zone of who looks."""
        return Moments(self.session.zone, self.sources.clock())

    def may(self, asked: Asked) -> bool:
        return may_see(self.role, asked)

    def to_page(self, path: str) -> web.Response:
        """To another page of the console, by its path below `/console/`."""
        return to_page(self.request, path)

    def frame(self) -> dict[str, object]:
        """What every template is given."""
        here = self.request.path.partition("/console/")[2].partition("/")[0]
        return {
            "root": root_of(self.request),
            "token": self.token,
            "operator": self.session.operator,
            "role": self.role,
            "reason": self.session.reason,
            "moments": self.moments,
            "here": here,
            "navigation": [
                (path, name) for path, name, asked in NAVIGATION if asked is None or self.may(asked)
            ],
        }

    async def page(
        self, name: str, values: Mapping[str, object] | None = None, status: int = 200
    ) -> web.Response:
        """The template `name`, filled in."""
        return await self.pages.answer(name, {**self.frame(), **(values or {})}, status)

    async def fragment(self, name: str, values: Mapping[str, object]) -> str:
        """The same as text, for what is put into a page that is open."""
        return await self.pages.render(name, {**self.frame(), **values})
