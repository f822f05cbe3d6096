"""Packets forwarded per CPU-second of the relay, to live receivers over loopback.

The receivers share the machine, so the relay pays for waking them: a figure over loopback is lower than
one over a network card, and it is what a test here can honestly show.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from dataclasses import dataclass
from pathlib import Path

from bench.figure import show
from bench.peer import KEY_BYTES, SALT_BYTES, SessionKeys
from bench.relays import Relay, one_relay
from server.control import messages

ROOT = Path(__file__).parents[1]
LOAD = ROOT / "server/native/target/release/offrecord-load"
SSRC = 0x0FF0_0001
PAYLOAD_TYPE = 96
EXTENSION = 5
PACKET_BYTES = 1200
BURST = 4  # a video frame of about 1 Mb/s at 30 frames a second
SECONDS = 6.0
# Enough to keep the relay busy without making it drop: rate x subscribers is about the same.
RATES = {10: 4000, 50: 1000}
# About a microphone's.
IDLE_RATE = 48
# Of what a relay takes of one publisher, 50 Mbit/s.
MOST_RATE = 5000


async def _subscribe(relay: Relay, producer: int, subscribers: int) -> list[int]:
    """Sockets of the subscribers, to be read by the load generator."""
    descriptors = []
    for number in range(subscribers):
        transport, peer, _ = await relay.connect()
        relay.ask(
            messages.CreateConsumer(
                relay.next_id(),
                producer,
                transport,
                ssrc=SSRC + 1 + number,
                payload_types=[messages.PayloadMapping(PAYLOAD_TYPE, PAYLOAD_TYPE)],
                extensions=[messages.HeaderExtension(messages.ExtensionKind.TRANSPORT_CC, EXTENSION)],
                paused=False,
            )
        )
        peer.release()
        descriptors.append(peer.socket.fileno())
        relay.peers.append(peer)
        for waiting in relay.peers:
            waiting.check()  # keeps consent however long the others take
    return descriptors


def _plan(
    publisher: socket.socket, readers: list[int], keys: SessionKeys, rate: int, seconds: float = SECONDS
) -> bytes:
    lines = [
        f"publisher {publisher.fileno()}",
        *(f"subscriber {descriptor}" for descriptor in readers),
        f"ssrc {SSRC}",
        f"payload_type {PAYLOAD_TYPE}",
        f"extension {EXTENSION}",
        f"key {keys.key.hex()}",
        f"salt {keys.salt.hex()}",
        f"bytes {PACKET_BYTES}",
        f"rate {rate}",
        f"burst {BURST}",
        f"milliseconds {int(seconds * 1000)}",
    ]
    return "\n".join(lines).encode()


async def _native(plan: bytes, descriptors: list[int], *words: str) -> list[int]:
    """Runs the native half; the numbers it prints. Keys go through its standard input."""
    pipe = asyncio.subprocess.PIPE
    load = await asyncio.create_subprocess_exec(LOAD, *words, stdin=pipe, stdout=pipe, pass_fds=descriptors)
    output, _ = await load.communicate(plan)
    if load.returncode != 0:
        raise RuntimeError("the load generator failed")
    return [int(word) for word in output.split()[1::2]]


@dataclass(frozen=True)
class Flow:
    """Packets that were sent, and that all receivers together had; the relay's processor time, and how long
    packets were in it (half and 99 of 100, in microseconds)."""

    sent: int
    received: int
    cpu_seconds: float
    residence_p50: int
    residence_p99: int


async def flow(relay: Relay, subscribers: int, rate: int, seconds: float) -> Flow:
    """One publisher sends `rate` packets a second."""
    transport, publisher, keys = await relay.connect()
    publisher.release()
    relay.peers.append(publisher)
    producer = relay.next_id()
    relay.ask(
        messages.CreateProducer(
            producer,
            transport,
            messages.MediaKind.VIDEO,
            mid="0",
            codecs=[messages.PayloadCodec(PAYLOAD_TYPE, messages.CodecKind.VP8, 90_000)],
            extensions=[messages.HeaderExtension(messages.ExtensionKind.TRANSPORT_CC, EXTENSION)],
            encodings=[messages.Encoding("", SSRC, 0)],
        )
    )
    readers = await _subscribe(relay, producer, subscribers)
    await relay.stats()  # the requests before it are carried out
    before = relay.cpu_seconds()
    descriptors = [publisher.socket.fileno(), *readers]
    plan = _plan(publisher.socket, readers, keys, rate, seconds)
    sent, received = await _native(plan, descriptors)
    spent = relay.cpu_seconds() - before
    told = await relay.stats()
    return Flow(sent, received, spent, told.residence_p50_microseconds, told.residence_p99_microseconds)


async def forwarded(relay: Relay, subscribers: int) -> tuple[float, dict[str, object], Flow]:
    """Forwarded packets per CPU-second, how that was measured, and the whole of it."""
    done = await flow(relay, subscribers, RATES[subscribers], SECONDS)
    how: dict[str, object] = {
        "packets_in": done.sent,
        "delivered": round(done.received / (done.sent * subscribers), 4),
        "relay_cpu_seconds": round(done.cpu_seconds, 2),
    }
    return done.received / done.cpu_seconds, how, done


def _show_residence(load: str, subscribers: int, rate: int, done: Flow) -> None:
    show(
        "residence",
        done.residence_p99,
        "us",
        percentile=99,
        median=done.residence_p50,
        load=load,
        subscribers=subscribers,
        packets_per_second_in=rate,
        delivered=round(done.received / (done.sent * subscribers), 4),
    )


async def _bare(subscribers: int) -> float:
    """The same packets over the same path, through a loop that only decrypts, encrypts and sends."""
    keys = SessionKeys(bytes(KEY_BYTES), bytes(SALT_BYTES))
    with contextlib.ExitStack() as sockets:

        def bound() -> socket.socket:
            made = sockets.enter_context(socket.socket(type=socket.SOCK_DGRAM))
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
            made.bind(("127.0.0.1", 0))
            return made

        middle, publisher = bound(), bound()
        publisher.connect(middle.getsockname())
        readers = [bound() for _ in range(subscribers)]
        plan = [f"socket {middle.fileno()}", f"key {keys.key.hex()}", f"salt {keys.salt.hex()}"]
        plan += [f"target {reader.getsockname()[1]}" for reader in readers]
        descriptors = [reader.fileno() for reader in readers]
        (forwarded, nanoseconds), _ = await asyncio.gather(
            _native("\n".join(plan).encode(), [middle.fileno()], "bare"),
            _native(
                _plan(publisher, descriptors, keys, RATES[subscribers]), [publisher.fileno(), *descriptors]
            ),
        )
        return forwarded / nanoseconds * 1e9


async def run() -> None:
    for subscribers, rate in RATES.items():
        async with one_relay() as relay:
            value, how, done = await forwarded(relay, subscribers)
        bare = await _bare(subscribers)
        asked = {
            "subscribers": subscribers,
            "packet_bytes": PACKET_BYTES,
            "packets_per_second_in": rate,
            "burst": BURST,
        }
        path = {"srtp": "AEAD_AES_128_GCM", "path": "loopback, live receivers"}
        show("forwarded_packets_per_cpu_second", value, "packets/s", **asked, **path, **how)
        show("bare_loop_packets_per_cpu_second", bare, "packets/s", **asked, **path)
        show("share_of_the_bare_loop", value / bare * 100, "%", **asked)
        _show_residence("as much as that", subscribers, rate, done)
        half = round(bare / 2 / subscribers)
        most = ("half", half) if half <= MOST_RATE else ("as much as one publisher may send", MOST_RATE)
        for load, packets in (("idle", IDLE_RATE), most):
            async with one_relay() as relay:
                done = await flow(relay, subscribers, packets, SECONDS)
            _show_residence(load, subscribers, packets, done)
