"""A timer that is set and taken back again and again rings when it should, and leaves nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from server.relay.alarm import Alarm


class Loop:
    """An event loop's clock and timers, and when the alarm rang."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[asyncio.TimerHandle] = []
        self.made = 0
        self.rang: list[float] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: object) -> asyncio.TimerHandle:
        timer = asyncio.TimerHandle(when, callback, (), self)  # type: ignore[arg-type]
        self.timers.append(timer)
        self.made += 1
        return timer

    def _timer_handle_cancelled(self, timer: asyncio.TimerHandle) -> None:
        self.timers.remove(timer)

    def get_debug(self) -> bool:
        return False

    def pass_to(self, now: float) -> None:
        """Every timer rings at its time."""
        while due := [timer for timer in self.timers if timer.when() <= now]:
            first = min(due, key=asyncio.TimerHandle.when)
            self.now = first.when()
            self.timers.remove(first)
            first._run()
        self.now = now


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loop]:
    made = Loop()
    with monkeypatch.context() as patched:
        patched.setattr(asyncio, "get_running_loop", lambda: made)
        yield made


@pytest.fixture
def alarm(loop: Loop) -> Alarm:
    return Alarm(lambda: loop.rang.append(loop.now))


def test_it_rings_once_at_its_time(loop: Loop, alarm: Alarm) -> None:
    alarm.set(3)
    loop.pass_to(10)
    assert loop.rang == [3]
    assert loop.timers == []


def test_what_is_taken_back_does_not_ring(loop: Loop, alarm: Alarm) -> None:
    alarm.set(3)
    alarm.clear()
    loop.pass_to(10)
    assert loop.rang == []
    assert loop.timers == []


def test_a_later_time_counts_and_makes_one_timer_more_at_most(loop: Loop, alarm: Alarm) -> None:
    for second in range(3):
        loop.pass_to(second)
        alarm.set(3)
    loop.pass_to(10)
    assert loop.rang == [5]
    assert loop.made == 2


def test_an_earlier_time_counts(loop: Loop, alarm: Alarm) -> None:
    alarm.set(8)
    alarm.set(2)
    loop.pass_to(10)
    assert loop.rang == [2]


def test_a_thousand_times_in_one_wait_make_one_timer(loop: Loop, alarm: Alarm) -> None:
    for _ in range(1000):
        alarm.set(3)
        alarm.clear()
    assert loop.made == 1


def test_it_rings_again_after_it_rang(loop: Loop, alarm: Alarm) -> None:
    alarm.set(1)
    loop.pass_to(2)
    alarm.set(1)
    loop.pass_to(10)
    assert loop.rang == [1, 3]


def test_nothing_is_left_after_its_end(loop: Loop, alarm: Alarm) -> None:
    alarm.set(3)
    alarm.end()
    assert loop.timers == []
    loop.pass_to(10)
    assert loop.rang == []
