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


def lead_out() -> None:
    """This thread's network gets a way out, of IPv4 and IPv6, which ends in nothing: what is sent anywhere
    leaves, as on a machine that is connected, and gets no answer. Browsers take one without it for offline.
    """
    quiet = "net.ipv6.conf.{}.{}={}"
    run("ip link add net0 type veth peer name net1")
    for name in ("net0", "net1"):
        run("sysctl -q -w " + quiet.format(name, "accept_dad", 0))  # the kernel's own asking around
        run("sysctl -q -w " + quiet.format(name, "router_solicitations", 0))
        run(f"ip link set {name} up")
    for address, gateway in (("192.0.2.10/24", "192.0.2.1"), ("2001:db8::10/64", "2001:db8::1")):
        run(f"ip address add {address} dev net0")
        run(f"ip neighbour replace {gateway} lladdr 02:00:00:00:00:01 dev net0 nud permanent")
        run(f"ip route add default via {gateway}")


def run(command: str) -> str:
    """Output of a command in this thread's network."""
    return subprocess.run(command.split(), check=True, capture_output=True, text=True).stdout


def tables() -> str:
    """The firewall of this thread's network."""
    return run("nft list ruleset")
