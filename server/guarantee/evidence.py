"""What was observed of a relay, and where each observation comes from.

`kernel` is read from /proc by signaling, `inspected` was read from outside while the locked relay
still could be inspected, `self-reported` is the relay's own word. Missing evidence counts as not held.
"""

from __future__ import annotations

from dataclasses import dataclass

from server.control.messages import Locked, SelfTest
from server.guarantee.host import FirewallEvidence


@dataclass(frozen=True, slots=True)
class KernelStatus:
    """From /proc/PID/status, limits and every task; re-read for as long as the relay lives."""

    observed_at: float  # seconds since the epoch
    seccomp_mode: int
    seccomp_filters: int
    expected_filters: int  # those we have ourselves, which a relay inherits, and those it sets; above 0
    no_new_privs: bool
    capabilities: int  # the sets united, the bounding set only without no_new_privs; 0 expected
    uid: int  # 0 also where any of its users may be root outside of a user namespace
    file_size_limit: int
    core_limit: int
    queue_limit: int  # bytes of message queues
    swapped_kib: int
    locked_kib: int
    threads: int
    every_task_locked: bool  # each thread has seccomp mode 2 and no_new_privs
    traced: bool  # a debugger is attached
    dumpable: bool  # others of its user may read its memory; so it is until it has been inspected


@dataclass(frozen=True, slots=True)
class Inspection:
    """From /proc/PID/{fd,maps,task} and every /proc/*/stat, once: after the lock, before the relay became
    undumpable."""

    observed_at: float
    threads: int
    writable_files: int  # descriptors that are neither socket, pipe, eventfd, epoll nor /dev/null
    unexpected_descriptors: int
    io_uring_rings: int
    shared_writable_maps: int
    writable_executable_maps: int
    media_libraries: int  # mapped files that are libav*, libsw* or the like
    other_processes: int  # that it started, or of its session


@dataclass(frozen=True, slots=True)
class MediaTimes:
    """How long media stays in a relay, since its birth: what it may keep and, as it tells, what it did."""

    observed_at: float  # seconds since the epoch
    arena_bytes: int  # the one piece of memory that holds packets to be sent again
    ring_packets: int  # kept of each stream at most
    ring_milliseconds: int
    oldest_milliseconds: int  # of what was kept
    longest_residence_microseconds: int  # from the kernel's receive timestamp to the return of the send call


@dataclass(frozen=True, slots=True)
class RelayEvidence:
    relay: int
    generation: int
    pid: int
    started_at: float  # seconds since the epoch
    locked: Locked | None
    inspection: Inspection | None
    status: KernelStatus | None
    self_test: SelfTest | None
    self_test_at: float | None
    media: MediaTimes | None = None  # None: it has not told yet
    host_firewall: FirewallEvidence | None = None  # None: not configured
