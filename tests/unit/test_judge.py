"""From evidence to a level: only what is observed, and observed recently, counts as held."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from server.control.messages import FourWords, Level, Locked, SelfTest
from server.guarantee.evidence import Inspection, KernelStatus, RelayEvidence
from server.guarantee.judge import (
    INSPECTED_CHECKS,
    KERNEL_CHECKS,
    REPORTED_CHECKS,
    SELF_TEST_SECONDS,
    STATUS_SECONDS,
    judge,
    judge_relay,
)

NOW = 1_700_000_000.0
MIB = 1024 * 1024

STATUS = KernelStatus(
    observed_at=NOW - 1,
    seccomp_mode=2,
    seccomp_filters=4,
    expected_filters=4,
    no_new_privs=True,
    capabilities=0,
    uid=61234,
    file_size_limit=0,
    core_limit=0,
    queue_limit=0,
    swapped_kib=0,
    locked_kib=8 * 1024,
    threads=2,
    every_task_locked=True,
    traced=False,
    dumpable=False,
)
INSPECTION = Inspection(
    observed_at=NOW - 100,
    threads=1,
    writable_files=0,
    unexpected_descriptors=0,
    io_uring_rings=0,
    shared_writable_maps=0,
    writable_executable_maps=0,
    media_libraries=0,
    other_processes=0,
)
LOCKED = Locked(
    level=Level.FULL,
    landlock_abi=7,
    seccomp_filters=4,
    filter_digest=FourWords(1, 2, 3, 4),
    write_canary_refused=True,
    arena_bytes=8 * MIB,
    arena_locked=True,
    lock_microseconds=900,
)
SELF_TEST = SelfTest(open_refused=True, socket_refused=True, status_unchanged=True)
FULL = RelayEvidence(
    relay=1,
    generation=1,
    pid=4242,
    started_at=NOW - 100,
    locked=LOCKED,
    inspection=INSPECTION,
    status=STATUS,
    self_test=SELF_TEST,
    self_test_at=NOW - 2,
)


def locked(**changes: object) -> RelayEvidence:
    values = {name: getattr(LOCKED, name) for name in LOCKED.__struct_fields__}
    return replace(FULL, locked=Locked(**{**values, **changes}))


def not_held(evidence: RelayEvidence) -> set[str]:
    return {check.name for check in judge_relay(evidence, NOW).checks if not check.held}


def test_all_observed_is_full() -> None:
    judged = judge([FULL], NOW)
    assert judged.level is Level.FULL
    assert [check.name for check in judged.relays[0].checks] == [
        *KERNEL_CHECKS,
        *INSPECTED_CHECKS,
        *REPORTED_CHECKS,
    ]
    assert not_held(FULL) == set()


STATUS_FAULTS: dict[str, tuple[Any, str]] = {
    "seccomp_mode": (1, "seccomp"),
    "seccomp_filters": (1, "seccomp"),  # stage 0 alone
    "expected_filters": (0, "seccomp"),
    "no_new_privs": (False, "no_new_privileges"),
    "capabilities": (1 << 21, "no_capabilities"),
    "uid": (0, "unprivileged_user"),
    "file_size_limit": (1, "no_file_can_grow"),
    "core_limit": (1, "no_core_dump"),
    "swapped_kib": (4, "not_swapped"),
    "locked_kib": (8 * 1024 - 1, "media_memory_locked"),
    "every_task_locked": (False, "every_thread_locked"),
    "queue_limit": (1, "no_message_queue"),
    "threads": (3, "no_further_thread"),
    "traced": (True, "not_traced"),
    "dumpable": (True, "memory_not_readable"),
    "observed_at": (NOW - STATUS_SECONDS - 0.1, "seccomp"),
}
INSPECTION_FAULTS: dict[str, tuple[Any, str]] = {
    "threads": (2, "one_thread_when_locked"),
    "writable_files": (1, "no_writable_file"),
    "unexpected_descriptors": (1, "no_unexpected_descriptor"),
    "io_uring_rings": (1, "no_io_uring"),
    "shared_writable_maps": (1, "no_shared_writable_memory"),
    "writable_executable_maps": (1, "no_writable_code"),
    "media_libraries": (1, "no_media_library"),
    "other_processes": (1, "no_other_process"),
}


def test_every_observation_is_judged() -> None:
    assert set(STATUS_FAULTS) == {field.name for field in fields(KernelStatus)}
    assert set(INSPECTION_FAULTS) == {field.name for field in fields(Inspection)} - {"observed_at"}


@pytest.mark.parametrize("name", STATUS_FAULTS)
def test_any_fault_the_kernel_shows_leaves_nothing(name: str) -> None:
    value, check = STATUS_FAULTS[name]
    evidence = replace(FULL, status=replace(STATUS, **{name: value}))
    assert check in not_held(evidence)
    assert judge([evidence], NOW).level is Level.NONE


@pytest.mark.parametrize("name", INSPECTION_FAULTS)
def test_any_fault_the_inspection_shows_leaves_nothing(name: str) -> None:
    value, check = INSPECTION_FAULTS[name]
    evidence = replace(FULL, inspection=replace(INSPECTION, **{name: value}))
    assert not_held(evidence) == {check}
    assert judge([evidence], NOW).level is Level.NONE


@pytest.mark.parametrize("name", SELF_TEST.__struct_fields__)
def test_any_probe_that_was_not_refused_leaves_nothing(name: str) -> None:
    held = {field: field != name for field in SELF_TEST.__struct_fields__}
    evidence = replace(FULL, self_test=SelfTest(**held))
    assert len(not_held(evidence)) == 1
    assert judge([evidence], NOW).level is Level.NONE


@pytest.mark.parametrize(
    ("missing", "checks"),
    [
        ("status", {*KERNEL_CHECKS, "filters_as_counted_by_kernel"}),
        ("inspection", set(INSPECTED_CHECKS)),
        ("self_test", {"opening_refused_again", "connecting_refused_again", "own_status_unchanged"}),
        ("self_test_at", {"opening_refused_again", "connecting_refused_again", "own_status_unchanged"}),
        (
            "locked",
            {
                "landlock",
                "write_refused_by_landlock",
                "filters_as_counted_by_kernel",
                "media_memory_fixed",
                "media_memory_locked",
            },
        ),
    ],
)
def test_missing_evidence_counts_as_not_held(missing: str, checks: set[str]) -> None:
    nothing: dict[str, Any] = {missing: None}
    evidence = replace(FULL, **nothing)
    assert not_held(evidence) == checks
    assert judge([evidence], NOW).level is Level.NONE


@pytest.mark.parametrize(
    ("age", "held"),
    [(0, True), (STATUS_SECONDS, True), (STATUS_SECONDS + 0.1, False), (-0.5, True), (-5, False)],
)
def test_an_old_kernel_status_says_nothing_about_now(age: float, held: bool) -> None:
    evidence = replace(FULL, status=replace(STATUS, observed_at=NOW - age))
    assert (not_held(evidence) == set()) is held
    assert judge([evidence], NOW).level is (Level.FULL if held else Level.NONE)


@pytest.mark.parametrize(("age", "held"), [(SELF_TEST_SECONDS, True), (SELF_TEST_SECONDS + 0.1, False)])
def test_an_old_self_test_says_nothing_about_now(age: float, held: bool) -> None:
    evidence = replace(FULL, self_test_at=NOW - age)
    assert (judge([evidence], NOW).level is Level.FULL) is held


@pytest.mark.parametrize("change", [{"landlock_abi": 3}, {"landlock_abi": 0, "write_canary_refused": False}])
def test_without_landlock_it_is_reduced(change: dict[str, object]) -> None:
    assert judge([locked(**change)], NOW).level is Level.REDUCED


def test_without_landlock_nothing_else_may_be_missing() -> None:
    evidence = replace(locked(landlock_abi=0), status=replace(STATUS, core_limit=1))
    assert judge([evidence], NOW).level is Level.NONE


def test_memory_that_is_not_locked_leaves_nothing() -> None:
    assert judge([locked(arena_locked=False)], NOW).level is Level.NONE
    assert judge([locked(arena_bytes=0)], NOW).level is Level.NONE


def test_more_filters_claimed_than_the_kernel_counts() -> None:
    assert not_held(locked(seccomp_filters=5)) == {"filters_as_counted_by_kernel"}


@pytest.mark.parametrize("claim", Level)
def test_never_above_the_relays_own_claim(claim: Level) -> None:
    assert judge([locked(level=claim)], NOW).level is claim


def test_the_weakest_relay_decides() -> None:
    reduced = replace(locked(landlock_abi=0), relay=2)
    assert judge([FULL, reduced], NOW).level is Level.REDUCED
    assert judge([reduced, FULL, replace(FULL, relay=3, status=None)], NOW).level is Level.NONE


def test_without_relays_there_is_nothing_to_rely_on() -> None:
    assert judge([], NOW).level is Level.NONE
