"""Throw-away namespaces for the attacks, so that none of them can reach the host."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import struct
from pathlib import Path

from server.verify import kernel
from server.verify.attack import Namespace

_NAMESPACES = {
    Namespace.MOUNT: kernel.CLONE_NEWNS,
    Namespace.NETWORK: kernel.CLONE_NEWNET,
    Namespace.IPC: kernel.CLONE_NEWIPC,
    Namespace.HOST_NAME: kernel.CLONE_NEWUTS,
}
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 1  # SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP
_NEW_SESSION_RING = 1  # KEYCTL_JOIN_SESSION_KEYRING
IMPOSSIBLE = 77
"""Exit status of a process that could not be isolated as asked."""


def _map_user() -> None:
    """In a user namespace of an ordinary user: stay who we are."""
    user, group = os.getuid(), os.getgid()
    kernel.libc("unshare", kernel.CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        (flags,) = struct.unpack_from("h", fcntl.ioctl(any_socket, _GET_FLAGS, request), 16)
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh14x", b"lo", flags | _UP))


def _furnish(scratch: Path) -> None:
    """Nothing that is mounted from here on shows outside; scratch and shared memory are new and empty."""
    kernel.mount("none", "/", "", kernel.MS_PRIVATE_RECURSIVE)
    for target in (scratch, Path("/dev/shm")):  # noqa: S108 - replaced, not used
        kernel.mount("tmpfs", str(target), "tmpfs", kernel.MS_NOSUID_NODEV)
        target.chmod(0o1777)


def _own_processes() -> None:
    """Goes on as the first process of a namespace of processes; the outer one waits and leaves with it."""
    kernel.libc("unshare", kernel.CLONE_NEWPID)
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    kernel.prctl(kernel.PR_SET_PDEATHSIG, int(signal.SIGKILL))
    kernel.mount("proc", "/proc", "proc", kernel.MS_NOSUID_NODEV)


def enter(scratch: Path) -> frozenset[Namespace]:
    """Isolates this process as far as it is allowed to, and says how far.

    A part of it goes on in a child with its own list of processes where that works; the rest is tried in a
    child first, since what is unshared cannot be taken back.
    """
    for complete in (True, False):
        child = os.fork()
        if child == 0:
            try:
                _isolate(scratch, complete)
            except OSError:
                os._exit(IMPOSSIBLE)
            return frozenset(_NAMESPACES)
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status) & 0xFF
        if code != IMPOSSIBLE:
            os._exit(code)
    return frozenset()


def _isolate(scratch: Path, complete: bool) -> None:
    kernel.prctl(kernel.PR_SET_PDEATHSIG, int(signal.SIGKILL))
    if os.geteuid() != 0:
        _map_user()
    for flag in _NAMESPACES.values():
        kernel.libc("unshare", flag)
    _furnish(scratch)
    _raise_loopback()
    if complete:
        _own_processes()


def forget_keys() -> None:
    """A new session key ring, which ends with the processes that have it."""
    kernel.syscall(kernel.KEYCTL, _NEW_SESSION_RING, None)
