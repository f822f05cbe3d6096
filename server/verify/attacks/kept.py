"""Places in the kernel that keep or show data without a file, for others to read."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct
from pathlib import Path

from server.verify import kernel
from server.verify.attack import YES, Group, Namespace, Scene, attack, holds, said_yes
from server.verify.measures import HIDDEN_PROCESSES

_IPC_CREATE = 0o1000
_KEY = 0x0FF0
_SET_VALUE, _GET_VALUE = 16, 12
_SESSION = -3  # KEY_SPEC_SESSION_KEYRING
_SEARCH, _READ = 10, 11  # KEYCTL_SEARCH, KEYCTL_READ
_NOWAIT = 0o4000


def _in_a_descriptor(scene: Scene) -> bool:
    """The marker is in a file that only the living process's descriptors name."""
    try:
        return any(holds(link, scene.marker) for link in _memory_files(scene.pid))
    except OSError:
        return False


def _memory_files(pid: int) -> list[Path]:
    links = Path(f"/proc/{pid}/fd").iterdir()
    return [link for link in links if os.readlink(link).startswith("/memfd:")]


@attack(Group.KERNEL, _in_a_descriptor)
def file_without_a_name(scene: Scene) -> None:
    os.write(os.memfd_create("loot"), scene.marker)


def _shared_segment(scene: Scene) -> bool:
    try:
        segment = kernel.libc("shmget", _KEY, 4096, 0)
        address = kernel.libc("shmat", segment, None, 0)
    except OSError:
        return False
    found = ctypes.string_at(address, len(scene.marker)) == scene.marker
    kernel.libc("shmdt", address)  # disposable processes are forked from here and must not inherit it
    return found


@attack(Group.KERNEL, _shared_segment, needs=(Namespace.IPC,))
def shared_memory_segment(scene: Scene) -> None:
    segment = kernel.libc("shmget", _KEY, 4096, _IPC_CREATE | 0o666)
    ctypes.memmove(kernel.libc("shmat", segment, None, 0), scene.marker, len(scene.marker))


def _queued(scene: Scene) -> bool:
    buffer = ctypes.create_string_buffer(128)
    try:
        queue = kernel.libc("msgget", _KEY, 0)
        kernel.libc("msgrcv", queue, buffer, 64, 0, _NOWAIT)
    except OSError:
        return False
    return scene.marker in buffer.raw


@attack(Group.KERNEL, _queued, needs=(Namespace.IPC,))
def message_queue(scene: Scene) -> None:
    queue = kernel.libc("msgget", _KEY, _IPC_CREATE | 0o666)
    message = ctypes.create_string_buffer(struct.pack("q", 1) + scene.marker)
    kernel.libc("msgsnd", queue, message, len(scene.marker), _NOWAIT)


def _value_of(scene: Scene) -> int:
    return int(scene.marker[:4], 16) & 0x7FFF


def _counted(scene: Scene) -> bool:
    try:
        return kernel.libc("semctl", kernel.libc("semget", _KEY, 1, 0), 0, _GET_VALUE) == _value_of(scene)
    except OSError:
        return False


@attack(Group.KERNEL, _counted, needs=(Namespace.IPC,))
def data_in_a_semaphore(scene: Scene) -> None:
    semaphore = kernel.libc("semget", _KEY, 1, _IPC_CREATE | 0o666)
    kernel.libc("semctl", semaphore, 0, _SET_VALUE, _value_of(scene))


def _posix_queue_name(scene: Scene) -> bytes:
    return b"/loot-" + scene.marker


def _in_posix_queue(scene: Scene) -> bool:
    buffer = ctypes.create_string_buffer(8192)
    try:
        queue = kernel.libc("mq_open", _posix_queue_name(scene), os.O_RDONLY | os.O_NONBLOCK)
        kernel.libc("mq_receive", queue, buffer, 8192, None)
        os.close(queue)
    except OSError:
        return False
    return scene.marker in buffer.raw


@attack(Group.KERNEL, _in_posix_queue, needs=(Namespace.IPC,))
def posix_message_queue(scene: Scene) -> None:
    queue = kernel.libc("mq_open", _posix_queue_name(scene), os.O_RDWR | os.O_CREAT, 0o666, None)
    kernel.libc("mq_send", queue, scene.marker, len(scene.marker), 0)


def _in_the_key_ring(scene: Scene) -> bool:
    buffer = ctypes.create_string_buffer(64)
    try:
        key = kernel.syscall(kernel.KEYCTL, _SEARCH, _SESSION, b"user", b"loot-" + scene.marker, 0)
        kernel.syscall(kernel.KEYCTL, _READ, key, buffer, 64)
    except OSError:
        return False
    return scene.marker in buffer.raw


@attack(Group.KERNEL, _in_the_key_ring)
def key_in_the_kernel_ring(scene: Scene) -> None:
    name = b"loot-" + scene.marker
    kernel.syscall(kernel.ADD_KEY, b"user", name, scene.marker, len(scene.marker), _SESSION)


@attack(Group.KERNEL, lambda scene: holds(Path(f"/proc/{scene.pid}/comm"), scene.marker[:15]))
def data_in_the_thread_name(scene: Scene) -> None:
    kernel.prctl(kernel.PR_SET_NAME, scene.marker[:15] + b"\0")


def _priority(pid: int) -> int:
    return os.getpriority(os.PRIO_PROCESS, pid)


@attack(Group.KERNEL, lambda scene: _priority(scene.pid) == 7)
def data_in_the_priority(_scene: Scene) -> None:
    os.setpriority(os.PRIO_PROCESS, 0, 7)


@attack(Group.KERNEL, lambda scene: resource.prlimit(scene.pid, resource.RLIMIT_NOFILE)[0] == 77)
def data_in_a_limit(_scene: Scene) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (77, hard))


def _arguments_start(_scene: Scene) -> None:
    """Where the kernel looks for the command line."""
    after_name = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    _scene.numbers["arguments"] = int(after_name[45])  # arg_start, field 48


@attack(
    Group.KERNEL,
    lambda scene: holds(Path(f"/proc/{scene.pid}/cmdline"), scene.marker),
    prepare=_arguments_start,
    closed_by=HIDDEN_PROCESSES,
)
def data_in_the_command_line(scene: Scene) -> None:
    ctypes.memmove(scene.numbers["arguments"], scene.marker, len(scene.marker))


def _blocked_signals(scene: Scene) -> set[int]:
    """The real-time signals that the marker stands for, a bit each."""
    bits = int(scene.marker[:4], 16) | 1  # never none
    return {signal.SIGRTMIN + bit for bit in range(16) if bits >> bit & 1}


def _seen_in_the_mask(scene: Scene) -> bool:
    status = Path(f"/proc/{scene.pid}/status").read_text()
    mask = int(next(line for line in status.splitlines() if line.startswith("SigBlk")).split()[1], 16)
    return {number + 1 for number in range(64) if mask >> number & 1} >= _blocked_signals(scene)


@attack(Group.KERNEL, _seen_in_the_mask, closed_by=HIDDEN_PROCESSES)
def data_in_the_signal_mask(scene: Scene) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, _blocked_signals(scene))


@attack(Group.KERNEL, said_yes)
def watch_files(scene: Scene) -> bytes:
    watcher = kernel.libc("inotify_init1", 0)
    kernel.libc("inotify_add_watch", watcher, bytes(scene.directory), 0x100)
    return YES
