"""What forwarding costs a relay up to the network: to a device that drops what it is given.

Over loopback a relay pays for waking those who receive. Here its packets go to 10, 50 and 500 people, or come
from one room and from 200, in a network of its own, whose device (`ifb`) takes them and forgets them, as a
network card does when it has sent. After the handshakes the subscribers lose their address, and are reached
by the device from then on. Needs root.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from statistics import median

from bench.figure import rounds, show
from bench.forwarding import ALIKE, ROOMS, Stream, flow, sound
from bench.relays import one_relay
from tests.private_network import private_network
from tests.private_network import run as command

ROUNDS = 3
RELAY, PUBLISHERS, SUBSCRIBERS = "192.0.2.1", "192.0.2.2", "192.0.2.3"
# What is compared, the first with the last.
GROWTHS = {
    "from 10 to 500 subscribers": (Stream(10, 4000), Stream(50, 1000), Stream(500, 100)),
    "from 10 to 500 subscribers, sound": (sound(10, 400), sound(50, 400), sound(500, 100)),
    "from 1 to 200 rooms, the same packets in all": ROOMS,
    "from 1 to 200 rooms, as many packets in each": ALIKE,
}


async def run() -> None:
    if os.geteuid() != 0:
        print("sending: needs root, for a network of its own, so nothing is measured", file=sys.stderr)
        return
    growths: dict[str, list[float]] = {}
    for _ in range(rounds(ROUNDS)):
        for name, streams in GROWTHS.items():
            first, *_, last = [await _cost(stream) for stream in streams]
            growths.setdefault(name, []).append(round(last / first * 100 - 100, 1))
    for name, told in growths.items():
        show("cost_of_a_packet_sent", median(told), "%", growth=name, rounds=told)


async def _cost(stream: Stream) -> float:
    """Microseconds of a relay's processor time for a packet that is forwarded. Raises RuntimeError where not
    all were sent."""
    with private_network():
        for address in (RELAY, PUBLISHERS, SUBSCRIBERS):
            command(f"ip address add {address}/32 dev lo")
        command("ip link add drop0 type ifb")
        command("ip link set drop0 up")
        async with one_relay(host=RELAY) as relay:
            done = await flow(relay, stream, sources=(PUBLISHERS, SUBSCRIBERS), meanwhile=_subscribers_away())
    packets = done.sent * stream.subscribers
    if done.datagrams < packets:
        raise RuntimeError(f"of {packets} packets {done.datagrams} were sent")
    show(
        "sent_packets_per_cpu_second",
        packets / done.cpu_seconds,
        "packets/s",
        **stream.asked(),
        path="a device that drops",
        datagrams_out=done.datagrams,
        relay_cpu_seconds=round(done.cpu_seconds, 3),
    )
    return done.cpu_seconds / packets * 1e6


@contextlib.contextmanager
def _subscribers_away() -> Iterator[None]:
    """What they are sent goes to the device meanwhile."""
    address, route = f"{SUBSCRIBERS}/32 dev lo", f"{SUBSCRIBERS}/32 dev drop0"
    command(f"ip address del {address}")
    command(f"ip route add {route}")
    try:
        yield
    finally:
        command(f"ip route del {route}")
        command(f"ip address add {address}")
