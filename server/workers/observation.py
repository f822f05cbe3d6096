"""What is observed of one relay, from its birth on, and what of it is no longer as it must be."""

from __future__ import annotations

import time
from typing import Final

from server.control.messages import Level, Locked, SelfTest
from server.guarantee.evidence import Inspection, KernelStatus
from server.workers import faults, inspect, status
from server.workers.faults import Fault
from server.workers.proc import InspectionError

UNTESTED: Final = 30.0
"""Seconds without the repeated probes after which they count as failed; they are due every ten."""
UNOBSERVED: Final = 10.0
"""Seconds without the kernel's account after which nothing is known of a relay any more."""


class Observation:
    """The latest of each kind. What is asked of the kernel raises InspectionError where it does not tell."""

    def __init__(self) -> None:
        self.inspection: Inspection | None = None
        self.status: KernelStatus | None = None
        self.self_test: SelfTest | None = None
        self.self_test_at: float | None = None  # seconds since the epoch
        self._tested_at = self._observed_at = time.monotonic()

    def at_birth(self, pid: int, level: Level, tcp_port: int) -> list[Fault]:
        """What is wrong with a relay that is locked, waits and can still be looked into."""
        self.inspection = inspect.inspect(pid, tcp_port)
        self.status = status.read_status(pid)
        return faults.birth_faults(self.inspection, self.status, level)

    def serves(self) -> None:
        """From now on its probes are waited for."""
        self._tested_at = time.monotonic()

    def of_now(self, pid: int, locked: Locked) -> list[Fault]:
        """What is wrong with a relay that has proceeded, by the kernel's account of this moment."""
        self.status = status.read_status(pid)
        self._observed_at = time.monotonic()
        traced = status.are_we_traced()
        return faults.serving_faults(self.status, locked.level, locked.arena_bytes, may_be_traced=traced)

    def tested(self, test: SelfTest) -> list[Fault]:
        """What is wrong by its own word."""
        self.self_test = test
        self.self_test_at, self._tested_at = time.time(), time.monotonic()
        return faults.self_test_faults(test)

    def drift(self, pid: int, locked: Locked, *, may_hide: bool) -> list[Fault]:
        """What is no longer observed. A moment without an account is none: the end of the process tells.

        `may_hide` where no level is asked for, and nothing need be observable.
        """
        now = time.monotonic()
        if now - self._tested_at > UNTESTED:
            return [Fault.SELF_TEST_MISSING]
        try:
            return self.of_now(pid, locked)
        except InspectionError:
            return [Fault.HIDDEN] if not may_hide and now - self._observed_at > UNOBSERVED else []
