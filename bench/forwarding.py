"""Packets forwarded per CPU-second of the relay, to live receivers over loopback.

The receivers share the machine, so the relay pays for waking them: a figure over loopback is lower than
one over a network card, and it is what a test here can honestly show.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from bench.figure import show
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
    return descriptors


async def measure(subscribers: int) -> None:
    async with one_relay() as relay:
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
        plan = [
            f"publisher {publisher.socket.fileno()}",
            *(f"subscriber {descriptor}" for descriptor in readers),
            f"ssrc {SSRC}",
            f"payload_type {PAYLOAD_TYPE}",
            f"extension {EXTENSION}",
            f"key {keys.key.hex()}",
            f"salt {keys.salt.hex()}",
            f"bytes {PACKET_BYTES}",
            f"rate {RATES[subscribers]}",
            f"burst {BURST}",
            f"milliseconds {int(SECONDS * 1000)}",
        ]
        before = relay.cpu_seconds()
        load = await asyncio.create_subprocess_exec(
            LOAD,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=[publisher.socket.fileno(), *readers],
        )
        output, _ = await load.communicate("\n".join(plan).encode())
        spent = relay.cpu_seconds() - before
        if load.returncode != 0:
            raise RuntimeError("the load generator failed")
        words = output.split()
        sent, received = int(words[1]), int(words[3])
        stats = await relay.stats()
        show(
            "forwarded_packets_per_cpu_second",
            received / spent,
            "packets/s",
            subscribers=subscribers,
            packet_bytes=PACKET_BYTES,
            srtp="AEAD_AES_128_GCM",
            burst=BURST,
            packets_per_second_in=RATES[subscribers],
            packets_in=sent,
            delivered=round(received / (sent * subscribers), 4),
            relay_cpu_seconds=round(spent, 2),
            path="loopback, live receivers",
        )
        show(
            "residence_p99",
            stats.residence_p99_microseconds,
            "us",
            subscribers=subscribers,
            packets_per_second_in=RATES[subscribers],
        )


async def run() -> None:
    for subscribers in RATES:
        await measure(subscribers)
