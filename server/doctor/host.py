"""The facts of this machine that the lock and the packets depend on, read from /proc and the kernel."""

from __future__ import annotations

import ctypes
import os
import platform
import re
import resource
import sys
from dataclasses import dataclass
from pathlib import Path

from server import _native
from server.workers.tripwire import KernelLog

_LONGEST = 64 * 1024  # bytes of one file
_TIMEX_BYTES = 512  # more than `struct timex` has
_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
_MOUNT = re.compile(r"\S+ \S+ \S+ \S+ (?P<where>\S+) (?P<options>\S+) .*?- (?P<kind>\S+) \S+ (?P<super>\S+)")


@dataclass(frozen=True, slots=True)
class Host:
    """What was read; None where this machine does not say."""

    system: str
    release: tuple[int, int] | None  # of the kernel
    machine: str
    landlock_abi: int  # 0: none
    seccomp_actions: frozenset[str]
    lockable_bytes: int | None  # RLIMIT_MEMLOCK; None: no limit, for this user
    user: int
    groups: frozenset[int]
    hides_processes: bool  # /proc has hidepid
    proc_group: int | None  # who sees them in spite of that
    swap_areas: int
    core_pattern: str
    rings_disabled: int | None  # kernel.io_uring_disabled
    receive_bytes: int | None  # net.core.rmem_max
    send_bytes: int | None  # net.core.wmem_max
    kernel_log_readable: bool
    clock_synchronised: bool | None


def read_host(root: Path = Path("/")) -> Host:
    """`root` is where /proc and /dev are; another one is for tests."""
    kernel = root / "proc" / "sys" / "kernel"
    network = root / "proc" / "sys" / "net" / "core"
    options = _proc_options(_text(root / "proc" / "self" / "mountinfo"))
    group = options.get("gid", "")
    return Host(
        system=sys.platform,
        release=_release(_text(kernel / "osrelease")),
        machine=platform.machine(),
        landlock_abi=_native.landlock_abi(),
        seccomp_actions=frozenset(_text(kernel / "seccomp" / "actions_avail").split()),
        lockable_bytes=_lockable(_text(root / "proc" / "self" / "status")),
        user=os.geteuid(),
        groups=frozenset({*os.getgroups(), os.getegid()}),
        hides_processes=options.get("hidepid", "0") not in {"0", "off"},
        proc_group=int(group) if group.isdigit() else None,
        swap_areas=max(0, len(_text(root / "proc" / "swaps").splitlines()) - 1),
        core_pattern=_text(kernel / "core_pattern").strip(),
        rings_disabled=_number(kernel / "io_uring_disabled"),
        receive_bytes=_number(network / "rmem_max"),
        send_bytes=_number(network / "wmem_max"),
        kernel_log_readable=_is_readable(KernelLog(root / "dev" / "kmsg")),
        clock_synchronised=_clock_synchronised(),
    )


def _text(path: Path) -> str:
    """Empty where there is no such file."""
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST).decode("utf-8", "replace")
    except OSError:
        return ""


def _number(path: Path) -> int | None:
    text = _text(path).strip()
    return int(text) if text.isdigit() else None


def _is_readable(log: KernelLog) -> bool:
    """By opening it: rights alone do not say (kernel.dmesg_restrict)."""
    readable = log.is_readable()
    log.close()
    return readable


def _release(text: str) -> tuple[int, int] | None:
    found = re.match(r"(\d{1,4})\.(\d{1,4})", text)
    return (int(found[1]), int(found[2])) if found else None


def _proc_options(mounts: str) -> dict[str, str]:
    """Of the /proc that is seen: the last one mounted there (proc(5), mountinfo)."""
    options = ""
    for line in mounts.splitlines():
        mount = _MOUNT.match(line)
        if mount and mount["where"] == "/proc" and mount["kind"] == "proc":
            options = mount["super"]
    pairs = (option.partition("=") for option in options.split(","))
    return {name: value for name, _, value in pairs}


_IPC_LOCK = 1 << 14  # CAP_IPC_LOCK, capability.h


def _lockable(status: str) -> int | None:
    found = re.search(r"^CapEff:\s*([0-9a-f]{1,16})$", status, re.MULTILINE)
    if found and int(found[1], 16) & _IPC_LOCK:
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    return None if soft == resource.RLIM_INFINITY else soft


def _clock_synchronised() -> bool | None:
    """As somebody who only asks: adjtimex(2) with no mode."""
    try:
        answer = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (OSError, AttributeError):
        return None
    return None if answer < 0 else answer != _TIME_ERROR
