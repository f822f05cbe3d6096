"""Networks that nobody else is in, so that no test touches the machine's own firewall. Needs root."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
from collections.abc import Iterator

import pytest

_NEW_NETWORK = 0x40000000  # CLONE_NEWNET
_libc = ctypes.CDLL(None, use_errno=True)

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="untested: needs CAP_NET_ADMIN")


def _checked(status: int) -> None:
    if status != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


@contextlib.contextmanager
def private_network() -> Iterator[None]:
    """This thread, and what it makes meanwhile, is in a network with nothing but loopback."""
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _checked(_libc.unshare(_NEW_NETWORK))
        try:
            run("ip link set lo up")
            yield
        finally:
            _checked(_libc.setns(before, _NEW_NETWORK))
    finally:
        os.close(before)


def run(command: str) -> str:
    """Output of a command in this thread's network."""
    return subprocess.run(command.split(), check=True, capture_output=True, text=True).stdout


def tables() -> str:
    """The firewall of this thread's network."""
    return run("nft list ruleset")
