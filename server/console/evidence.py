"""The guarantee of every relay as operators see it, and the overview. Nobody's data is in either."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from server.access.entry import Asked
from server.console.guard import Guard
from server.console.visit import Visit
from server.guarantee.incidents import SAYS as INCIDENT_SAYS
from server.guarantee.judge import Check, RelayJudgement
from server.guarantee.observe import observe
from server.guarantee.statement import LEVEL_NAMES, LevelName
from server.guarantee.words import CLAIMED_LESS, SAYS, reason


@dataclass(frozen=True, slots=True)
class Relay:
    """One relay, in words."""

    number: int
    generation: int
    started_at: float
    level: LevelName
    held: int
    checks: tuple[Check, ...]
    reasons: tuple[str, ...]
    oldest: str
    residence: str
    firewall: str


class Evidence:
    """The handlers."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("", self._guard.page(self.home)),
            web.get("/", self._guard.page(self.overview)),
            web.get("/guarantee", self._guard.page(self.guarantee)),
        ]

    async def home(self, visit: Visit) -> web.Response:
        return visit.to_page("")

    async def overview(self, visit: Visit) -> web.Response:
        """Numbers only: who is connected is on other pages."""
        sources = visit.sources
        now = sources.clock()
        rooms = sources.rooms()
        return await visit.page(
            "overview.html",
            {
                "rooms": len(rooms),
                "people": sum(len(room.people) for room in rooms),
                "may_search": visit.may(Asked.SESSIONS),
                "level": LEVEL_NAMES[observe(sources.evidence, now).level],
                "waiting": sources.ledger.waiting,
                "dropped": sources.ledger.dropped,
                "refused": sources.ledger.refused,
                "faults": sources.ledger.faults,
                "incidents": list(sources.incidents(now)),
                "says": INCIDENT_SAYS,
            },
        )

    async def guarantee(self, visit: Visit) -> web.Response:
        now = visit.sources.clock()
        judgement = observe(visit.sources.evidence, now)
        return await visit.page(
            "guarantee.html",
            {
                "level": LEVEL_NAMES[judgement.level],
                "says": SAYS[judgement.level],
                "minimum": visit.sources.config.guarantee.minimum_level,
                "relays": [_relay(one) for one in judgement.relays],
                "incidents": list(visit.sources.incidents(now)),
                "incident_says": INCIDENT_SAYS,
            },
        )


def _relay(relay: RelayJudgement) -> Relay:
    lacking = [check for check in relay.checks if not check.held]
    level = LEVEL_NAMES[relay.level]
    reasons = [reason(check.name) for check in lacking]
    if not lacking and level != "full":
        reasons.append(CLAIMED_LESS)
    media = relay.media
    return Relay(
        number=relay.relay,
        generation=relay.generation,
        started_at=relay.started_at,
        level=level,
        held=len(relay.checks) - len(lacking),
        checks=relay.checks,
        reasons=tuple(reasons),
        oldest="not told yet" if media is None else f"{media.oldest_milliseconds} ms",
        residence="not told yet"
        if media is None
        else f"{media.longest_residence_microseconds / 1000:.2f} ms",
        firewall=relay.firewall.state.value,
    )
