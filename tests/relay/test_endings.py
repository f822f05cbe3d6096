"""What a real relay tells of transports and tracks at their end, with real aiortc peers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from aiortc import MediaStreamTrack, VideoStreamTrack
from aiortc.sdp import SessionDescription

from server.control import budget, numbers
from server.control.messages import (
    AddCandidates,
    CandidateKind,
    CloseProducer,
    CloseTransport,
    ConnectTransport,
    CreateTransport,
    PathKind,
    ProducerEnded,
    RemoteCandidate,
    Request,
    TransportEnded,
    TransportPhase,
    TransportState,
)
from tests.relay.conftest import Relay
from tests.relay.crossing import PUBLISHER, SUBSCRIBER, connected, consume, produce, receive
from tests.relay.peer import Offered, Peer, Tone, on_loopback

AUDIO, VIDEO = 1, 2
LOOPBACK = bytes([127, 0, 0, 1])


@pytest.fixture
async def call(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Peer, Peer, dict[str, MediaStreamTrack]]]:
    """Sound and pictures from one to another, decoded."""
    on_loopback(monkeypatch)
    publisher, subscriber = Peer(relay, PUBLISHER), Peer(relay, SUBSCRIBER)
    publisher.connection.addTrack(Tone())
    publisher.connection.addTrack(VideoStreamTrack())
    tracks: dict[str, MediaStreamTrack] = {}
    subscriber.connection.on("track", lambda track: tracks.update({track.kind: track}))
    sections = await publisher.publish()
    produce(relay, sections)
    names = ("audio", "video")
    ssrcs = (0x1111_1111, 0x2222_2222)
    await subscriber.subscribe(
        [Offered(one.mid, name, ssrc) for one, name, ssrc in zip(sections, names, ssrcs, strict=True)]
    )
    consume(relay, sections)
    await connected(relay, PUBLISHER)
    await connected(relay, SUBSCRIBER)
    await asyncio.gather(receive(tracks["video"], 10), receive(tracks["audio"], 60))
    yield publisher, subscriber, tracks
    await publisher.close()
    await subscriber.close()


def near(told: int, truth: int) -> bool:
    """As near as numbers may be told."""
    return abs(told - truth) <= truth / 8 + 2


def creation(transport: int) -> CreateTransport:
    return CreateTransport(transport, f"{transport:06}", "a-password-of-the-relay", False)


def _port(peer: Peer) -> int:
    """Where the peer is on loopback."""
    described = SessionDescription.parse(peer.connection.localDescription.sdp)
    return int(described.media[0].ice_candidates[0].port)


async def _sent(peer: Peer, kind: str) -> Any:
    """What a peer counted of what it sends."""
    stats = (await peer.connection.getStats()).values()
    return next(one for one in stats if one.type == "outbound-rtp" and one.kind == kind)


async def transport_ended(relay: Relay, transport: int) -> TransportEnded:
    return await relay.hears(TransportEnded, lambda told: told.transport == transport)


async def test_a_track_that_is_closed_is_answered_for_with_what_its_sender_counted(
    relay: Relay, call: tuple[Peer, Peer, dict[str, MediaStreamTrack]]
) -> None:
    publisher, _, _ = call
    relay.send(CloseProducer(VIDEO))
    told = await relay.hears(ProducerEnded, lambda told: told.producer == VIDEO)
    sent = await _sent(publisher, "video")
    assert told.measured
    assert (told.layers, told.packets_lost, told.packets_resent) == (1, 0, 0)
    assert near(told.packets, sent.packetsSent)
    assert sent.bytesSent * 0.8 < told.bytes < sent.bytesSent * 1.2 + 40 * sent.packetsSent
    assert told.key_frames >= 1
    assert told.key_frames_asked >= 1


async def test_a_transport_that_is_closed_is_answered_for_with_its_tracks(
    relay: Relay, call: tuple[Peer, Peer, dict[str, MediaStreamTrack]]
) -> None:
    publisher, _, _ = call
    relay.send(CloseTransport(SUBSCRIBER))
    relay.send(CloseTransport(PUBLISHER))
    receiving = await transport_ended(relay, SUBSCRIBER)
    sending = await transport_ended(relay, PUBLISHER)
    sent = [await _sent(publisher, kind) for kind in ("audio", "video")]
    assert (receiving.path, sending.path) == (PathKind.UDP_IPV4, PathKind.UDP_IPV4)
    assert sending.packets_received >= sum(one.packetsSent for one in sent) * 0.85
    assert receiving.packets_sent >= sum(one.packetsSent for one in sent) * 0.7
    assert receiving.bytes_sent > 10_000
    assert (receiving.packets_lost, sending.packets_lost) == (0, 0)
    ended = {told.producer for told in relay.heard if isinstance(told, ProducerEnded)}
    assert ended == {AUDIO, VIDEO}
    assert relay.lost is None


async def test_the_kind_of_candidate_is_told_and_not_where_it_is(
    relay: Relay, call: tuple[Peer, Peer, dict[str, MediaStreamTrack]]
) -> None:
    publisher, subscriber, _ = call
    for peer, kind in ((publisher, CandidateKind.HOST), (subscriber, CandidateKind.RELAYED)):
        candidate = RemoteCandidate(LOOPBACK, _port(peer), kind)
        relay.send(AddCandidates(peer.transport, [candidate]))
        relay.send(CloseTransport(peer.transport))
    assert (await transport_ended(relay, PUBLISHER)).candidate is CandidateKind.HOST
    assert (await transport_ended(relay, SUBSCRIBER)).candidate is CandidateKind.RELAYED


async def test_a_subscribers_round_trip_is_that_of_the_loopback(
    relay: Relay, call: tuple[Peer, Peer, dict[str, MediaStreamTrack]]
) -> None:
    """aiortc reports every second on what it receives, and sends no echo of our time where it sends."""
    _, _, tracks = call
    await receive(tracks["audio"], 200)
    relay.send(CloseTransport(SUBSCRIBER))
    told = await transport_ended(relay, SUBSCRIBER)
    assert 0 < told.round_trip_last <= told.round_trip_worst < 500


async def test_a_transport_that_nobody_reached_has_nothing_to_tell(relay: Relay) -> None:
    relay.send(creation(7))
    relay.send(CloseTransport(7))
    nothing = (0, 0, 0, 0, 0, 0, 0, 0)
    expected = TransportEnded(7, True, PathKind.NONE, CandidateKind.UNKNOWN, *nothing)
    assert await transport_ended(relay, 7) == expected


async def test_a_handshake_that_failed_is_answered_for_when_the_transport_is_closed(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_loopback(monkeypatch)
    publisher = Peer(relay, PUBLISHER)
    publisher.connection.addTrack(Tone())
    real = relay.send

    def with_another_fingerprint(request: Request) -> None:
        if isinstance(request, ConnectTransport):
            another = msgspec.structs.replace(request.fingerprints[0], digest=bytes(32))
            request = msgspec.structs.replace(request, fingerprints=[another])
        real(request)

    monkeypatch.setattr(relay, "send", with_another_fingerprint)
    await publisher.publish()
    await relay.hears(TransportState, lambda told: told.phase is TransportPhase.FAILED)
    relay.send(CloseTransport(PUBLISHER))
    told = await transport_ended(relay, PUBLISHER)
    assert told.path is PathKind.UDP_IPV4
    assert told.packets_received > 0
    await publisher.close()


async def test_beyond_the_ration_ends_are_told_without_numbers(relay: Relay) -> None:
    """A relay keeps to the ration by itself: it is not ended for a crowd that leaves at once."""
    count = int(numbers.SAVED_UP) + 200
    for first in range(1, count + 1, 500):
        batch = range(first, min(first + 500, count + 1))
        for number in batch:
            relay.send(creation(number))
            relay.send(CloseTransport(number))
        await transport_ended(relay, batch[-1])
    told = [one.measured for one in relay.heard if isinstance(one, TransportEnded)]
    assert len(told) == count
    assert 0 < told.count(False) <= 200
    assert relay.lost is None


async def test_what_the_relay_counts_in_all_is_asked_for_now_and_then(
    relay: Relay, call: tuple[Peer, Peer, dict[str, MediaStreamTrack]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "TRAFFIC_EVERY", 0.1)
    process = relay.process
    first = process.traffic
    assert first is not None, "asked for at once"
    process._counting._traffic_due = 0.0
    _, _, tracks = call

    async def later() -> None:
        while process.traffic is first:
            await receive(tracks["audio"], 5)

    await asyncio.wait_for(later(), 15)
    assert process.traffic is not None
    assert process.traffic.bytes_received >= budget.BYTES_STEP
    assert process.traffic.bytes_sent >= budget.BYTES_STEP
    assert process.traffic.lost_incoming == 0
