"""Peers that do to a relay what they should not, on UDP; a call that has nothing to do with them goes on.

One relay and one call live through all of it. Every attack is bounded in count and time.
"""

from __future__ import annotations

import asyncio
import os
import random
import socket
import struct
import sys
import time
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
import pytest_asyncio
from aioice import stun
from OpenSSL import SSL

from server.control.messages import (
    CloseTransport,
    CodecKind,
    ConnectTransport,
    CreateConsumer,
    CreateProducer,
    CreateTransport,
    DtlsRole,
    Encoding,
    Fingerprint,
    FingerprintAlgorithm,
    MediaKind,
    PayloadCodec,
    PayloadMapping,
    TransportPhase,
    TransportState,
)
from tests.relay.bystander import PACKETS, SUBSCRIBER, Bystander, bystander, consume, flood
from tests.relay.conftest import Relay
from tests.relay.peer import LOCAL_PWD, LOCAL_UFRAG, VIDEO_PT, Offered, Peer, Tone, on_loopback

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("bad peers, relay")]
FLOOD = 30_000
MEGABITS, FLOOD_SECONDS, DATAGRAM = 100, 2.0, 1_200
# Bytes a second, and at once, that a relay takes of one peer, as the forwarder has it.
TAKEN, TAKEN_AT_ONCE = 6_250_000, 3_125_000
# Datagrams of this size from standard input leave by an inherited socket, at so many a second.
SENDER = """
import socket, sys, time
descriptor, host, port, size, rate = sys.argv[1:]
data, size, rate = sys.stdin.buffer.read(), int(size), float(rate)
with socket.socket(fileno=int(descriptor)) as out:
    started, sent = time.monotonic(), 0
    while sent * size < len(data):
        for _ in range(min(64, int((time.monotonic() - started) * rate) - sent)):
            try:
                out.sendto(data[sent * size : (sent + 1) * size], (host, int(port)))
            except BlockingIOError:
                break
            sent += 1
        time.sleep(0.001)
"""
FIRST = 0x4000  # the highest number that a relay begins with
FIRST_BYTES = (0, 20, 22, 63, 128, 144, 255)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def call() -> AsyncIterator[Bystander]:
    with pytest.MonkeyPatch.context() as patch:
        on_loopback(patch)
        async with bystander() as both:
            yield both


def place(relay: Relay) -> tuple[str, int]:
    return "127.0.0.1", relay.process.ipv4_port


def garbage(seed: int) -> list[bytes]:
    """Datagrams that begin like each protocol and go on like none, up to more than any may have."""
    chance = random.Random(seed)
    return [
        bytes([chance.choice(FIRST_BYTES)]) + chance.randbytes(chance.choice((0, 1, 11, 19, 300, 1400, 9000)))
        for _ in range(200)
    ]


def binding_request(transport: int, password: str = LOCAL_PWD) -> bytes:
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    message.attributes["USERNAME"] = f"{LOCAL_UFRAG}{transport}:peer"
    message.attributes["PRIORITY"] = 1
    message.attributes["ICE-CONTROLLING"] = 1
    message.attributes["USE-CANDIDATE"] = None
    message.add_message_integrity(password.encode())
    return bytes(message)


class Intruder:
    """A socket whose address is proven for a transport, and no more."""

    def __init__(self, relay: Relay, transport: int) -> None:
        self.relay, self.transport = relay, transport
        relay.send(CreateTransport(transport, f"{LOCAL_UFRAG}{transport}", LOCAL_PWD, False))
        digest = Fingerprint(FingerprintAlgorithm.SHA_256, os.urandom(32))
        relay.send(ConnectTransport(transport, DtlsRole.SERVER, [digest], False))
        self.socket = socket.socket(type=socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.connect(place(relay))

    async def enter(self) -> None:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(10):
            while True:  # the relay may not have worked the commands in yet
                self.socket.send(binding_request(self.transport))
                try:
                    async with asyncio.timeout(0.2):
                        answer = await loop.sock_recv(self.socket, 2048)
                except TimeoutError:
                    continue
                if answer[:2] == b"\x01\x01":
                    return

    def leave(self) -> None:
        self.relay.send(CloseTransport(self.transport))
        self.socket.close()


def client_hello() -> bytes:
    context = SSL.Context(SSL.DTLS_METHOD)
    connection = SSL.Connection(context, None)
    connection.set_connect_state()
    with pytest.raises(SSL.WantReadError):
        connection.do_handshake()
    return connection.bio_read(1500)


async def hostile(relay: Relay, transport: int) -> tuple[Peer, Any]:
    """A peer that has all keys and publishes a track: its DTLS transport seals whatever it is given."""
    peer = Peer(relay, transport)
    sender = peer.connection.addTrack(Tone())
    (section,) = await peer.publish()
    relay.send(
        CreateProducer(
            transport,
            transport,
            section.kind,
            section.mid,
            section.codecs,
            section.extensions,
            section.encodings,
        )
    )
    await relay.hears(TransportState, partial(_is_connected, transport))
    await sealing(sender.transport)
    return peer, sender.transport


def _is_connected(transport: int, told: TransportState) -> bool:
    return told.transport == transport and told.phase is TransportPhase.CONNECTED


async def sealing(dtls: Any) -> None:
    """The handshake is done on the peer's side too."""
    async with asyncio.timeout(10):
        while dtls.state != "connected":
            await asyncio.sleep(0.01)


async def test_garbage_from_strangers(call: Bystander) -> None:
    async with call.undisturbed(dropped=1_000):
        await asyncio.to_thread(flood, place(call.relay), garbage(1), FLOOD)


async def test_binding_requests_that_nobody_can_have_sent(call: Bystander) -> None:
    forged = [binding_request(transport, "x" * 32) for transport in (1, 2, 99)]
    async with call.undisturbed(dropped=1_000):
        await asyncio.to_thread(flood, place(call.relay), forged, FLOOD)


async def test_garbage_from_a_proven_address(call: Bystander) -> None:
    intruder = Intruder(call.relay, 20)
    await intruder.enter()
    async with call.undisturbed(dropped=1_000):
        for number, datagram in enumerate(garbage(2) * 20):
            try:
                intruder.socket.send(datagram)
            except BlockingIOError:
                await asyncio.sleep(0.001)
            if number % 32 == 0:
                await asyncio.sleep(0)
    intruder.leave()


async def test_handshakes_that_stop_half_way(call: Bystander) -> None:
    intruders = [Intruder(call.relay, number) for number in range(30, 60)]
    async with call.undisturbed(received=300):
        await asyncio.gather(*(intruder.enter() for intruder in intruders))
        for _ in range(3):
            for intruder in intruders:
                hello = client_hello()
                for part in (hello, hello, hello[:40], hello[:13] + os.urandom(len(hello) - 13)):
                    intruder.socket.send(part)
            await asyncio.sleep(0.05)
    for intruder in intruders:
        intruder.leave()


async def test_replays(call: Bystander) -> None:
    peer, dtls = await hostile(call.relay, 70)
    recorded: list[bytes] = []
    send = dtls.transport._send

    async def record(data: bytes) -> None:
        recorded.append(data)
        await send(data)

    dtls.transport._send = record
    async with call.undisturbed(dropped=1_000):
        async with asyncio.timeout(10):
            while len(recorded) < 50:
                await asyncio.sleep(0.02)
        for number, datagram in enumerate(recorded[:50] * 100):
            await send(datagram)
            if number % 32 == 0:
                await asyncio.sleep(0)
    await peer.close()
    call.relay.send(CloseTransport(70))


async def test_an_explosion_of_ssrcs(call: Bystander) -> None:
    peer, dtls = await hostile(call.relay, 71)
    async with call.undisturbed(dropped=1_000):
        for ssrc in range(3_000):
            header = struct.pack("!BBHII", 0x80, 96 + ssrc % 4, ssrc, 0, 0x5000_0000 + ssrc)
            await dtls._send_rtp(header + b"noise")
            if ssrc % 32 == 0:
                await asyncio.sleep(0)
    await peer.close()
    call.relay.send(CloseTransport(71))


async def test_reports_that_ask_for_everything(call: Bystander) -> None:
    """Losses, key frames and goodbyes for streams of the call's, from a peer that is not in it."""
    peer, dtls = await hostile(call.relay, 72)
    nack = struct.pack("!BBHII", 0x81, 205, 66, 1, 0x1111_1111) + b"\0\x10\xff\xff" * 64
    loss = struct.pack("!BBHII", 0x81, 206, 2, 1, 0x1111_1111)
    goodbye = struct.pack("!BBHI", 0x81, 203, 1, 0x1111_1111)
    async with call.undisturbed(received=1_000):
        for number in range(2_000):
            await dtls._send_rtp((nack + loss + goodbye, loss * 60, nack)[number % 3])
            if number % 32 == 0:
                await asyncio.sleep(0)
    await peer.close()
    call.relay.send(CloseTransport(72))


def _video(dtls: Any, ssrc: int, count: int) -> bytes:
    """Key frames of one packet each, sealed, all of the same length."""
    body = bytes([0x10]) + bytes(DATAGRAM - 12 - 1 - 16)
    headers = (struct.pack("!BBHII", 0x80, VIDEO_PT, at, at * 9, ssrc) for at in range(count))
    return b"".join(dtls._tx_srtp.protect(header + body) for header in headers)


async def _lost(peer: Peer) -> int:
    reports = (await peer.connection.getStats()).values()
    return sum(report.packetsLost for report in reports if report.type == "inbound-rtp")


async def test_a_publisher_of_a_hundred_megabits_a_second(call: Bystander) -> None:
    """Who is sent that hears the others all the same; who is not loses no packet."""
    elsewhere = Peer(call.relay, 76)
    await elsewhere.subscribe([Offered("0", "audio", 0x7676_7676)])
    await call.relay.hears(TransportState, partial(_is_connected, 76))
    consume(call.relay, 76, 76, 0x7676_7676, 96)
    peer, dtls = await hostile(call.relay, 75)
    codec = PayloadCodec(VIDEO_PT, CodecKind.VP8, 90_000)
    encoding = Encoding("", 0x7575_7575, 0)
    mapping = [PayloadMapping(VIDEO_PT, VIDEO_PT)]
    call.relay.send(CreateProducer(750, 75, MediaKind.VIDEO, "v", [codec], [], [encoding]))
    call.relay.send(CreateConsumer(75, 750, SUBSCRIBER, 0x7575_0001, mapping, [], paused=False))
    rate = MEGABITS * 1_000_000 / 8 / DATAGRAM
    datagrams = _video(dtls, 0x7575_7575, int(rate * FLOOD_SECONDS))
    assert len(datagrams) % DATAGRAM == 0
    (ice,) = {each.transport.transport for each in peer.connection.getSenders()}
    (protocol,) = ice._connection._protocols
    words = [protocol.transport.get_extra_info("socket").fileno(), *place(call.relay), DATAGRAM, rate]
    first, before, began = await call.stats(), await _lost(elsewhere), time.monotonic()
    async with call.undisturbed(received=15_000, dropped=1_000):
        sender = await asyncio.create_subprocess_exec(
            sys.executable, "-c", SENDER, *map(str, words), stdin=asyncio.subprocess.PIPE, pass_fds=words[:1]
        )
        await sender.communicate(datagrams)
        await call.hears(PACKETS)
    last, seconds = await call.stats(), time.monotonic() - began
    taken = (last.packets_received - first.packets_received) - (last.packets_dropped - first.packets_dropped)
    assert taken * DATAGRAM < TAKEN * seconds + TAKEN_AT_ONCE + 1_000 * DATAGRAM
    assert await _lost(elsewhere) == before
    for transport, each in ((75, peer), (76, elsewhere)):
        await each.close()
        call.relay.send(CloseTransport(transport))


async def test_a_subscriber_that_says_it_lost_everything(call: Bystander) -> None:
    """And tells of packets it was never sent: who hears the same voice loses no packet."""
    peer, dtls = await hostile(call.relay, 77)
    consume(call.relay, 77, 77, 0x7777_7777, 96)
    head = struct.pack("!BBHII", 0x81, 205, 66, 1, 0x7777_7777)
    nacks = [
        head + b"".join(struct.pack("!HH", first + 17 * at, 0xFFFF) for at in range(64))
        for first in range(0, FIRST + 1_000, 17 * 64)
    ]
    never_sent = [
        struct.pack("!BBHIIHHIHH", 0x8F, 205, 5, 1, 0x7777_7777, first, 500, 7 << 8, 500, 0)
        for first in range(0, 65536, 500)
    ]
    before = await _lost(call.listener)
    async with call.undisturbed(received=4_000):
        for number in range(8_000):
            kind = (nacks, never_sent)[number % 2]
            await dtls._send_rtp(kind[number // 2 % len(kind)])
            if number % 32 == 0:
                await asyncio.sleep(0)
    assert await _lost(call.listener) == before
    await peer.close()
    call.relay.send(CloseTransport(77))


async def test_a_subscriber_that_never_reads(call: Bystander) -> None:
    reader = Peer(call.relay, 73)
    await reader.subscribe([Offered("0", "audio", 0x7373_7373)])
    await call.relay.hears(TransportState, partial(_is_connected, 73))
    consume(call.relay, 73, 73, 0x7373_7373, 96)
    consume(call.relay, 74, 73, 0x7373_7374, 111)
    loop: Any = asyncio.get_running_loop()
    (ice,) = {each.transport.transport for each in reader.connection.getReceivers()}
    for protocol in ice._connection._protocols:
        loop._remove_reader(protocol.transport.get_extra_info("socket"))
    async with call.undisturbed(received=100):
        await call.hears(100)
    await reader.close()
    call.relay.send(CloseTransport(73))


async def test_nothing_is_left_of_them(call: Bystander) -> None:
    """Runs last: the bystanders are all there is."""
    async with asyncio.timeout(20):
        while True:
            told = await call.stats()
            if (told.transports, told.producers, told.consumers) == (2, 1, 1):
                return
            await asyncio.sleep(0.05)
