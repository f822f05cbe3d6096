"""Aggregates: right, and in no way that shows a group of fewer people than the minimum."""

from __future__ import annotations

from collections import Counter as Counted
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from server.metadata.asking import Asking
from server.metadata.groups import Group, Shown, fold, small
from server.metadata.rows.operation import RelayBorn
from server.metadata.rows.sessions import ParticipantActive, ParticipantJoined, ParticipantLeft
from server.metadata.stats import Period, Stats, stats
from server.metadata.store import Ledger
from server.metadata.words import Browser, GuaranteeLevel, LeaveReason
from tests.unit.ledger import Clock

Rows = Sequence[tuple[str, int]]
"""Of each session: its group, and who it is."""


def shown(rows: Rows, least: int) -> Shown:
    people: dict[str, set[int]] = {}
    for name, person in rows:
        people.setdefault(name, set()).add(person)
    counts = Counted(name for name, _ in rows)
    groups = [Group(name, counts[name], len(who)) for name, who in people.items()]
    names = small(groups, least)
    return fold(groups, least, len(set[int]().union(*(people[name] for name in names))))


@given(
    st.lists(st.tuples(st.sampled_from("abcdefg"), st.integers(0, 12)), max_size=60),
    st.integers(2, 6),
)
@example([*(("a", person) for person in range(9)), ("b", 1)], 5)  # one small group: the total would tell it
@example(
    [*(("a", person) for person in range(9)), *((name, 1) for name in "bcdefg")], 5
)  # many, of one person
def test_no_small_group_is_shown_nor_left_over(rows: list[tuple[str, int]], least: int) -> None:
    found = shown(rows, least)
    people = {name: {who for group, who in rows if group == name} for name, _ in rows}
    named = {name for name, _ in found.groups}
    hidden = people.keys() - named
    assert all(len(people[name]) >= least for name in named)
    if not found.enough:
        assert (found.groups, found.others) == ((), 0)
        return
    assert sum(count for _, count in found.groups) + found.others == len(rows)
    if hidden:
        assert len(hidden) >= 2, "what is missing from the total would be one group"
        assert len(set[int]().union(*(people[name] for name in hidden))) >= least


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 30)), min_size=1, max_size=60))
def test_nothing_is_hidden_without_need(rows: list[tuple[str, int]]) -> None:
    people = {name: {who for group, who in rows if group == name} for name, _ in rows}
    if all(len(who) >= 5 for who in people.values()):
        assert dict(shown(rows, 5).groups) == Counted(name for name, _ in rows)


async def _stats(url: str, clock: Clock, period: Period | None = None, least: int = 5) -> Stats:
    async with aclosing(Asking(url, clock=clock)) as asking:
        return await stats(asking, period or Period(), least)


def _session(
    ledger: Ledger, number: int, person: str, browser: Browser, *how: LeaveReason | int | None
) -> None:
    """`how` it ended, and the milliseconds that joining took; None for neither."""
    end, took = how
    names: dict[str, Any] = {"room": "garden", "identity": person, "participant": f"PA_{number:08d}"}
    ledger.record(ParticipantJoined(**names, browser=browser))
    if isinstance(took, int):
        ledger.record(ParticipantActive(**names, join_milliseconds=took))
    if isinstance(end, LeaveReason):
        ledger.record(ParticipantLeft(**names, reason=end, milliseconds=1000))


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def test_sessions_by_outcome_client_and_time(url: str, clock: Clock) -> None:
    ledger = await Ledger.open(url, clock=clock)
    for number in range(20):
        _session(ledger, number, f"p{number}", Browser.CHROME, LeaveReason.CLIENT_LEFT, 300 + number)
    for number in range(20, 30):
        _session(ledger, number, f"p{number}", Browser.FIREFOX, LeaveReason.NEVER_READY, None)
    for number in range(30, 36):
        _session(ledger, number, f"p{number}", Browser.CHROME, None, 5_000)
    ledger.record(RelayBorn(relay=1, generation=1, level=GuaranteeLevel.FULL))
    await ledger.flush()
    found = await _stats(url, clock)
    assert (found.joins, found.people) == (36, 36)
    assert found.outcomes.groups == (
        ("client_left", 20),
        ("never_ready at unknown", 10),
        ("connected", 6),
    )
    assert found.clients == Shown(True, (("chrome", 26), ("firefox", 10)))
    assert (found.join_p50, found.join_p95) == (310, 5_000)
    assert (found.relays_born, found.relays_lost) == ({"full": 1}, {})
    await ledger.close()


async def test_one_person_is_no_group_however_many_sessions(url: str, clock: Clock) -> None:
    ledger = await Ledger.open(url, clock=clock)
    for number in range(10):
        _session(ledger, number, f"p{number}", Browser.CHROME, LeaveReason.CLIENT_LEFT, 300)
    for number in range(10, 40):
        _session(ledger, number, "ada", Browser.SAFARI, LeaveReason.CONNECTION_LOST, 9_000)
    await ledger.flush()
    found = await _stats(url, clock)
    assert found.joins == 40
    assert found.clients == Shown(True, (), 40)
    assert found.outcomes == Shown(True, (), 40)
    assert (found.join_p50, found.join_p95) == (None, None)
    await ledger.close()


async def test_few_people_are_not_counted_at_all(url: str, clock: Clock) -> None:
    ledger = await Ledger.open(url, clock=clock)
    for number in range(4):
        _session(ledger, number, f"p{number}", Browser.CHROME, LeaveReason.CLIENT_LEFT, 300)
    await ledger.flush()
    found = await _stats(url, clock)
    assert (found.joins, found.people, found.join_p50) == (None, None, None)
    assert not found.outcomes.enough
    assert (await _stats(url, clock, least=4)).joins == 4
    await ledger.close()


async def test_a_period_and_a_room(url: str, clock: Clock) -> None:
    ledger = await Ledger.open(url, clock=clock)
    begin = clock.now
    for number in range(10):
        _session(ledger, number, f"p{number}", Browser.CHROME, LeaveReason.CLIENT_LEFT, 300)
        clock.now += 60
    await ledger.flush()
    assert (await _stats(url, clock, Period(since=begin + 300))).joins == 5
    assert (await _stats(url, clock, Period(until=begin + 360))).joins == 7
    assert (await _stats(url, clock, Period(room="kitchen"))).joins is None
    assert (await _stats(url, clock, Period(room="garden"))).joins == 10
    await ledger.close()
