"""What failed in a period, grouped by what has to be known to do something about it."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from sqlalchemy import case, distinct, func, select

from server.metadata.asking import Asking, Line
from server.metadata.database import connections
from server.metadata.outcome import AttemptCause, Stage
from server.metadata.query import Conditions
from server.metadata.words import Browser, Sdk

_Key = TypeVar("_Key", str, Browser | Sdk | None)
_BROWSERS = frozenset(one.value for one in Browser)
MOST_GROUPS = 20_000
"""Causes by stages by sites by clients: closed words, and at most a hundred sites."""


class Part(msgspec.Struct, frozen=True):
    """Of the failures of one kind: how many, and when the last was, in seconds since the epoch."""

    count: int
    last: float


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Failures of one cause at one stage, `sites` and `clients` with most of them first.

    `count` has in it what is counted of nobody in particular (`attempts_refused`), `people` has not.
    """

    cause: AttemptCause
    stage: Stage | None
    """None: not known."""
    count: int
    people: int
    last: float
    """When the last was, in seconds since the epoch."""
    sites: tuple[tuple[str, Part], ...]
    """"" where no site is named."""
    clients: tuple[tuple[Browser | Sdk | None, Part], ...]
    """A browser's family, else an SDK; None of who was refused before saying what it is."""


async def failures(
    asking: Asking, since: float | None = None, until: float | None = None, *, site: str | None = None
) -> list[Failure]:
    """What ended in the period, and failed; what there is most of first. Raises LedgerError."""
    c = connections.c
    conditions: Conditions = [c.failed, c.expires_at + 0 > asking.now()]
    if since is not None:
        conditions.append(c.left_at >= since)
    if until is not None:
        conditions.append(c.left_at <= until)
    if site is not None:
        conditions.append(func.coalesce(c.site, "") == site)
    client = case((c.participant.is_(None), ""), (c.browser != Browser.NONE.value, c.browser), else_=c.sdk)
    each = (
        select(c.outcome, c.stage, c.site, c.identity, c.attempts, c.left_at, client.label("client"))
        .where(c.left_at.is_not(None), *conditions)
        .subquery()
        .c
    )
    kind = (each.outcome, each.stage)
    cells = await asking.rows(
        select(
            *kind,
            each.site,
            each.client,
            func.sum(each.attempts).label("total"),
            func.max(each.left_at).label("last"),
        )
        .group_by(*kind, each.site, each.client)
        .limit(MOST_GROUPS)
    )
    people = await asking.rows(
        select(*kind, func.count(distinct(each.identity)).label("people")).group_by(*kind)
    )
    counted = {(row.outcome, row.stage): int(row.people) for row in people}
    by_kind: dict[tuple[str, str | None], list[Line]] = {}
    for cell in cells:
        by_kind.setdefault((cell.outcome, cell.stage), []).append(cell)
    found = [_failure(*kind, cells, counted.get(kind, 0)) for kind, cells in by_kind.items()]
    return sorted(found, key=lambda one: (-one.count, -one.last))


def _failure(cause: str, stage: str | None, cells: list[Line], people: int) -> Failure:
    sites: dict[str, Part] = {}
    clients: dict[Browser | Sdk | None, Part] = {}
    for cell in cells:
        _add(sites, cell.site, cell)
        _add(clients, _client(cell.client), cell)
    return Failure(
        cause=AttemptCause(cause),
        stage=None if stage is None else Stage(stage),
        count=sum(part.count for part in sites.values()),
        people=people,
        last=max(part.last for part in sites.values()),
        sites=_most_first(sites),
        clients=_most_first(clients),
    )


def _add(parts: dict[_Key, Part], key: _Key, cell: Line) -> None:
    before = parts.get(key, Part(0, cell.last))
    parts[key] = Part(before.count + int(cell.total), max(before.last, cell.last))


def _most_first(parts: dict[_Key, Part]) -> tuple[tuple[_Key, Part], ...]:
    return tuple(sorted(parts.items(), key=lambda one: (-one[1].count, -one[1].last)))


def _client(word: str) -> Browser | Sdk | None:
    """No word is a browser's and an SDK's."""
    if not word:
        return None
    return Browser(word) if word in _BROWSERS else Sdk(word)
