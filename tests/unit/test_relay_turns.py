"""Handshakes take turns: a few steps at a time, in order, and all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from server.relay.turns import AT_ONCE, Turns

MANY = 400


class Course:
    """What ran, in its order; `look` runs whenever the loop looks at everything else."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.looks: list[int] = []
        self.turns = Turns()

    def step(self, name: str) -> Callable[[], None]:
        return lambda: self.ran.append(name)

    async def until(self, steps: int) -> list[str]:
        """Each turn of the loop is a look at everything else."""
        async with asyncio.timeout(5):
            while len(self.ran) < steps:
                await asyncio.sleep(0)
                self.looks.append(len(self.ran))
        return self.ran


async def test_between_looks_at_everything_else_few_steps_run() -> None:
    course = Course()
    for number in range(MANY):
        course.turns.begin(course.step(f"{number}"))
    await course.until(MANY)
    between = [after - before for before, after in zip([0, *course.looks], course.looks, strict=False)]
    assert max(between) == AT_ONCE


async def test_all_get_their_turn_in_the_order_in_which_they_came() -> None:
    course = Course()
    for number in range(MANY):
        course.turns.begin(course.step(f"{number}"))
    assert await course.until(MANY) == [f"{number}" for number in range(MANY)]


async def test_who_has_begun_comes_before_who_has_not() -> None:
    course = Course()
    for number in range(MANY):
        course.turns.begin(course.step(f"new {number}"))
        course.turns.go_on(course.step(f"begun {number}"))
    ran = await course.until(2 * MANY)
    half = [name.partition(" ")[0] for name in ran[:MANY]]
    assert half.count("begun") == MANY * (AT_ONCE - 1) // AT_ONCE


async def test_who_goes_on_and_on_keeps_nobody_out() -> None:
    course = Course()

    def again() -> None:
        course.turns.go_on(again)

    for _ in range(MANY):
        again()
    course.turns.begin(course.step("new"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert course.ran == ["new"]
