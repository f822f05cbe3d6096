"""What a ledger says of a period as a whole: aggregates, in which no small group of people is shown.

Each table divides the same sessions, those that joined in the period. It is one table with one total, and not
several that overlap: differences between overlapping ones would show small groups again.

Sessions are counted stretch by stretch, so that no statement takes long. Of a group's people no more are
remembered than make it large enough; of all people, only a number that is drawn from the name.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from operator import itemgetter

from sqlalchemy import ColumnElement, String, Subquery, case, func, literal, select

from server.metadata.asking import Asking
from server.metadata.database import connections, events
from server.metadata.event import name_of
from server.metadata.fields import field
from server.metadata.groups import Group, Shown, fold, small
from server.metadata.rows.operation import RelayBorn, RelayLost

LEAST_PEOPLE = 5
STRETCH = 50_000
"""Lines that one statement counts."""
_TABLES = ("outcome", "client", "system")


@dataclass(frozen=True, slots=True)
class Stats:
    """Counts of sessions. `joins` and `people` are None where too few people joined: no group is shown then.

    Times are milliseconds from asking to join until media could flow, to two digits; None where fewer people
    than the minimum waited as long or longer, or as long or less.
    """

    least: int
    joins: int | None
    people: int | None
    outcomes: Shown
    """`client_left`; `never_ready at ice` for what ended before media could flow."""
    clients: Shown
    systems: Shown
    join_p50: int | None
    join_p95: int | None
    relays_born: dict[str, int]
    """By level. Of the server, not of people: nothing is hidden."""
    relays_lost: dict[str, int]
    """By reason."""


@dataclass(frozen=True, slots=True)
class Period:
    """Seconds since the epoch; None does not restrict."""

    since: float | None = None
    until: float | None = None
    room: str | None = None


async def stats(asking: Asking, period: Period, least: int = LEAST_PEOPLE) -> Stats:
    """`least` people at least in whatever is shown. Raises LedgerError."""
    born = await _levels(asking, RelayBorn, "level", period)
    lost = await _levels(asking, RelayLost, "reason", period)
    count = _Count(least)
    stretches = await _stretches(asking, period)
    for stretch in stretches:
        await count.add(asking, stretch)
    if len(count.everybody) < least:
        nothing = Shown(enough=False)
        return Stats(least, None, None, nothing, nothing, nothing, None, None, born, lost)
    times = sorted(count.times.items())
    p50, p95 = [await _shown_time(asking, stretches, percentile(times, one), least) for one in (50, 95)]
    outcomes, clients, systems = (count.shown(table) for table in _TABLES)
    return Stats(least, count.joins, len(count.everybody), outcomes, clients, systems, p50, p95, born, lost)


class _Count:
    """Of the sessions of a period, as far as they were added."""

    def __init__(self, least: int) -> None:
        self._least = least
        self._sessions: dict[str, Counter[str]] = {table: Counter() for table in _TABLES}
        self._people: dict[str, dict[str, set[str]]] = {table: {} for table in _TABLES}
        self.joins = 0
        self.times: Counter[int] = Counter()
        self.everybody: set[int] = set()

    async def add(self, asking: Asking, stretch: Subquery) -> None:
        """Everything of one stretch."""
        each = stretch.c
        kinds = (each.outcome, each.client, each.system)
        cells = await asking.rows(
            select(*kinds, func.count(), func.min(each.identity), func.max(each.identity)).group_by(*kinds)
        )
        here: dict[str, Counter[str]] = {table: Counter() for table in _TABLES}
        for *names, sessions, first, last in cells:
            self.joins += sessions
            for table, name in zip(_TABLES, names, strict=True):
                here[table][name] += sessions
                self._people[table].setdefault(name, set()).update((first, last))
        for table, groups in here.items():
            self._sessions[table].update(groups)
            for name, sessions in groups.items():
                people = self._people[table][name]
                if sessions > 2 and len(people) < self._least:
                    of_group = select(each.identity).where(each[table] == name).distinct()
                    people.update(row[0] for row in await asking.rows(of_group.limit(self._least)))
        times = select(each.took, func.count()).where(each.took.is_not(None)).group_by(each.took)
        for took, sessions in await asking.rows(times):
            self.times[took] += sessions
        self.everybody.update(map(hash, map(itemgetter(0), await asking.rows(select(each.identity)))))

    def shown(self, table: str) -> Shown:
        """Without small groups. Of those everybody is known: they were asked for in every stretch."""
        people = self._people[table]
        groups = [
            Group(name, sessions, len(people[name])) for name, sessions in self._sessions[table].items()
        ]
        in_small = set[str]().union(*(people[name] for name in small(groups, self._least)))
        return fold(groups, self._least, len(in_small))


async def _stretches(asking: Asking, period: Period) -> list[Subquery]:
    """The sessions that joined in a period, in parts that are counted quickly."""
    c = connections.c
    conditions: list[ColumnElement[bool]] = [] if period.room is None else [c.room == period.room]
    conditions += [] if period.since is None else [c.joined_at >= period.since]
    conditions += [] if period.until is None else [c.joined_at <= period.until]
    [(lines, first, last)] = await asking.rows(
        select(func.count(), func.min(c.number), func.max(c.number)).where(*conditions)
    )
    now = asking.now()
    if lines <= STRETCH:
        return [_sessions(conditions, now)] if lines else []
    # By number, which is how the table lies on the disk: an index of the period would be in the way.
    quiet: list[ColumnElement[bool]] = []
    quiet += [] if period.room is None else [func.coalesce(c.room, "") == period.room]
    quiet += [] if period.since is None else [c.joined_at + 0 >= period.since]
    quiet += [] if period.until is None else [c.joined_at + 0 <= period.until]
    return [
        _sessions([c.number >= start, c.number < start + STRETCH, *quiet], now)
        for start in range(first, last + 1, STRETCH)
    ]


def _sessions(conditions: list[ColumnElement[bool]], now: float) -> Subquery:
    c = connections.c
    ended = func.coalesce(c.outcome, literal("connected", String()))
    stopped = ended + literal(" at ", String()) + func.coalesce(c.stage, literal("unknown", String()))
    outcome = case(
        (c.active_at.is_not(None), ended),
        (c.left_at.is_(None), literal("joining", String())),
        else_=stopped,
    )
    client = case((c.browser != "none", c.browser), else_=c.sdk + literal(" SDK", String()))
    return (
        select(
            c.identity,
            outcome.label("outcome"),
            client.label("client"),
            c.system,
            c.join_milliseconds.label("took"),
        )
        .where(*conditions, c.participant.is_not(None), c.expires_at + 0 > now)
        .subquery()
    )


async def _levels(
    asking: Asking, kind: type[RelayBorn | RelayLost], key: str, period: Period
) -> dict[str, int]:
    conditions = [
        events.c.event == name_of(kind),
        events.c.expires_at > asking.now(),
    ]
    conditions += [] if period.since is None else [events.c.at >= period.since]
    conditions += [] if period.until is None else [events.c.at <= period.until]
    each = select(field(events.c.body, key).label("word")).where(*conditions).subquery().c
    counted = await asking.rows(select(each.word, func.count()).group_by(each.word).order_by(each.word))
    return {str(word): int(count) for word, count in counted}


async def _shown_time(asking: Asking, stretches: list[Subquery], milliseconds: int, least: int) -> int | None:
    """To two digits; None where few waited as long or longer, or few as long or less."""
    for shorter in (True, False):
        people: set[str] = set()
        for stretch in stretches:
            took = stretch.c.took
            side = took <= milliseconds if shorter else took >= milliseconds
            some = select(stretch.c.identity).where(side).distinct().limit(least)
            people.update(row[0] for row in await asking.rows(some))
            if len(people) >= least:
                break
        else:
            return None
    return int(float(f"{milliseconds:.1e}"))


def percentile(times: list[tuple[int, int]], percent: int) -> int:
    """Of values and how often each occurs, ascending; 0 of none."""
    reached, wanted = 0, sum(count for _, count in times) * percent / 100
    for value, count in times:
        reached += count
        if reached >= wanted:
            return value
    return 0
