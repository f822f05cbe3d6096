"""With the host measure, the kernel lets a relay send to nobody but who proved to be invited."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import types
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aioice
import aioice.ice
import pytest

from server.errors import OperatorError
from server.firewall import rules
from server.firewall.keeping import FirewallError
from server.firewall.measure import HostFirewall
from server.guarantee.host import FirewallState
from server.verify.strangers.stun import binding_request
from tests.private_network import needs_root, private_network, run, tables
from tests.promise.scene_of_strangers import (
    UFRAG,
    Relay,
    ask,
    dismiss,
    invite,
    is_held,
    keeper,
    udp,
    until,
    until_reached,
)

pytestmark = [pytest.mark.promise, needs_root]
SOMEBODY_ELSES = "table inet somebody_elses"


@pytest.fixture(autouse=True)
def network() -> Iterator[None]:
    with private_network():
        run(f"nft add {SOMEBODY_ELSES}")
        yield
        assert tables() == f"{SOMEBODY_ELSES} {{\n}}\n"


@pytest.fixture
async def firewall() -> AsyncIterator[HostFirewall]:
    made = HostFirewall(required=False, on_missing=lambda: None)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def host() -> str:
    return "127.0.0.1"


@pytest.fixture
def relay(host: str) -> Iterator[Relay]:
    with udp(host) as made:
        yield Relay(made)


@pytest.fixture
def peer(relay: Relay) -> Iterator[socket.socket]:
    with udp(relay.address[0]) as made:
        yield made


@pytest.fixture
def stranger(relay: Relay) -> Iterator[socket.socket]:
    with udp(relay.address[0]) as made:
        yield made


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_without_it_a_stranger_is_reached(relay: Relay, stranger: socket.socket) -> None:
    assert relay.reaches(stranger)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_who_is_invited_is_reached_and_nobody_else(
    firewall: HostFirewall, relay: Relay, peer: socket.socket, stranger: socket.socket
) -> None:
    await firewall.guard(relay)
    invite(firewall, relay)
    assert not relay.reaches(stranger)
    await until_reached(relay, peer)
    assert not relay.reaches(stranger)
    assert is_held(firewall, relay)
    refused = firewall.evidence(relay).refused
    await until(lambda: firewall.evidence(relay).refused > refused)


async def test_what_is_no_request_with_a_live_fragment_admits_nobody(
    firewall: HostFirewall, relay: Relay, peer: socket.socket, stranger: socket.socket
) -> None:
    await firewall.guard(relay)
    invite(firewall, relay)
    await until_reached(relay, peer)
    genuine = binding_request(f"{UFRAG}:theirs")
    for request in (
        b"",
        b"media",
        binding_request("abcdEFG3:theirs"),
        binding_request(UFRAG),
        binding_request(UFRAG + "h:theirs"),
        binding_request(UFRAG[:7] + ":theirs"),
        binding_request(f"{UFRAG}:theirs", (0x0024, bytes(4))),
        binding_request("abcdEFG3:theirs", (0x8022, f"{UFRAG}:theirs".encode())),
        b"\x01\x01" + genuine[2:],
        genuine[:4] + bytes(4) + genuine[8:],
        genuine[:28],
    ):
        ask(relay, stranger, request)
        assert not relay.reaches(stranger), request


async def test_a_relay_cannot_admit_anybody_by_a_request_to_itself(
    firewall: HostFirewall, relay: Relay, peer: socket.socket
) -> None:
    await firewall.guard(relay)
    invite(firewall, relay)
    await until_reached(relay, peer)
    with pytest.raises(PermissionError):
        relay.own.sendto(binding_request(f"{UFRAG}:theirs"), relay.address)


async def test_aiortc_asks_in_the_form_that_is_known(
    firewall: HostFirewall, relay: Relay, peer: socket.socket
) -> None:
    connection = aioice.Connection(ice_controlling=True)
    connection.remote_username = UFRAG
    here = aioice.Candidate("1", 1, "udp", 1, "127.0.0.1", 1, "host")
    protocol: Any = types.SimpleNamespace(local_candidate=here)
    request = connection.build_request(aioice.ice.CandidatePair(protocol, here), nominate=True)
    await firewall.guard(relay)
    invite(firewall, relay)

    def reached() -> bool:
        ask(relay, peer, bytes(request))
        return relay.reaches(peer)

    await until(reached)


async def test_an_invitation_is_for_one_relay(
    firewall: HostFirewall, relay: Relay, peer: socket.socket
) -> None:
    with udp(relay.address[0]) as another:
        other = Relay(another, number=2)
        await firewall.guard(relay)
        await firewall.guard(other)
        invite(firewall, relay)
        await until_reached(relay, peer)
        ask(other, peer)
        assert not other.reaches(peer)


async def test_who_has_left_is_not_admitted_again(
    firewall: HostFirewall, relay: Relay, peer: socket.socket, stranger: socket.socket
) -> None:
    await firewall.guard(relay)
    invite(firewall, relay)
    await until_reached(relay, peer)
    dismiss(firewall, relay)
    invite(firewall, relay, "another8", transport=2)

    def let_in() -> bool:
        with udp(relay.address[0]) as third:
            ask(relay, third, binding_request("another8:theirs"))
            return relay.reaches(third)

    await until(let_in)  # what was told before is known by then
    ask(relay, stranger)
    assert not relay.reaches(stranger)


async def test_who_asks_no_more_is_forgotten(monkeypatch: pytest.MonkeyPatch, relay: Relay) -> None:
    monkeypatch.setattr(rules, "PEER_SECONDS", 1)
    firewall = HostFirewall(required=True, on_missing=lambda: None)
    await firewall.start()
    await firewall.guard(relay)
    invite(firewall, relay)
    with udp() as peer:
        await until_reached(relay, peer)
        await until(lambda: not relay.reaches(peer))
    await firewall.stop()


async def test_a_datagram_with_options_is_refused(
    firewall: HostFirewall, relay: Relay, peer: socket.socket
) -> None:
    """An option could name another way than the address does."""
    await firewall.guard(relay)
    invite(firewall, relay)
    await until_reached(relay, peer)
    relay.own.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, b"\x01" * 4)
    assert not relay.reaches(peer)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_addresses_per_invitation_are_bounded(firewall: HostFirewall, relay: Relay) -> None:
    await firewall.guard(relay)
    invite(firewall, relay)
    with contextlib.ExitStack() as sockets:
        many = [sockets.enter_context(udp(relay.address[0])) for _ in range(60)]
        await until_reached(relay, many[0])
        for one in many:
            ask(relay, one)
        assert 10 <= sum(relay.reaches(one) for one in many) <= 21


async def test_other_traffic_of_the_machine_passes(firewall: HostFirewall, relay: Relay, host: str) -> None:
    await firewall.guard(relay)
    with udp(host) as one, udp(host) as other:
        one.sendto(b"hello", other.getsockname())
        assert other.recv(10) == b"hello"
    with (
        socket.create_server((host, 0), family=relay.own.family) as listener,
        socket.create_connection(listener.getsockname()[:2]),
    ):
        pass


async def test_nobody_else_can_change_it(
    firewall: HostFirewall, relay: Relay, stranger: socket.socket
) -> None:
    await firewall.guard(relay)
    (table,) = [line.split()[2] for line in run("nft list tables").splitlines() if "offrecord" in line]
    for command in (f"delete table inet {table}", f"add element inet {table} relays {{ 1 }}"):
        with pytest.raises(subprocess.CalledProcessError):
            run(f"nft {command}")
    run("nft flush ruleset")  # as a firewall that is loaded again does
    assert not relay.reaches(stranger)
    run(f"nft add {SOMEBODY_ELSES}")


async def test_it_is_put_back_when_it_is_lost_and_not_said_to_hold_meanwhile(
    firewall: HostFirewall, relay: Relay, peer: socket.socket, stranger: socket.socket
) -> None:
    await firewall.guard(relay)
    invite(firewall, relay)
    await until_reached(relay, peer)
    observed = firewall.evidence(relay).observed_at
    os.kill(keeper(), signal.SIGKILL)
    await until(lambda: not is_held(firewall, relay))
    await until(lambda: is_held(firewall, relay))
    assert firewall.evidence(relay).observed_at != observed
    assert not relay.reaches(stranger)
    await until_reached(relay, peer)


async def test_a_relay_that_is_gone_is_no_longer_covered(firewall: HostFirewall, relay: Relay) -> None:
    await firewall.guard(relay)
    firewall.forget(relay)
    await until(lambda: f"{relay.address[1]}" not in tables())
    assert not is_held(firewall, relay)


async def test_what_cannot_be_put_back_ends_the_relays_where_it_is_required(
    monkeypatch: pytest.MonkeyPatch, relay: Relay
) -> None:
    missed: list[bool] = []
    firewall = HostFirewall(required=True, on_missing=lambda: missed.append(True))
    await firewall.start()
    await firewall.guard(relay)
    monkeypatch.setattr(rules, "new_table", lambda _: "this is no command\n")
    os.kill(keeper(), signal.SIGKILL)
    await until(lambda: bool(missed))
    assert firewall.evidence(relay).state is FirewallState.FAILED
    with pytest.raises(FirewallError):
        await firewall.guard(relay)
    await firewall.stop()


async def test_where_it_is_impossible_it_is_said_not_to_hold(
    monkeypatch: pytest.MonkeyPatch, relay: Relay
) -> None:
    monkeypatch.setattr(rules, "new_table", lambda _: "this is no command\n")
    tried = HostFirewall(required=False, on_missing=lambda: None)
    await tried.start()
    await tried.guard(relay)
    assert tried.evidence(relay).state is FirewallState.FAILED
    await tried.stop()


async def test_where_it_is_required_and_impossible_the_server_does_not_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rules, "new_table", lambda _: "this is no command\n")
    required = HostFirewall(required=True, on_missing=lambda: None)
    with pytest.raises(OperatorError, match="host_firewall"):
        await required.start()


def test_a_crash_of_signaling_leaves_no_rule() -> None:
    """The table ends with the process that owns it, and that one with the pipe to who started it."""
    script = (
        "import asyncio\n"
        "from server.firewall.measure import HostFirewall\n"
        "async def main():\n"
        "    await HostFirewall(required=True, on_missing=exit).start()\n"
        "    print('in place', flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"in place\n"
        assert "offrecord" in tables()
        process.kill()
    deadline = time.monotonic() + 10
    while "offrecord" in tables():
        assert time.monotonic() < deadline, "its rules outlive the server"
        time.sleep(0.01)
