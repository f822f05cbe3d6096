"""Two networks with a wall between them: servers here, browsers there, and one port open. Needs root."""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterator
from dataclasses import dataclass

from tests.private_network import private_network, run

SERVERS, BROWSERS = "192.0.2.1", "192.0.2.2"
_NEW_NETWORK = 0x40000000  # CLONE_NEWNET
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass
class Wall:
    """This thread is in the network of the servers."""

    servers: int
    browsers: int

    @contextlib.contextmanager
    def outside(self) -> Iterator[None]:
        """This thread, and what it starts meanwhile, is in the network of the browsers."""
        _enter(self.browsers)
        try:
            yield
        finally:
            _enter(self.servers)

    def refused(self) -> int:
        """Packets that came to another port."""
        words = run("nft list counter inet wall refused").split()
        return int(words[words.index("packets") + 1])


def _enter(network: int) -> None:
    if _libc.setns(network, _NEW_NETWORK) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def _here() -> int:
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


@contextlib.contextmanager
def wall(port: int) -> Iterator[Wall]:
    """Only TCP to `port` of the servers comes through."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(private_network())
        servers = _here()
        stack.callback(os.close, servers)
        with private_network():
            browsers = _here()
            stack.callback(os.close, browsers)
            run(f"ip link add wall1 type veth peer name wall0 netns /proc/{os.getpid()}/fd/{servers}")
            run(f"ip address add {BROWSERS}/24 dev wall1")
            run("ip link set wall1 up")
        run(f"ip address add {SERVERS}/24 dev wall0")
        run("ip link set wall0 up")
        made = Wall(servers, browsers)
        with made.outside():
            run(f"ip route add default via {SERVERS}")
        run("nft add table inet wall")
        run("nft add counter inet wall refused")
        run("nft add chain inet wall arriving { type filter hook input priority 0 ; }")
        run(f"nft add rule inet wall arriving iifname wall0 tcp dport {port} accept")
        run("nft add rule inet wall arriving iifname wall0 ip6 nexthdr icmpv6 accept")
        run("nft add rule inet wall arriving iifname wall0 counter name refused drop")
        yield made
