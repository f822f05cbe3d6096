"""The level that the evidence allows, whatever the statement's word `level` says (docs/statement.md,
"Checking")."""

from __future__ import annotations

from client_demo.desktop.guarantee.statement import (
    LEVELS,
    Check,
    Level,
    Relay,
    Source,
    Statement,
    age_seconds,
)

_BY_SOURCE: dict[Source, tuple[str, ...]] = {
    "kernel": (
        "seccomp", "every_thread_locked", "no_new_privileges", "no_capabilities", "unprivileged_user",
        "no_file_can_grow", "no_core_dump", "no_message_queue", "no_further_thread", "not_traced",
        "memory_not_readable", "not_swapped", "media_memory_locked",
    ),
    "inspected": (
        "one_thread_when_locked", "no_writable_file", "no_unexpected_descriptor", "no_io_uring",
        "no_shared_writable_memory", "no_writable_code", "no_media_library", "no_other_process",
    ),
    "self-reported": (
        "landlock", "write_refused_by_landlock", "filters_as_counted_by_kernel", "media_memory_fixed",
        "opening_refused_again", "connecting_refused_again", "own_status_unchanged",
    ),
}  # fmt: skip
REQUIRED: dict[str, Source] = {name: source for source, names in _BY_SOURCE.items() for name in names}
"""Every check, and who has to vouch for it."""

OF_LANDLOCK = {"landlock", "write_refused_by_landlock"}
"""Without these alone the level is `reduced`."""

KERNEL_SECONDS = 10.0
"""The kernel is asked again and again: an older answer is none."""


def shown_level(statement: Statement) -> Level:
    """The lowest of what is stated and of what each relay shows; `none` where there is no relay."""
    shown = [statement.level, *(relay.level for relay in statement.relays)]
    shown += [_level(relay, statement.iat) for relay in statement.relays] or ["none"]
    return min(shown, key=LEVELS.index)


def is_held(check: Check, issued_at: int) -> bool:
    """Held, vouched for by whom it has to be, and of now where the kernel was asked."""
    expected = REQUIRED.get(check.name)
    if not check.held or (expected is not None and check.source != expected):
        return False
    age = age_seconds(check.observed_at, issued_at)
    return expected != "kernel" or (age is not None and -2.0 <= age <= KERNEL_SECONDS)


def lacking(relay: Relay, issued_at: int) -> set[str]:
    """Names of the checks that are missing, or not held."""
    told = {check.name for check in relay.checks}
    failed = {check.name for check in relay.checks if not is_held(check, issued_at)}
    return (REQUIRED.keys() - told) | failed


def _level(relay: Relay, issued_at: int) -> Level:
    missing = lacking(relay, issued_at)
    if not missing:
        return "full"
    return "reduced" if missing <= OF_LANDLOCK else "none"
