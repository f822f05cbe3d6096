"""The kernel's account of a relay, read from outside for as long as the relay lives: a few hundred
microseconds. Signaling does not take a relay's word for its lock.
"""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path

from server import _native
from server.guarantee.evidence import KernelStatus
from server.workers.faults import SECCOMP_FILTER_MODE
from server.workers.proc import PROC, InspectionError, fields, limit, names, owner, read
from server.workers.users import least_trusted

_CAPABILITY_SETS = ("CapInh", "CapPrm", "CapEff", "CapAmb")


def read_status(pid: int, proc: Path = PROC) -> KernelStatus:
    """From status, limits and every task. Raises InspectionError.

    The bounding set counts only where no_new_privs is off: with it, nothing can be gained from there, and
    an unprivileged process cannot empty it. Files in /proc/PID belong to the process's effective user only
    while that process may be dumped and traced (proc(5), /proc/PID).
    """
    process = proc / str(pid)
    told = fields(read(process / "status"))
    limits = read(process / "limits")
    expected = _expected_filters(proc)
    tasks = [fields(read(process / "task" / task / "status")) for task in names(process / "task")]
    try:
        no_new_privs = told["NoNewPrivs"] == "1"
        capabilities = 0 if no_new_privs else int(told["CapBnd"], 16)
        for name in _CAPABILITY_SETS:
            capabilities |= int(told[name], 16)
        users = [int(user) for user in told["Uid"].split()]  # real, effective, saved, file system
        return KernelStatus(
            observed_at=time.time(),
            seccomp_mode=int(told["Seccomp"]),
            seccomp_filters=int(told["Seccomp_filters"]),
            expected_filters=expected,
            no_new_privs=no_new_privs,
            capabilities=capabilities,
            uid=least_trusted(users, read(proc / "self" / "uid_map")),
            file_size_limit=limit(limits, "Max file size"),
            core_limit=limit(limits, "Max core file size"),
            queue_limit=limit(limits, "Max msgqueue size"),
            swapped_kib=_kib(told, "VmSwap"),
            locked_kib=_kib(told, "VmLck"),
            threads=len(tasks),
            every_task_locked=bool(tasks) and all(_is_locked(task, expected) for task in tasks),
            traced=told["TracerPid"] != "0",
            dumpable=owner(process / "status") == users[1],
        )
    except (KeyError, ValueError, IndexError):
        # A zombie has neither filters nor memory to read.
        raise InspectionError("the kernel's account of the relay is incomplete") from None


@cache
def are_we_traced(proc: Path = PROC) -> bool:
    """Whoever traces signaling, as `strace -f` of a whole server does, has had its relays from the start."""
    return fields(read(proc / "self" / "status")).get("TracerPid", "0") != "0"


@cache
def _expected_filters(proc: Path) -> int:
    """Those a relay sets, on top of those it inherits from us, in a container for example.

    Stage 0 alone looks like a filter too: the mode does not say that the others were set.
    """
    inherited = fields(read(proc / "self" / "status")).get("Seccomp_filters", "0")
    return int(inherited) + _native.filter_count()


def _is_locked(task: dict[str, str], expected: int) -> bool:
    filtered = task.get("Seccomp") == str(SECCOMP_FILTER_MODE)
    whole = int(task.get("Seccomp_filters", "0")) >= expected
    return filtered and whole and task.get("NoNewPrivs") == "1"


def _kib(told: dict[str, str], name: str) -> int:
    return int(told.get(name, "0 kB").split()[0])
