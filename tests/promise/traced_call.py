"""Everything a relay does in its life, once: `python -m tests.promise.traced_call`, to be run under strace.

Both address families, ICE and DTLS, audio, video, data in both ways of delivery, a loss and its
retransmission, statistics, the repeated probes, transports that close, and leaving.
"""

from __future__ import annotations

import asyncio
import socket

import msgspec
import pytest
from aiortc import MediaStreamTrack, RTCIceTransport, VideoStreamTrack
from livekit.protocol import models

from server.control.messages import (
    AddCandidates,
    CandidateKind,
    CloseConsumer,
    CloseProducer,
    CloseTransport,
    CreateTransport,
    DataMember,
    MediaKind,
    RemoteCandidate,
    Stop,
    TransportEnded,
    TransportPhase,
    TransportState,
)
from tests.e2e.serving import free_tcp_port
from tests.relay import over_tcp
from tests.relay.conftest import Relay, loopback
from tests.relay.crossing import OUT_SSRC, PUBLISHER, SUBSCRIBER, connected, consume, produce, receive
from tests.relay.peer import Offered, Peer, Tone, on_loopback
from tests.relay.test_families import PASSWORD, ask, binding_request

REACHED = 3
LOST = 30
"""The packet of a stream that does not arrive at first, counted from 1."""
LONG = 48_000
"""Bytes of a message that takes many packets."""


class Loss:
    """Loses one packet of a stream before it is decrypted, and notices it when it comes again."""

    def __init__(self, path: RTCIceTransport, ssrc: int) -> None:
        self.repaired = asyncio.Event()
        self._ssrc = ssrc.to_bytes(4, "big")
        self._seen = 0
        self._lost = b""
        self._receive = path._recv
        path._recv = self._recv

    async def _recv(self) -> bytes:
        while True:
            datagram: bytes = await self._receive()
            if datagram[8:12] != self._ssrc:
                return datagram
            self._seen += 1
            if self._seen == LOST:
                self._lost = datagram[2:4]
                continue
            if datagram[2:4] == self._lost:
                self.repaired.set()
            return datagram


async def _reach_by_ipv6(relay: Relay) -> None:
    request = binding_request("ufrag", PASSWORD)
    reached = asyncio.create_task(
        relay.hears(
            TransportState,
            lambda told: told.transport == REACHED and told.phase is TransportPhase.REACHABLE,
        )
    )
    while not reached.done():
        try:
            async with asyncio.timeout(0.5):
                await ask(socket.AF_INET6, "::1", relay.process.ipv6_port, request)
                await reached
        except TimeoutError:
            continue


async def _reach_by_tcp(relay: Relay) -> None:
    async with over_tcp.connected(relay) as peer:
        await peer.check()


async def _speak(publisher: Peer, subscriber: Peer) -> None:
    """Messages short and long, reliable and not."""
    await publisher.until_open()
    for label, length in (("_reliable", 5), ("_lossy", 5), ("_reliable", LONG)):
        heard = len(subscriber.messages)
        packet = models.DataPacket(user=models.UserPacket(payload=bytes(length)))
        publisher.channels[label].send(packet.SerializeToString())
        await subscriber.until(lambda heard=heard: len(subscriber.messages) > heard)  # type: ignore[misc]


async def _call(relay: Relay, publisher: Peer, subscriber: Peer) -> None:
    for member, name, send, receive_on in ((1, "ann", PUBLISHER, 0), (2, "bob", 0, SUBSCRIBER)):
        relay.send(DataMember(member, 1, name, f"PA_{name}", send, receive_on, may_publish=True))
    publisher.connection.addTrack(Tone())
    publisher.connection.addTrack(VideoStreamTrack())
    publisher.keep(publisher.connection.createDataChannel("_reliable"))
    publisher.keep(publisher.connection.createDataChannel("_lossy", ordered=False, maxRetransmits=0))
    tracks: dict[str, MediaStreamTrack] = {}
    subscriber.connection.on("track", lambda track: tracks.update({track.kind: track}))
    sections = await publisher.publish()
    produce(relay, sections)
    streams = [
        Offered(one.mid, "audio" if one.kind is MediaKind.AUDIO else "video", OUT_SSRC[one.kind])
        for one in sections
    ]
    await subscriber.subscribe(streams)
    loss = Loss(subscriber.connection.getReceivers()[0].transport.transport, OUT_SSRC[MediaKind.VIDEO])
    consume(relay, sections)
    await connected(relay, PUBLISHER)
    await connected(relay, SUBSCRIBER)
    await asyncio.gather(
        receive(tracks["video"], 60),
        receive(tracks["audio"], 40),
        _speak(publisher, subscriber),
        loss.repaired.wait(),
    )


async def main() -> None:
    config = loopback()
    both = msgspec.structs.replace(
        config.relay, ipv4_host="0.0.0.0", ipv6_host="::", tcp_port=free_tcp_port()
    )
    relay = Relay(msgspec.structs.replace(config, relay=both))
    await relay.process.start()
    publisher, subscriber = Peer(relay, PUBLISHER), Peer(relay, SUBSCRIBER)
    async with asyncio.timeout(60):
        relay.send(CreateTransport(REACHED, "ufrag", PASSWORD, opens_data_channels=False))
        if relay.process.ipv6_port:
            await _reach_by_ipv6(relay)
        await _reach_by_tcp(relay)
        await _call(relay, publisher, subscriber)
        while relay.process.stats is None or relay.process.evidence().self_test is None:
            await asyncio.sleep(0.02)
        candidates = [
            RemoteCandidate(bytes(4), 9, CandidateKind.HOST),
            RemoteCandidate(b"", 9, CandidateKind.HOST),
        ]
        relay.send(AddCandidates(SUBSCRIBER, candidates))
        relay.send(CloseConsumer(101))
        relay.send(CloseProducer(1))
        relay.send(CloseTransport(SUBSCRIBER))
        await relay.hears(TransportEnded, lambda told: told.measured)
        assert relay.process.traffic is not None
        await publisher.close()
        relay.send(Stop())
        await relay.until_lost()
    await subscriber.close()
    await relay.process.kill()


if __name__ == "__main__":
    with pytest.MonkeyPatch.context() as patch:
        on_loopback(patch)
        asyncio.run(main())
