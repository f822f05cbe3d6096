"""What the benchmark beside Janus reads in a description, and what it answers to one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from aiortc.rtcdtlstransport import RTCCertificate

from bench.forwarding import SSRC
from bench.janus import STREAMS, answer, offer, remote_of
from bench.peer import Peer

OFFERED = "\r\n".join(
    [
        "v=0",
        "o=- 1 1 IN IP4 192.0.2.2",
        "s=VideoRoom 1",
        "a=group:BUNDLE 0",
        "a=fingerprint:sha-256 " + ":".join(["AB"] * 32),
        "a=ice-lite",
        "m=video 9 UDP/TLS/RTP/SAVPF 96",
        "a=sendonly",
        "a=mid:0",
        "a=ice-ufrag:t9EB",
        "a=ice-pwd:D2R6c0+5BHMmySyE8Bu81/",
        "a=setup:actpass",
        "a=rtpmap:96 VP8/90000",
        "a=extmap:5 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
        "a=ssrc:7 cname:janus",
        "a=candidate:1 1 udp 2015363327 192.0.2.2 37280 typ host",
        "a=candidate:2 1 udp 2015363583 2001:db8::2 39091 typ host",
        "a=end-of-candidates",
        "",
    ]
)


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer(RTCCertificate.generateCertificate())
    made.socket.bind(("127.0.0.1", 0))
    yield made
    made.socket.close()


def test_the_first_candidate_is_where_to_connect() -> None:
    remote = remote_of(OFFERED)
    assert (remote.host, remote.port) == ("192.0.2.2", 37280)
    assert (remote.ufrag, remote.password) == ("t9EB", "D2R6c0+5BHMmySyE8Bu81/")
    assert remote.fingerprint == bytes([0xAB] * 32)


@pytest.mark.parametrize("lost", ["a=candidate", "a=fingerprint", "a=ice-ufrag", "a=ice-pwd"])
def test_what_a_description_lacks_is_named(lost: str) -> None:
    kept = "\r\n".join(line for line in OFFERED.split("\r\n") if not line.startswith(lost))
    with pytest.raises(ValueError, match=lost):
        remote_of(kept)
    with pytest.raises(ValueError, match="another hash"):
        remote_of(OFFERED.replace("sha-256", "sha-1"))


def test_an_answer_takes_all_that_is_offered_and_sends_nothing(peer: Peer) -> None:
    lines = answer(peer, OFFERED).split("\r\n")
    assert "m=video 9 UDP/TLS/RTP/SAVPF 96" in lines
    assert {"a=recvonly", "a=setup:active", f"a=ice-ufrag:{peer.ufrag}"} <= set(lines)
    assert not {"a=sendonly", "a=ice-lite", "a=ice-ufrag:t9EB", "a=ssrc:7 cname:janus"} & set(lines)


def test_an_offer_has_what_our_own_producers_have(peer: Peer) -> None:
    video, audio = offer(peer, STREAMS[0]), offer(peer, STREAMS[-1])
    assert remote_of(video).port == peer.socket.getsockname()[1]
    assert f"a=ssrc:{SSRC} cname:" in video
    assert "VP8/90000" in video
    assert "a=rtcp-fb:96 nack\r\n" in video
    assert "opus/48000/2" in audio
    assert "nack" not in audio
