"""What makes a relay unacceptable, at birth and later, in closed words. PURE."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from server.control.messages import Level, SelfTest
from server.errors import RelayError, RelayFault
from server.guarantee.evidence import Inspection, KernelStatus
from server.guarantee.judge import MOST_THREADS
from server.workers.users import ROOT

SECCOMP_FILTER_MODE: Final = 2
"""`Seccomp:` of /proc/PID/status, proc(5)."""
UNKNOWN_CALL: Final = "unknown"
"""The kernel's log cannot be read, or did not say."""


class Fault(StrEnum):
    """Why a relay is not what it should be. A closed list: these go into logs and into the ledger."""

    GONE = "gone"
    HIDDEN = "hidden"
    NO_FILTERS = "no_filters"
    FEW_FILTERS = "few_filters"
    NEW_PRIVILEGES = "new_privileges"
    ROOT = "root"
    CAPABILITIES = "capabilities"
    FILE_SIZE_LIMIT = "file_size_limit"
    CORE_LIMIT = "core_limit"
    QUEUE_LIMIT = "queue_limit"
    NOTHING_LOCKED = "nothing_locked"
    UNLOCKED_THREAD = "unlocked_thread"
    THREADS = "threads"
    TRACED = "traced"
    DUMPABLE = "dumpable"
    WRITABLE_FILE = "writable_file"
    UNEXPECTED_DESCRIPTOR = "unexpected_descriptor"
    RING = "ring"
    SHARED_MAP = "shared_map"
    WRITABLE_CODE = "writable_code"
    MEDIA_LIBRARY = "media_library"
    OTHER_PROCESS = "other_process"
    OPENING_ALLOWED = "opening_allowed"
    CONNECTING_ALLOWED = "connecting_allowed"
    OWN_STATUS_CHANGED = "own_status_changed"
    SELF_TEST_MISSING = "self_test_missing"


class Tripped(RelayError):
    """A relay made a call that no relay makes, and the kernel killed it. `call` is a name of the policy."""

    def __init__(self, call: str) -> None:
        super().__init__(f"it was killed at a forbidden system call: {call}", RelayFault.TRIPWIRE)
        self.call = call


class Drifted(RelayError):
    """A layer of a serving relay's lock is no longer observed."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(f"its lock has drifted: {', '.join(faults)}", RelayFault.DRIFTED)
        self.faults = tuple(faults)


def birth_faults(inspection: Inspection, status: KernelStatus, level: Level) -> list[Fault]:
    """Of a relay that is locked, waits and can still be looked into; empty is acceptable."""
    return _lock_faults(status, level) + _inspection_faults(inspection)


def serving_faults(
    status: KernelStatus, level: Level, arena_bytes: int, *, may_be_traced: bool = False
) -> list[Fault]:
    """Of a relay that has proceeded; empty is acceptable. Swapped memory is not the relay's fault: the
    guarantee counts it, nobody is killed for it. `arena_bytes` is what must be locked in memory.
    `may_be_traced` where signaling is, which says so of its relays and is no better off without them."""
    if level is Level.NONE:
        return []
    wrong = {
        Fault.DUMPABLE: status.dumpable,
        Fault.TRACED: status.traced and not may_be_traced,
        Fault.THREADS: status.threads > MOST_THREADS,
        Fault.NOTHING_LOCKED: status.locked_kib * 1024 < arena_bytes,
    }
    found = _lock_faults(status, level)
    return found + [fault for fault, is_wrong in wrong.items() if is_wrong and fault not in found]


def self_test_faults(test: SelfTest) -> list[Fault]:
    """Of the probes that a relay repeats, by its own word."""
    wrong = {
        Fault.OPENING_ALLOWED: not test.open_refused,
        Fault.CONNECTING_ALLOWED: not test.socket_refused,
        Fault.OWN_STATUS_CHANGED: not test.status_unchanged,
    }
    return [fault for fault, is_wrong in wrong.items() if is_wrong]


def _lock_faults(status: KernelStatus, level: Level) -> list[Fault]:
    if level is Level.NONE:
        return []
    wrong = {
        Fault.NO_FILTERS: status.seccomp_mode != SECCOMP_FILTER_MODE,
        Fault.FEW_FILTERS: status.seccomp_filters < status.expected_filters,
        Fault.NEW_PRIVILEGES: not status.no_new_privs,
        Fault.ROOT: status.uid == ROOT,
        Fault.CAPABILITIES: status.capabilities != 0,
        Fault.FILE_SIZE_LIMIT: status.file_size_limit != 0,
        Fault.CORE_LIMIT: status.core_limit != 0,
        Fault.QUEUE_LIMIT: status.queue_limit != 0,
        Fault.UNLOCKED_THREAD: not status.every_task_locked,
        Fault.NOTHING_LOCKED: level is Level.FULL and status.locked_kib == 0,
    }
    return [fault for fault, is_wrong in wrong.items() if is_wrong]


def _inspection_faults(inspection: Inspection) -> list[Fault]:
    wrong = {
        Fault.THREADS: inspection.threads != 1,
        Fault.WRITABLE_FILE: inspection.writable_files > 0,
        Fault.UNEXPECTED_DESCRIPTOR: inspection.unexpected_descriptors > 0,
        Fault.RING: inspection.io_uring_rings > 0,
        Fault.SHARED_MAP: inspection.shared_writable_maps > 0,
        Fault.WRITABLE_CODE: inspection.writable_executable_maps > 0,
        Fault.MEDIA_LIBRARY: inspection.media_libraries > 0,
        Fault.OTHER_PROCESS: inspection.other_processes > 0,
    }
    return [fault for fault, is_wrong in wrong.items() if is_wrong]
