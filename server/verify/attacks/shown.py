"""Numbers of a process that others can read: state that is set to carry data out.

What the lock leaves open here, processes of other users see only where /proc is mounted for all to see.
"""

from __future__ import annotations

import mmap
import os
import signal
from pathlib import Path

from server.verify import kernel
from server.verify.attack import Group, Scene, attack
from server.verify.measures import HIDDEN_PROCESSES

_MIB = 1024 * 1024
_WHO_PROCESS, _IDLE_CLASS = 1, 3 << 13  # IOPRIO_WHO_PROCESS, IOPRIO_CLASS_IDLE


def _status(pid: int, name: str) -> str:
    text = Path(f"/proc/{pid}/status").read_text()
    return next(line for line in text.splitlines() if line.startswith(f"{name}:")).split()[1]


def _bits(scene: Scene, count: int) -> int:
    """What is to be carried out: never nothing."""
    return int(scene.marker[:8], 16) % (1 << count) | 1


@attack(Group.SHOWN, lambda scene: int(_status(scene.pid, "Umask"), 8) == _bits(scene, 9))
def data_in_the_umask(scene: Scene) -> None:
    os.umask(_bits(scene, 9))


@attack(
    Group.SHOWN,
    lambda scene: int(Path(f"/proc/{scene.pid}/oom_score_adj").read_text()) == _bits(scene, 9),
)
def data_in_the_oom_score(scene: Scene) -> None:
    Path("/proc/self/oom_score_adj").write_text(str(_bits(scene, 9)))


@attack(Group.SHOWN, lambda scene: len(os.sched_getaffinity(scene.pid)) == 1)
def data_in_the_choice_of_processors(_scene: Scene) -> None:
    allowed = os.sched_getaffinity(0)
    if len(allowed) == 1:
        raise OSError("there is no choice")
    os.sched_setaffinity(0, {min(allowed)})


@attack(Group.SHOWN, lambda scene: os.sched_getscheduler(scene.pid) == os.SCHED_BATCH)
def data_in_the_way_of_scheduling(_scene: Scene) -> None:
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


@attack(Group.SHOWN, lambda scene: os.getpgid(scene.pid) == scene.pid)
def data_in_the_process_group(_scene: Scene) -> None:
    os.setpgid(0, 0)


@attack(
    Group.SHOWN,
    lambda scene: kernel.syscall(kernel.IOPRIO_GET, _WHO_PROCESS, scene.pid) == _IDLE_CLASS,
)
def data_in_the_priority_of_io(_scene: Scene) -> None:
    kernel.syscall(kernel.IOPRIO_SET, _WHO_PROCESS, 0, _IDLE_CLASS)


def _real_time_signals(scene: Scene) -> set[int]:
    bits = _bits(scene, 16)
    return {signal.SIGRTMIN + bit for bit in range(16) if bits >> bit & 1}


def _seen_as_ignored(scene: Scene) -> bool:
    mask = int(_status(scene.pid, "SigIgn"), 16)
    return {number + 1 for number in range(64) if mask >> number & 1} >= _real_time_signals(scene)


@attack(Group.SHOWN, _seen_as_ignored, closed_by=HIDDEN_PROCESSES)
def data_in_the_signal_handlers(scene: Scene) -> None:
    for number in _real_time_signals(scene):
        signal.signal(number, signal.SIG_IGN)


def _size(pid: str) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * mmap.PAGESIZE


def _size_before(scene: Scene) -> None:
    scene.numbers["size"] = _size("self")


def _seen_in_the_size(scene: Scene) -> bool:
    """In whole MiB: what the process needs itself is less than half of one."""
    grown = _size(str(scene.pid)) - int(scene.word)
    return round(grown / _MIB) == _bits(scene, 8)


@attack(Group.SHOWN, _seen_in_the_size, prepare=_size_before, closed_by=HIDDEN_PROCESSES)
def data_in_the_size_of_memory(scene: Scene) -> bytes:
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    size = _bits(scene, 8) * _MIB
    kernel.libc("mmap", 0, size, mmap.PROT_READ | mmap.PROT_WRITE, flags, -1, 0)
    return str(scene.numbers["size"]).encode()
