"""What a relay holds for each transport, each producer and each consumer: without media, and while it flows.

The arena, in which rings keep packets, is in memory from the relay's birth and is no part of it.
"""

from __future__ import annotations

from itertools import pairwise

from bench.figure import show
from bench.forwarding import AUDIO_BYTES, SSRC, Stream, consume, native, plan_of, produce
from bench.relays import Relay, one_relay
from server.control import messages

EACH = 400
"""Of everything, in pairs: each transport publishes one track and subscribes to the next one's."""
SENDING = 100
"""Who of these sends then, a camera's packets or a microphone's. Nobody says what came, so that the relay
remembers all that it may."""
SECONDS = 8.0

STREAMS = (
    Stream(1, 50 * SENDING, packet_bytes=AUDIO_BYTES, burst=1, kind=messages.MediaKind.AUDIO),
    Stream(1, 100 * SENDING),
)


async def _resident(relay: Relay) -> float:
    """KiB, when everything that was asked for is carried out."""
    await relay.stats()
    return relay.resident_mib() * 1024


async def _measure(stream: Stream) -> None:
    async with one_relay() as relay:
        marks = [("a relay", await _resident(relay))]
        connected = []
        for _ in range(EACH):
            transport, peer, keys = await relay.connect_with_data()
            peer.release()
            relay.peers.append(peer)
            relay.keep_consent()
            connected.append((transport, peer, keys))
        marks.append(("transport", await _resident(relay)))
        producers = [
            produce(relay, transport, stream, SSRC + number, room=number)
            for number, (transport, _, _) in enumerate(connected)
        ]
        marks.append(("producer", await _resident(relay)))
        for number, (transport, _, _) in enumerate(connected):
            consume(relay, transport, producers[number - 1], SSRC + EACH + number)
        marks.append(("consumer", await _resident(relay)))
        publishers = [(peer.socket, keys) for _, peer, keys in connected[:SENDING]]
        descriptors = [peer.socket.fileno() for _, peer, _ in connected]
        sent, received, *_ = await native(plan_of(publishers, descriptors, stream, SECONDS), descriptors)
        flowing = await _resident(relay)
    kind = stream.kind.name.lower()
    for (_, before), (what, after) in pairwise(marks):
        show("memory_of_each", (after - before) / EACH, "KiB", of=what, kind=kind, count=EACH)
    more = (flowing - marks[-1][1]) / SENDING
    rate = stream.rate // SENDING
    show("memory_of_media", more, "KiB", of="producer and consumer", kind=kind, packets_per_second=rate)
    show(
        "memory_of_all",
        flowing / 1024,
        "MiB",
        kind=kind,
        count=EACH,
        empty_mib=round(marks[0][1] / 1024, 1),
        delivered=round(received / sent, 4),
    )


async def run() -> None:
    for stream in STREAMS:
        await _measure(stream)
