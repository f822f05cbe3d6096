"""aiortc, an engine that is not libwebrtc, takes our descriptions and gives ones that we take."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack

from server.sdp.model import LocalTransport, Setup
from server.sdp.negotiate import TrackOptions, answer_publisher
from server.sdp.parse import parse
from server.sdp.subscriber import DownTrack, SubscriberSession
from tests.unit.descriptions import EVERY_CODEC, LOCAL, audio_codecs, video_codecs

# No candidates: the descriptions are what is tested, nothing is to be connected to.
QUIET = LocalTransport(LOCAL.ice_ufrag, LOCAL.ice_pwd, LOCAL.fingerprint, ())


@pytest.fixture
async def peer() -> AsyncIterator[RTCPeerConnection]:
    connection = RTCPeerConnection()
    yield connection
    await connection.close()


async def test_aiortc_publishes(peer: RTCPeerConnection) -> None:
    peer.addTrack(AudioStreamTrack())
    peer.addTrack(VideoStreamTrack())
    peer.createDataChannel("_reliable")
    await peer.setLocalDescription(await peer.createOffer())
    answer = answer_publisher(parse(peer.localDescription.sdp), QUIET, lambda _: TrackOptions(), EVERY_CODEC)
    await peer.setRemoteDescription(RTCSessionDescription(answer.text, "answer"))
    assert peer.signalingState == "stable"
    assert [track.kind for track in answer.tracks] == ["audio", "video"]
    assert answer.tracks[1].encodings[0].rtx_ssrc
    assert answer.has_data
    assert answer.setup is Setup.PASSIVE
    assert [transceiver.currentDirection for transceiver in peer.getTransceivers()] == ["sendonly"] * 2


async def test_aiortc_subscribes(peer: RTCPeerConnection) -> None:
    received: list[str] = []
    peer.on("track", lambda track: received.append(track.kind))
    session = SubscriberSession(7)
    session.add(DownTrack("audio", "PA_x|TR_1", "TR_1", 1001, "PA_x", audio_codecs()))
    session.add(DownTrack("video", "PA_x|TR_2", "TR_2", 1002, "PA_x", video_codecs(), rtx_ssrc=1003))
    await peer.setRemoteDescription(RTCSessionDescription(session.offer(QUIET), "offer"))
    await peer.setLocalDescription(await peer.createAnswer())
    description = parse(peer.localDescription.sdp, session.section_count)
    accepted, fingerprints, setup = session.accept(description)
    assert received == ["audio", "video"]
    assert setup is Setup.PASSIVE
    assert [fingerprint.algorithm for fingerprint in fingerprints] == ["sha-256", "sha-384", "sha-512"]
    assert [track.mid for track in accepted] == ["0", "1"]
    assert accepted[0].payload_types[-1].incoming == 111
    assert [mapping.incoming for mapping in accepted[1].payload_types] == [96, 102]
    assert [mapping.incoming for mapping in accepted[1].rtx_payload_types] == [96, 102]
