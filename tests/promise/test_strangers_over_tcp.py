"""With the host measure, whoever connects to a relay gets nothing from it before a check with a live name."""

from __future__ import annotations

import socket
import struct
from collections.abc import AsyncIterator, Iterator

import pytest

from server.firewall.measure import HostFirewall
from server.verify.strangers.stun import binding_request
from tests.private_network import needs_root, private_network
from tests.promise.scene_of_strangers import UFRAG, Relay, dismiss, invite, is_held, udp, until

pytestmark = [pytest.mark.promise, needs_root]
DATA = b"media"


def framed(request: bytes) -> bytes:
    return struct.pack("!H", len(request)) + request


GENUINE = framed(binding_request(f"{UFRAG}:theirs"))


@pytest.fixture(autouse=True)
def network() -> Iterator[None]:
    with private_network():
        yield


@pytest.fixture
async def firewall() -> AsyncIterator[HostFirewall]:
    made = HostFirewall(required=False, on_missing=lambda: None)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture(params=["127.0.0.1", "::1"])
def host(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def listener(host: str) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as made:
        yield made


@pytest.fixture
def relay(host: str, listener: socket.socket) -> Iterator[Relay]:
    with udp(host) as made:
        yield Relay(made, tcp_port=listener.getsockname()[1])


class Connection:
    """Both ends."""

    def __init__(self, listener: socket.socket) -> None:
        self.peer = socket.create_connection(listener.getsockname()[:2])
        self.peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.own, _ = listener.accept()
        self.peer.setblocking(False)

    def close(self) -> None:
        """Reset: what was held back must not hold the test up."""
        for end in (self.own, self.peer):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            end.close()

    def reaches(self) -> bool:
        """Whether something that the relay's end sends arrives, or has: what is refused is tried again."""
        self.own.send(DATA)
        try:
            return bool(self.peer.recv(1000))
        except BlockingIOError:
            return False


async def admitted(connection: Connection) -> None:
    def asked() -> bool:
        connection.peer.send(GENUINE)
        return connection.reaches()

    await until(asked)


async def test_without_it_whoever_connects_is_reached(listener: socket.socket) -> None:
    connection = Connection(listener)
    assert connection.reaches()
    connection.close()


async def test_who_proves_it_is_reached_and_nobody_else(
    firewall: HostFirewall, relay: Relay, listener: socket.socket
) -> None:
    await firewall.guard(relay)
    invite(firewall, relay)
    invited, stranger = Connection(listener), Connection(listener)
    assert not stranger.reaches()
    await admitted(invited)
    assert not stranger.reaches()
    assert is_held(firewall, relay)
    refused = firewall.evidence(relay).refused
    await until(lambda: firewall.evidence(relay).refused > refused)
    for connection in (invited, stranger):
        connection.close()


async def test_what_is_no_check_with_a_live_name_admits_nobody(
    firewall: HostFirewall, relay: Relay, listener: socket.socket
) -> None:
    await firewall.guard(relay)
    invite(firewall, relay)
    invited = Connection(listener)
    await admitted(invited)
    for sent in (
        b"",
        DATA,
        GENUINE[2:],
        framed(binding_request("abcdEFG3:theirs")),
        framed(binding_request(UFRAG)),
        framed(binding_request(UFRAG[:7] + ":theirs")),
        b"\0\0" + GENUINE,
        GENUINE[:30],
    ):
        stranger = Connection(listener)
        if sent:
            stranger.peer.send(sent)
        assert not stranger.reaches(), sent
        stranger.close()
    invited.close()


async def test_who_has_left_invites_nobody_any_more(
    firewall: HostFirewall, relay: Relay, listener: socket.socket
) -> None:
    await firewall.guard(relay)
    invite(firewall, relay)
    first = Connection(listener)
    await admitted(first)
    dismiss(firewall, relay)
    invite(firewall, relay, "another8", transport=2)

    def forgotten() -> bool:
        later = Connection(listener)
        later.peer.send(GENUINE)
        reached = later.reaches()
        later.close()
        return not reached

    await until(forgotten)
    first.close()


async def test_rules_say_nothing_of_other_ports_of_tcp(
    firewall: HostFirewall, relay: Relay, host: str
) -> None:
    await firewall.guard(relay)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as other:
        connection = Connection(other)
        assert connection.reaches()
        connection.close()
