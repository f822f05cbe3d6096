"""Media and data through a real relay, between two peers that share no code with it but the library."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import av
import msgspec
import pytest
from aiortc import MediaStreamTrack, VideoStreamTrack
from livekit.protocol import models

from server.control.messages import (
    CloseTransport,
    ConnectTransport,
    DataMember,
    MediaKind,
    ProducerLayers,
    Request,
    SrtpProfile,
    Stop,
    TransportPhase,
    TransportState,
)
from tests.relay.conftest import Relay
from tests.relay.crossing import OUT_SSRC, PUBLISHER, SUBSCRIBER, connected, consume, produce, receive
from tests.relay.peer import Offered, Peer, Tone, on_loopback


@pytest.fixture
async def call(relay: Relay, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Peer, Peer]]:
    on_loopback(monkeypatch)
    publisher, subscriber = Peer(relay, PUBLISHER), Peer(relay, SUBSCRIBER)
    yield publisher, subscriber
    await publisher.close()
    await subscriber.close()


def _is_of(producer: int, told: ProducerLayers) -> bool:
    return told.producer == producer


async def test_opus_and_vp8_cross_and_decode(relay: Relay, call: tuple[Peer, Peer]) -> None:
    publisher, subscriber = call
    publisher.connection.addTrack(Tone())
    publisher.connection.addTrack(VideoStreamTrack())
    tracks: dict[str, MediaStreamTrack] = {}
    subscriber.connection.on("track", lambda track: tracks.update({track.kind: track}))

    sections = await publisher.publish()
    produce(relay, sections)
    streams = [
        Offered(section.mid, "audio" if section.kind is MediaKind.AUDIO else "video", OUT_SSRC[section.kind])
        for section in sections
    ]
    await subscriber.subscribe(streams)
    consume(relay, sections)

    assert (await connected(relay, PUBLISHER)).srtp_profile is SrtpProfile.AEAD_AES_128_GCM
    assert (await connected(relay, SUBSCRIBER)).srtp_profile is SrtpProfile.AEAD_AES_128_GCM
    for number, section in enumerate(sections, 1):
        layers = await relay.hears(ProducerLayers, partial(_is_of, number))
        assert (layers.payload_type, layers.layers) == (section.codecs[0].payload_type, 1)

    pictures, sounds = await asyncio.gather(receive(tracks["video"], 10), receive(tracks["audio"], 40))
    last = pictures[-1]
    assert isinstance(last, av.VideoFrame)
    assert (last.width, last.height) == (640, 480)
    sound = sounds[-1]
    assert isinstance(sound, av.AudioFrame)
    assert max(abs(sample) for sample in memoryview(bytes(sound.planes[0])).cast("h")) > 2000


async def test_a_data_message_crosses_with_its_senders_name(relay: Relay, call: tuple[Peer, Peer]) -> None:
    publisher, subscriber = call
    for member, name, send, receive_on in ((1, "ann", PUBLISHER, 0), (2, "bob", 0, SUBSCRIBER)):
        relay.send(DataMember(member, 1, name, f"PA_{name}", send, receive_on, may_publish=True))
    publisher.keep(publisher.connection.createDataChannel("_reliable"))
    publisher.keep(publisher.connection.createDataChannel("_lossy", ordered=False, maxRetransmits=0))
    await publisher.publish()
    await subscriber.subscribe([])
    await connected(relay, PUBLISHER)
    await connected(relay, SUBSCRIBER)
    await publisher.until_open()
    packet = models.DataPacket(user=models.UserPacket(payload=b"hello"), participant_identity="mallory")
    # The first may come before the subscriber's channel is open: it is held.
    publisher.channels["_reliable"].send(packet.SerializeToString())
    await subscriber.until(lambda: len(subscriber.messages) == 1 and len(subscriber.channels) == 2)
    publisher.channels["_lossy"].send(packet.SerializeToString())
    await subscriber.until(lambda: len(subscriber.messages) == 2)
    assert [label for label, _ in subscriber.messages] == ["_reliable", "_lossy"]
    for _, message in subscriber.messages:
        heard = models.DataPacket.FromString(message)
        assert (heard.user.payload, heard.participant_identity) == (b"hello", "ann")
    assert subscriber.channels["_reliable"].ordered
    assert not subscriber.channels["_lossy"].ordered
    assert subscriber.channels["_lossy"].maxRetransmits == 0


async def test_a_peer_that_says_goodbye_has_left(relay: Relay, call: tuple[Peer, Peer]) -> None:
    publisher, _ = call
    publisher.keep(publisher.connection.createDataChannel("_reliable"))
    await publisher.publish()
    await publisher.until_open()
    await publisher.close()
    await relay.hears(TransportState, lambda told: told.phase is TransportPhase.LEFT)


async def test_a_wrong_certificate_fails(
    relay: Relay, call: tuple[Peer, Peer], monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher, _ = call
    publisher.keep(publisher.connection.createDataChannel("_reliable"))
    real = relay.send

    def with_another_fingerprint(request: Request) -> None:
        if isinstance(request, ConnectTransport):
            another = msgspec.structs.replace(request.fingerprints[0], digest=bytes(32))
            request = msgspec.structs.replace(request, fingerprints=[another])
        real(request)

    monkeypatch.setattr(relay, "send", with_another_fingerprint)
    await publisher.publish()
    told = await relay.hears(TransportState, lambda told: told.phase is not TransportPhase.REACHABLE)
    assert told.phase is TransportPhase.FAILED


async def test_a_closed_transport_says_goodbye(relay: Relay, call: tuple[Peer, Peer]) -> None:
    publisher, _ = call
    publisher.keep(publisher.connection.createDataChannel("_reliable"))
    await publisher.publish()
    await publisher.until_open()
    relay.send(CloseTransport(PUBLISHER))
    publisher.connection.on("connectionstatechange", publisher.changed.set)
    await publisher.until(lambda: publisher.connection.connectionState == "closed")


async def test_a_relay_that_is_stopped_says_goodbye(relay: Relay, call: tuple[Peer, Peer]) -> None:
    publisher, _ = call
    publisher.keep(publisher.connection.createDataChannel("_reliable"))
    await publisher.publish()
    await publisher.until_open()
    publisher.connection.on("connectionstatechange", publisher.changed.set)
    relay.send(Stop())
    await publisher.until(lambda: publisher.connection.connectionState == "closed")
