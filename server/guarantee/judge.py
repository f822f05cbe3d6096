"""From evidence to a level, with a check for every layer. PURE.

Missing evidence counts as not held, and so does evidence too old to describe now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from server.control.messages import FourWords, Level
from server.guarantee.evidence import Inspection, KernelStatus, MediaTimes, RelayEvidence
from server.guarantee.host import FirewallEvidence, FirewallState

STATUS_SECONDS = 10.0
"""A kernel status older than this says nothing about now."""
FIREWALL_SECONDS = 10.0
"""The same of the host measure, which is read back every two."""
SELF_TEST_SECONDS = 30.0
"""So long may a relay's last repeated probes be ago."""
LANDLOCK_ABI = 4
"""TCP bind and connect are restricted from this ABI on (Linux 6.7)."""
MOST_THREADS = 2
"""The one that a relay was locked with, and the packet thread."""
_SECCOMP_FILTER = 2
"""`Seccomp:` of /proc/PID/status, proc(5)."""


class Source(StrEnum):
    """Who says so, most trustworthy first."""

    KERNEL = "kernel"
    INSPECTED = "inspected"
    SELF_REPORTED = "self-reported"


@dataclass(frozen=True, slots=True)
class Check:
    """One layer of one relay. `observed_at` in seconds since the epoch, None when never observed."""

    name: str
    held: bool
    source: Source
    observed_at: float | None


@dataclass(frozen=True, slots=True)
class FirewallJudgement:
    """The host measure, of one relay or of all. It is beside the lock: no level depends on it, but what the
    statement does not prove does. `state` says why it is not held."""

    held: bool
    state: FirewallState
    observed_at: float | None


WITHOUT_FIREWALL = FirewallJudgement(False, FirewallState.OFF, None)


@dataclass(frozen=True, slots=True)
class RelayJudgement:
    """`filter_digest` is None before the relay has said that it is locked."""

    relay: int
    generation: int
    started_at: float
    filter_digest: bytes | None
    level: Level
    checks: tuple[Check, ...]
    media: MediaTimes | None = None
    firewall: FirewallJudgement = WITHOUT_FIREWALL


@dataclass(frozen=True, slots=True)
class Judgement:
    """`level` is that of the weakest relay; with no relay there is nothing to rely on."""

    level: Level
    relays: tuple[RelayJudgement, ...]

    @property
    def firewall(self) -> FirewallJudgement:
        """Held for every relay, or why not for the first that lacks it."""
        each = [relay.firewall for relay in self.relays]
        lacking = next((one for one in each if not one.held), None)
        if lacking is not None or not each:
            return lacking or WITHOUT_FIREWALL
        return min(each, key=lambda one: one.observed_at or 0.0)


# The only checks that `reduced` may lack; any other that is not held means `none`.
LANDLOCK_CHECKS = frozenset({"landlock", "write_refused_by_landlock"})


def judge(evidence: Sequence[RelayEvidence], now: float) -> Judgement:
    """What is guaranteed at `now`, seconds since the epoch."""
    relays = tuple(judge_relay(one, now) for one in evidence)
    return Judgement(min((relay.level for relay in relays), default=Level.NONE), relays)


def judge_relay(evidence: RelayEvidence, now: float) -> RelayJudgement:
    """All checks of one relay, and the level that those held allow, never above the relay's own claim."""
    checks = (
        *_kernel_checks(evidence.status, _arena_bytes(evidence), now),
        *_inspected_checks(evidence.inspection),
        *_reported_checks(evidence, now),
    )
    missing = {check.name for check in checks if not check.held}
    if not missing:
        level = Level.FULL
    elif missing <= LANDLOCK_CHECKS:
        level = Level.REDUCED
    else:
        level = Level.NONE
    locked = evidence.locked
    return RelayJudgement(
        relay=evidence.relay,
        generation=evidence.generation,
        started_at=evidence.started_at,
        filter_digest=None if locked is None else _bytes(locked.filter_digest),
        level=min(level, Level.NONE if locked is None else locked.level),
        checks=checks,
        media=evidence.media,
        firewall=_firewall(evidence.host_firewall, now),
    )


def _firewall(evidence: FirewallEvidence | None, now: float) -> FirewallJudgement:
    """Read back from the kernel, or not held."""
    if evidence is None:
        return WITHOUT_FIREWALL
    state, observed_at = evidence.state, evidence.observed_at
    if state is FirewallState.HELD and (
        observed_at is None or not _is_fresh(observed_at, now, FIREWALL_SECONDS)
    ):
        state = FirewallState.LOST
    return FirewallJudgement(state is FirewallState.HELD, state, observed_at)


def _bytes(words: FourWords) -> bytes:
    return b"".join(word.to_bytes(8, "big") for word in (words.a, words.b, words.c, words.d))


def _arena_bytes(evidence: RelayEvidence) -> int:
    return evidence.locked.arena_bytes if evidence.locked is not None else 0


def _is_fresh(observed_at: float, now: float, seconds: float) -> bool:
    """A time in the future is no better than an old one, but for a second of clock adjustment."""
    return -1.0 <= now - observed_at <= seconds


def _kernel_checks(status: KernelStatus | None, arena_bytes: int, now: float) -> list[Check]:
    """From /proc/PID/status, limits and tasks, re-read for as long as the relay lives."""
    fresh = status is not None and _is_fresh(status.observed_at, now, STATUS_SECONDS)
    held: dict[str, bool] = {}
    if status is not None:
        held = {
            # Stage 0 alone is a filter too: the mode does not say that the others were set.
            "seccomp": status.seccomp_mode == _SECCOMP_FILTER
            and 0 < status.expected_filters <= status.seccomp_filters,
            "every_thread_locked": status.every_task_locked,
            "no_new_privileges": status.no_new_privs,
            "no_capabilities": status.capabilities == 0,
            "unprivileged_user": status.uid > 0,
            "no_file_can_grow": status.file_size_limit == 0,
            "no_core_dump": status.core_limit == 0,
            "no_message_queue": status.queue_limit == 0,
            "no_further_thread": 0 < status.threads <= MOST_THREADS,
            "not_traced": not status.traced,
            "memory_not_readable": not status.dumpable,
            "not_swapped": status.swapped_kib == 0,
            "media_memory_locked": 0 < arena_bytes <= status.locked_kib * 1024,
        }
    observed_at = status.observed_at if status is not None else None
    return [
        Check(name, fresh and held.get(name, False), Source.KERNEL, observed_at) for name in KERNEL_CHECKS
    ]


def _inspected_checks(inspection: Inspection | None) -> list[Check]:
    """Read from outside once, while the locked relay could still be inspected. It cannot become stale:
    after the lock no call is left that could make a descriptor, a mapping or a thread of these kinds."""
    held: dict[str, bool] = {}
    if inspection is not None:
        held = {
            "one_thread_when_locked": inspection.threads == 1,
            "no_writable_file": inspection.writable_files == 0,
            "no_unexpected_descriptor": inspection.unexpected_descriptors == 0,
            "no_io_uring": inspection.io_uring_rings == 0,
            "no_shared_writable_memory": inspection.shared_writable_maps == 0,
            "no_writable_code": inspection.writable_executable_maps == 0,
            "no_media_library": inspection.media_libraries == 0,
            "no_other_process": inspection.other_processes == 0,
        }
    observed_at = inspection.observed_at if inspection is not None else None
    return [Check(name, held.get(name, False), Source.INSPECTED, observed_at) for name in INSPECTED_CHECKS]


def _reported_checks(evidence: RelayEvidence, now: float) -> list[Check]:
    """The relay's own word: what cannot be read from outside once it is not dumpable."""
    locked, status, test = evidence.locked, evidence.status, evidence.self_test
    test_at = evidence.self_test_at if test is not None else None
    tested = test_at is not None and _is_fresh(test_at, now, SELF_TEST_SECONDS)
    # The kernel's count of filters corroborates the claim that the digest covers.
    filters_agree = (
        locked is not None and status is not None and 0 < locked.seccomp_filters <= status.seccomp_filters
    )
    held = {
        "landlock": locked is not None and locked.landlock_abi >= LANDLOCK_ABI,
        "write_refused_by_landlock": locked is not None and locked.write_canary_refused,
        "filters_as_counted_by_kernel": filters_agree,
        "media_memory_fixed": locked is not None and locked.arena_locked,
        "opening_refused_again": tested and test is not None and test.open_refused,
        "connecting_refused_again": tested and test is not None and test.socket_refused,
        "own_status_unchanged": tested and test is not None and test.status_unchanged,
    }
    at_birth = evidence.started_at if locked is not None else None
    repeated = {"opening_refused_again", "connecting_refused_again", "own_status_unchanged"}
    return [
        Check(name, held[name], Source.SELF_REPORTED, test_at if name in repeated else at_birth)
        for name in REPORTED_CHECKS
    ]


KERNEL_CHECKS = (
    "seccomp",
    "every_thread_locked",
    "no_new_privileges",
    "no_capabilities",
    "unprivileged_user",
    "no_file_can_grow",
    "no_core_dump",
    "no_message_queue",
    "no_further_thread",
    "not_traced",
    "memory_not_readable",
    "not_swapped",
    "media_memory_locked",
)
INSPECTED_CHECKS = (
    "one_thread_when_locked",
    "no_writable_file",
    "no_unexpected_descriptor",
    "no_io_uring",
    "no_shared_writable_memory",
    "no_writable_code",
    "no_media_library",
    "no_other_process",
)
REPORTED_CHECKS = (
    "landlock",
    "write_refused_by_landlock",
    "filters_as_counted_by_kernel",
    "media_memory_fixed",
    "opening_refused_again",
    "connecting_refused_again",
    "own_status_unchanged",
)
