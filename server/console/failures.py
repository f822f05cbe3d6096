"""Failures of a period by cause, with what to do about each; how far joining came, by site and client.

Numbers only: whom they are about is behind the link to the search.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from aiohttp import web

from server.access.entry import Asked
from server.console.guard import Guard
from server.console.search import asked, choices
from server.console.visit import Visit
from server.console.words import spaced
from server.metadata.advice import ADVICE, STAGES, Advice
from server.metadata.failures import Failure, failures
from server.metadata.outcome import AttemptCause, Stage
from server.metadata.words import Browser, Sdk


@dataclass(slots=True)
class Cause:
    """All failures of one cause. `last` in seconds since the epoch; the rest are numbers of attempts by what
    they have in common."""

    cause: AttemptCause
    count: int = 0
    people: int = 0
    last: float = 0.0
    stages: Counter[Stage | None] = field(default_factory=Counter)
    sites: Counter[str] = field(default_factory=Counter)
    clients: Counter[str] = field(default_factory=Counter)

    @property
    def advice(self) -> Advice:
        return ADVICE[self.cause]

    @property
    def stage_rows(self) -> list[tuple[str, str, int]]:
        """Names, what they mean, and how many; the most frequent first, as the other two."""
        return [
            (stage.value, STAGES[stage], count) if stage else ("not known", "", count)
            for stage, count in self.stages.most_common()
        ]

    @property
    def client_rows(self) -> list[tuple[str, str, int]]:
        return [(name, "", count) for name, count in self.clients.most_common()]

    @property
    def site_rows(self) -> list[tuple[str, str, int]]:
        return [(name or "no site", "", count) for name, count in self.sites.most_common()]

    def add(self, one: Failure) -> None:
        """`people` of several stages may be the same ones: it is a bound."""
        self.count += one.count
        self.people += one.people
        self.last = max(self.last, one.last)
        self.stages[one.stage] += one.count
        self.sites.update({name: part.count for name, part in one.sites})
        for client, part in one.clients:
            self.clients[client_words(client)] += part.count


class FailuresPage:
    """The handler."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/failures", self._guard.page(self.show, Asked.STATISTICS))]

    async def show(self, visit: Visit) -> web.Response:
        """Raises LedgerError, OperatorError."""
        looked_for = asked(visit)
        query = looked_for.query
        causes: list[Cause] = []
        if not looked_for.problems:
            found = await failures(visit.books.reader, query.since, query.until, site=query.site)
            causes = by_cause(found)
            await visit.looking.record(Asked.STATISTICS, sum(one.count for one in causes))
        return await visit.page(
            "failures.html",
            {
                "wanted": looked_for,
                "causes": causes,
                "total": sum(one.count for one in causes),
                **choices(visit),
            },
            400 if looked_for.problems else 200,
        )


def by_cause(found: Sequence[Failure]) -> list[Cause]:
    """The most frequent first."""
    causes: dict[AttemptCause, Cause] = {}
    for one in found:
        causes.setdefault(one.cause, Cause(one.cause)).add(one)
    return sorted(causes.values(), key=lambda one: (-one.count, -one.last))


def client_words(client: Browser | Sdk | None) -> str:
    """`Firefox`, `python SDK`; of who was refused before saying what it is, that."""
    if client is None:
        return "not told"
    if isinstance(client, Browser):
        return spaced(client).capitalize()
    return "unknown" if client is Sdk.UNKNOWN else f"{spaced(client)} SDK"
