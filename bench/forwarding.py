"""Packets forwarded per CPU-second of the relay, to live receivers over loopback.

The receivers share the machine, so the relay pays for waking them: a figure over loopback is lower than
one over a network card, and it is what a test here can honestly show.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from aiortc.rtcdtlstransport import (
    SRTP_AEAD_AES_128_GCM,
    SRTP_AES128_CM_SHA1_80,
    SRTPProtectionProfile,
)

from bench.figure import rounds, show
from bench.peer import KEY_BYTES, SALT_BYTES, Peer, SessionKeys
from bench.relays import Relay, one_relay
from server.control import messages

ROOT = Path(__file__).parents[1]
LOAD = ROOT / "server/native/target/release/offrecord-load"
SRTP_NAMES = {SRTP_AEAD_AES_128_GCM: "AEAD_AES_128_GCM", SRTP_AES128_CM_SHA1_80: "AES_CM_128_HMAC_SHA1_80"}
SSRC = 0x0FF0_0001
PAYLOAD_TYPE = 96
EXTENSION = 5
PACKET_BYTES = 1200
AUDIO_BYTES = 160
BURST = 4  # a video frame of about 1 Mb/s at 30 frames a second
SECONDS = 6.0
# About a microphone's.
IDLE_RATE = 48
# Of what a relay takes of one publisher, 50 Mbit/s.
MOST_RATE = 5000
ROUNDS = 3


@dataclass(frozen=True)
class Stream:
    """What is sent: to each of `rooms` one publisher sends, and `subscribers` of it receive."""

    subscribers: int
    rate: int
    """Packets a second, into all rooms together."""
    rooms: int = 1
    kind: messages.MediaKind = messages.MediaKind.VIDEO
    packet_bytes: int = PACKET_BYTES
    burst: int = BURST
    is_cut: bool = False
    """Whether a burst goes to the kernel as one message that it cuts apart."""
    received_by: SRTPProtectionProfile = SRTP_AEAD_AES_128_GCM

    def asked(self) -> dict[str, object]:
        return {
            "kind": self.kind.name.lower(),
            "rooms": self.rooms,
            "subscribers": self.subscribers,
            "packet_bytes": self.packet_bytes,
            "packets_per_second_in": self.rate,
            "burst": self.burst,
            "burst_is_one_message": self.is_cut,
        }


def sound(subscribers: int, rate: int) -> Stream:
    """What a microphone sends."""
    return Stream(subscribers, rate, kind=messages.MediaKind.AUDIO, packet_bytes=AUDIO_BYTES, burst=1)


# Enough to keep the relay busy without making it drop: rate x subscribers is about the same.
STREAMS = {count: Stream(count, rate) for count, rate in ((10, 4000), (50, 1000))}
MORE = (sound(10, 500), sound(50, 500), Stream(500, 100))  # of a microphone a relay takes 540 a second
ROOMS = (Stream(2, 5000), Stream(2, 5000, rooms=200))
# As many packets in each room, of a picture of 1 Mbit/s: what a relay's rooms cost that fills up.
ALIKE = (Stream(2, 100), Stream(2, 20_000, rooms=200))
# Each packet of a picture by itself, as browsers send them, and all as one message, which can come as one.
SENDERS = (Stream(1, 4000), Stream(1, 4000, is_cut=True))
# To those that have nothing better than AES-CM.
COUNTER_MODE = tuple(
    replace(stream, received_by=SRTP_AES128_CM_SHA1_80)
    for stream in (STREAMS[10], STREAMS[50], sound(50, 500))
)


def produce(relay: Relay, transport: int, stream: Stream, ssrc: int, room: int = 0) -> int:
    """A producer on a transport."""
    producer = relay.next_id()
    codec = (
        messages.PayloadCodec(PAYLOAD_TYPE, messages.CodecKind.VP8, 90_000)
        if stream.kind is messages.MediaKind.VIDEO
        else messages.PayloadCodec(PAYLOAD_TYPE, messages.CodecKind.OPUS, 48_000)
    )
    relay.ask(
        messages.CreateProducer(
            producer,
            transport,
            stream.kind,
            mid="0",
            codecs=[codec],
            extensions=[messages.HeaderExtension(messages.ExtensionKind.TRANSPORT_CC, EXTENSION)],
            encodings=[messages.Encoding("", ssrc, 0)],
            room=room,
        )
    )
    return producer


def consume(relay: Relay, transport: int, producer: int, ssrc: int) -> None:
    """A consumer on a transport."""
    relay.ask(
        messages.CreateConsumer(
            relay.next_id(),
            producer,
            transport,
            ssrc=ssrc,
            payload_types=[messages.PayloadMapping(PAYLOAD_TYPE, PAYLOAD_TYPE)],
            extensions=[messages.HeaderExtension(messages.ExtensionKind.TRANSPORT_CC, EXTENSION)],
            paused=False,
        )
    )


async def publish(relay: Relay, stream: Stream, ssrc: int, room: int = 0) -> tuple[int, Peer, SessionKeys]:
    """A producer, who sends to it, and with which keys."""
    transport, publisher, keys = await relay.connect()
    publisher.release()
    relay.peers.append(publisher)
    return produce(relay, transport, stream, ssrc, room), publisher, keys


async def subscribe(
    relay: Relay,
    producer: int,
    subscribers: int,
    first_ssrc: int,
    profile: SRTPProtectionProfile = SRTP_AEAD_AES_128_GCM,
) -> list[int]:
    """Sockets of the subscribers, to be read by the load generator."""
    descriptors = []
    for number in range(subscribers):
        transport, peer, _ = await relay.connect(profile=profile)
        consume(relay, transport, producer, first_ssrc + number)
        peer.release()
        descriptors.append(peer.socket.fileno())
        relay.peers.append(peer)
        relay.keep_consent()
    return descriptors


def plan_of(
    publishers: list[tuple[socket.socket, SessionKeys]],
    readers: list[int],
    stream: Stream,
    seconds: float = SECONDS,
    settle: float = 0.0,
) -> bytes:
    """`settle`: seconds after which latencies are told."""
    lines = [
        *(f"publisher {each.fileno()}" for each, _ in publishers),
        *(f"key {keys.key.hex()}" for _, keys in publishers),
        *(f"salt {keys.salt.hex()}" for _, keys in publishers),
        *(f"subscriber {descriptor}" for descriptor in readers),
        f"ssrc {SSRC}",
        f"payload_type {PAYLOAD_TYPE}",
        f"extension {EXTENSION}",
        f"bytes {stream.packet_bytes}",
        f"rate {stream.rate}",
        f"burst {stream.burst}",
        f"cut {str(stream.is_cut).lower()}",
        f"milliseconds {int(seconds * 1000)}",
        f"settle {int(settle * 1000)}",
    ]
    return "\n".join(lines).encode()


async def native(plan: bytes, descriptors: list[int], *words: str) -> list[int]:
    """Runs the native half; the numbers it prints. Keys go through its standard input."""
    pipe = asyncio.subprocess.PIPE
    load = await asyncio.create_subprocess_exec(LOAD, *words, stdin=pipe, stdout=pipe, pass_fds=descriptors)
    output, _ = await load.communicate(plan)
    if load.returncode != 0:
        raise RuntimeError("the load generator failed")
    return [int(word) for word in output.split()[1::2]]


@dataclass(frozen=True)
class Flow:
    """Packets that were sent, and that all receivers together had; the relay's processor time, how long
    packets were in it, and of one publisher until they were read (half and 99 of 100, in microseconds)."""

    sent: int
    received: int
    datagrams: int
    """That the relay sent in all: media, feedback to publishers, reports, answers to checks."""
    cpu_seconds: float
    residence_p50: int
    residence_p99: int
    latency_p50: int
    latency_p99: int


async def flow(
    relay: Relay,
    stream: Stream,
    seconds: float = SECONDS,
    *,
    sources: tuple[str, str] = ("", ""),
    meanwhile: AbstractContextManager[None] | None = None,
) -> Flow:
    """Every room's publisher sends, all together `stream.rate` packets a second. `sources` are the addresses
    of publishers and subscribers, whichever fit unless told; all are connected when `meanwhile` begins."""
    publishers: list[tuple[socket.socket, SessionKeys]] = []
    readers: list[int] = []
    for room in range(stream.rooms):
        relay.source = sources[0]
        producer, publisher, keys = await publish(relay, stream, SSRC + room)
        publishers.append((publisher.socket, keys))
        relay.source = sources[1]
        first_ssrc = SSRC + stream.rooms + room * stream.subscribers
        readers += await subscribe(relay, producer, stream.subscribers, first_ssrc, stream.received_by)
    descriptors = [*(each.fileno() for each, _ in publishers), *readers]
    with meanwhile or contextlib.nullcontext():
        earlier = await relay.stats()  # the requests before it are carried out
        before = relay.precise_cpu_seconds()
        sent, received, p50, p99, _ = await native(plan_of(publishers, readers, stream, seconds), descriptors)
        spent = relay.precise_cpu_seconds() - before
        told = await relay.stats()
    residence = (told.residence_p50_microseconds, told.residence_p99_microseconds)
    return Flow(sent, received, told.packets_sent - earlier.packets_sent, spent, *residence, p50, p99)


async def forwarded(relay: Relay, stream: Stream) -> tuple[float, dict[str, object], Flow]:
    """Forwarded packets per CPU-second, how that was measured, and the whole of it."""
    done = await flow(relay, stream)
    how: dict[str, object] = {
        "packets_in": done.sent,
        "delivered": round(done.received / (done.sent * stream.subscribers), 4),
        "datagrams_out": done.datagrams,
        "relay_cpu_seconds": round(done.cpu_seconds, 2),
    }
    return done.received / done.cpu_seconds, how, done


def _show_residence(load: str, stream: Stream, done: Flow) -> None:
    show(
        "residence",
        done.residence_p99,
        "us",
        percentile=99,
        median=done.residence_p50,
        load=load,
        subscribers=stream.subscribers,
        packets_per_second_in=stream.rate,
        delivered=round(done.received / (done.sent * stream.subscribers), 4),
    )


async def _bare(stream: Stream) -> float:
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
        readers = [bound() for _ in range(stream.subscribers)]
        plan = [f"socket {middle.fileno()}", f"key {keys.key.hex()}", f"salt {keys.salt.hex()}"]
        plan += [f"target {reader.getsockname()[1]}" for reader in readers]
        descriptors = [reader.fileno() for reader in readers]
        (forwarded, nanoseconds), _ = await asyncio.gather(
            native("\n".join(plan).encode(), [middle.fileno()], "bare"),
            native(plan_of([(publisher, keys)], descriptors, stream), [publisher.fileno(), *descriptors]),
        )
        return forwarded / nanoseconds * 1e9


async def _show_forwarded(stream: Stream, *, beside_bare: bool = True) -> tuple[float, Flow, float]:
    """Packets per CPU-second, how they went, and those of the bare loop, 0 where it is not asked for."""
    async with one_relay() as relay:
        value, how, done = await forwarded(relay, stream)
    srtp = SRTP_NAMES[stream.received_by]
    path = {"srtp": srtp, "path": "loopback, live receivers"}
    show("forwarded_packets_per_cpu_second", value, "packets/s", **stream.asked(), **path, **how)
    if not beside_bare:
        return value, done, 0.0
    bare = await _bare(stream)
    show("bare_loop_packets_per_cpu_second", bare, "packets/s", **stream.asked(), **path)
    show("share_of_the_bare_loop", value / bare * 100, "%", **stream.asked())
    return value, done, bare


async def _show_rooms(of: str, streams: tuple[Stream, Stream]) -> None:
    """One room and many, taking turns: what a packet costs more in many, and what a datagram does, as each
    publisher is sent feedback of its own."""
    packets, datagrams = [], []
    for _ in range(rounds(ROUNDS)):
        few, many = [(await _show_forwarded(stream, beside_bare=False))[1] for stream in streams]
        packets.append(many.cpu_seconds / many.received * few.received / few.cpu_seconds * 100 - 100)
        datagrams.append(many.cpu_seconds / many.datagrams * few.datagrams / few.cpu_seconds * 100 - 100)
    for name, growths in (("cost_of_a_packet", packets), ("cost_of_a_datagram", datagrams)):
        told = [round(growth, 1) for growth in growths]
        show(name, median(growths), "%", from_1_to_rooms=streams[-1].rooms, of=of, rounds=told)


async def run() -> None:
    per_packet: dict[Stream, float] = {}
    for stream in STREAMS.values():
        per_packet[stream], done, bare = await _show_forwarded(stream)
        _show_residence("as much as that", stream, done)
        half = round(bare / 2 / stream.subscribers)
        most = ("half", half) if half <= MOST_RATE else ("as much as one publisher may send", MOST_RATE)
        for load, packets in (("idle", IDLE_RATE), most):
            other = replace(stream, rate=packets)
            async with one_relay() as relay:
                done = await flow(relay, other)
            _show_residence(load, other, done)
    for stream in MORE:
        per_packet[stream], _, _ = await _show_forwarded(stream)
    for stream in (*SENDERS, *COUNTER_MODE):
        per_packet[stream], _, _ = await _show_forwarded(stream, beside_bare=False)
    few, many = STREAMS[10], MORE[-1]
    show("cost_of_a_packet", per_packet[few] / per_packet[many] * 100 - 100, "%", from_10_to_subscribers=500)
    await _show_rooms("the same packets in all", ROOMS)
    await _show_rooms("as many packets in each", ALIKE)
