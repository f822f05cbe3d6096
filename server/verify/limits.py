"""Ways out that are narrow and not closed: how much gets through, measured on this machine or computed.

A locked process signals by what it does with its time; a process beside it looks on. Sixty-four random bits
are sent; the bits that arrive wrong lower the figure, as they lower what such a channel can carry.
"""

from __future__ import annotations

import math
import os
import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import median_low

from server.control import budget
from server.verify.attack import YES, Attack, Group, Scene
from server.verify.measures import HIDDEN_PROCESSES, OWN_PROCESSORS, HostMeasure
from server.verify.wire import How, Measured, Outcome

_BITS = 64
_LEAD = 0.05  # seconds until the first bit
_ACCOUNT_SLOT, _CONTENTION_SLOT = 0.02, 0.025  # seconds a bit; that account is kept by ticks of up to 10 ms
_MIB = 1024 * 1024
THINGS = 1000
"""Identifiers that a relay of a large server has to name."""


def _sent(scene: Scene) -> list[bool]:
    drawn = random.Random(scene.marker)  # noqa: S311 - both sides must draw the same
    return [drawn.random() < 0.5 for _ in range(_BITS)]


def _send_by_time(slot: float) -> Callable[[Scene], bytes]:
    def send(scene: Scene) -> bytes:
        """Busy for a one, idle for a zero, in a thread; the word is when it begins."""
        start = time.monotonic() + _LEAD
        never = threading.Event()

        def work() -> None:
            for position, bit in enumerate(_sent(scene)):
                end = start + (position + 1) * slot
                if bit:
                    while time.monotonic() < end:
                        pass
                else:
                    never.wait(end - time.monotonic())
            never.wait()  # a thread that has ended is in no account

        threading.Thread(target=work, daemon=True).start()
        return str(start).encode()

    return send


def capacity(errors: float, slot: float) -> float:
    """Bits per second of a binary symmetric channel with that share of wrong bits."""
    share = min(errors, 1 - errors)
    if share == 0:
        return 1 / slot
    return (1 + share * math.log2(share) + (1 - share) * math.log2(1 - share)) / slot


def _wrong(scene: Scene, seen: list[float]) -> float:
    """The share of wrong bits, where more than the middle one is a one: about half of them are."""
    middle = median_low(seen)
    pairs = zip(seen, _sent(scene), strict=True)
    return sum((amount > middle) != bit for amount, bit in pairs) / _BITS


def _account(pid: int) -> float:
    """Nanoseconds on a processor, of all threads, by the kernel's account that anybody may read."""
    tasks = Path(f"/proc/{pid}/task")
    return sum(float((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir())


def _start(scene: Scene) -> float:
    if not scene.word:
        raise OSError("it did not begin")
    return float(scene.word)


def _watch_account(scene: Scene, slot: float) -> list[float]:
    start, seen = _start(scene), []
    for position in range(_BITS + 1):
        time.sleep(max(0.0, start + position * slot - time.monotonic()))
        seen.append(_account(scene.pid))
    return [later - earlier for earlier, later in pairwise(seen)]


def _watch_contention(scene: Scene, slot: float) -> list[float]:
    """How far a loop gets in each slot on the same processor: less while the other is busy."""
    start, seen = _start(scene), []
    time.sleep(max(0.0, start - time.monotonic()))
    for position in range(_BITS):
        end, rounds = start + (position + 1) * slot, 0
        while time.monotonic() < end:
            rounds += 1
        seen.append(-float(rounds))
    return seen


def _one_processor(scene: Scene) -> None:
    allowed = os.sched_getaffinity(0)
    scene.things["processors"] = ",".join(map(str, allowed)).encode()
    os.sched_setaffinity(0, {min(allowed)})


def _all_processors(scene: Scene) -> None:
    os.sched_setaffinity(0, set(map(int, scene.things["processors"].split(b","))))


def _measure(
    subject: str,
    slot: float,
    watch: Callable[[Scene, float], list[float]],
    closed_by: HostMeasure,
    went: Callable[[Attack], Outcome],
    *,
    pinned: bool = False,
) -> Measured:
    wrong: list[float] = []

    def judged(scene: Scene) -> bool:
        wrong.append(_wrong(scene, watch(scene, slot)))
        return True

    attack = Attack("limit", Group.SHOWN, _send_by_time(slot), judged)
    if pinned:
        attack = replace(attack, stage=_one_processor, restore=_all_processors)
    outcome = went(attack)
    if not wrong:
        return Measured(subject, How.MEASURED, None, f"could not be measured: {outcome.how}", closed_by.name)
    note = f"{_BITS} bits at {1 / slot:.0f} a second, {wrong[0]:.0%} of them wrong"
    return Measured(subject, How.MEASURED, round(capacity(wrong[0], slot), 1), note, closed_by.name)


def _fill(_scene: Scene) -> bytes:
    """New memory of the process, written to, as what passes through Python is."""
    _kept.append(bytearray(os.urandom(_MIB)))
    return YES


_kept: list[bytearray] = []


def _new_memory(went: Callable[[Attack], Outcome]) -> Measured:
    kib: list[int] = []

    def judged(scene: Scene) -> bool:
        told = Path(f"/proc/{scene.pid}/status").read_text().splitlines()
        kib.append(int(next(line for line in told if line.startswith("VmLck")).split()[1]))
        return True

    outcome = went(Attack("limit", Group.SHOWN, _fill, judged))
    note = f"could not be measured: {outcome.how}"
    if kib:
        note = f"not locked, so swap could take it: locked are {kib[0]} KiB, the arena, after 1 MiB more"
    return Measured("memory beside the arena", How.MEASURED, None, note)


def limits(went: Callable[[Attack], Outcome]) -> list[Measured]:
    """`went` runs something in a process with the whole lock."""
    return [
        _measure("processor time in /proc", _ACCOUNT_SLOT, _watch_account, HIDDEN_PROCESSES, went),
        _measure(
            "contention for a processor",
            _CONTENTION_SLOT,
            _watch_contention,
            OWN_PROCESSORS,
            went,
            pinned=True,
        ),
        _new_memory(went),
        Measured(
            "the choice of words to signaling",
            How.COMPUTED,
            round(budget.bits_per_second(THINGS), 1),
            f"in the long run, with {THINGS} things to name; a relay that says more is killed",
        ),
        Measured(
            "sizes and moments of packets",
            How.STATED,
            None,
            "not bounded: who sees a participant's packets and works with the relay could read them",
        ),
    ]
