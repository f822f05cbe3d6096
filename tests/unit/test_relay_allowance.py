"""Signaling never counts less than an honest relay does, whatever is on the way between them."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from server.control.budget import MOST, STATS_EVERY, Budget
from server.control.messages import CreateProducer, GetStats, MediaKind, Request
from server.workers.allowance import SLACK, Allowance

CREATE = CreateProducer(1, 1, MediaKind.AUDIO, "0", [], [], [])
STEP = 0.05


@dataclass
class Wire:
    """Signaling, an honest relay that says all it may, and what is on the way between them."""

    draw: random.Random
    now: float = 0.0
    next_question: float = 0.0
    down: deque[tuple[float, Request]] = field(default_factory=deque)
    up: deque[tuple[float, bool]] = field(default_factory=deque)  # when it was said, and whether it is Stats
    due: deque[bool] = field(default_factory=deque)  # what the relay has to tell, in order

    def __post_init__(self) -> None:
        self.relay, self.signaling = Budget(0.0), Allowance(0.0)

    def ask(self, request: Request) -> None:
        self.signaling.sent(request)
        self.down.append((self.now, request))

    def step(self, latency: float) -> None:
        """Requests and words of longer ago than `latency` arrive, some of them."""
        self.now += STEP
        if self.now >= self.next_question:
            self.next_question = self.now + STATS_EVERY
            self.ask(GetStats(1))
        for _ in range(self.draw.randrange(4000)):
            if not self.down or self.down[0][0] > self.now - latency:
                break
            request = self.down.popleft()[1]
            self.relay.earn(request)
            self.due += [True] if isinstance(request, GetStats) else [False] * 5
            self.tell()
        self.tell()
        while self.up and self.up[0][0] <= self.now - latency * self.draw.random():
            is_stats = self.up.popleft()[1]
            assert self.signaling.spend(self.now)
            if is_stats:
                self.signaling.answered()

    def tell(self) -> None:
        while self.due and self.relay.spend(self.now):
            self.up.append((self.now, self.due.popleft()))


@pytest.mark.parametrize("seed", range(8))
def test_signaling_counts_at_least_what_the_relay_counts(seed: int) -> None:
    draw = random.Random(seed)
    wire = Wire(draw)
    for _ in range(150):
        if draw.random() < 0.05:
            for _ in range(draw.randrange(2000)):
                wire.ask(CREATE)
        wire.step(draw.choice((0.0, 0.1, 1.0)))


def _spendable(spend: Callable[[float], bool], now: float) -> int:
    count = 0
    while spend(now):
        count += 1
    return count


def test_no_more_is_saved_up_than_may_be_once_everything_has_arrived() -> None:
    allowance = Allowance(0.0)
    for _ in range(1000):
        allowance.sent(CREATE)
    allowance.sent(GetStats(1))
    assert allowance.spend(0.0)
    allowance.answered()
    assert _spendable(allowance.spend, 1e9) == MOST + SLACK


def test_what_was_sent_after_a_question_is_not_capped_by_its_answer() -> None:
    allowance = Allowance(0.0)
    allowance.sent(GetStats(1))
    for _ in range(1000):
        allowance.sent(CREATE)
    assert allowance.spend(0.0)
    allowance.answered()
    assert _spendable(allowance.spend, 0.0) > 6000
