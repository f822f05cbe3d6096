"""Offers to subscribers: stable sections, one meaning per payload type, and only what was answered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from server.control import messages as control
from server.sdp.model import Codec, Direction, SdpError, Setup
from server.sdp.parse import parse
from server.sdp.subscriber import AcceptedTrack, DownTrack, SubscriberSession
from tests.unit.descriptions import LOCAL, audio_codecs, block, video_codecs


def video(number: int = 1, *, codecs: tuple[Codec, ...] = video_codecs()) -> DownTrack:
    return DownTrack("video", f"PA_x|TR_{number}", f"TR_{number}", 1000 + number, "PA_x", codecs)


def audio(number: int = 1, *, stereo: bool = False, codecs: tuple[Codec, ...] = audio_codecs()) -> DownTrack:
    return DownTrack("audio", f"PA_y|TR_{number}", f"TR_{number}", 2000 + number, "PA_y", codecs, stereo)


def mirrored(text: str) -> str:
    """An answer that takes everything, made of the offer itself."""
    text = text.replace("a=sendonly", "a=recvonly").replace("a=setup:actpass", "a=setup:active")
    lines = [line for line in text.split("\r\n") if not line.startswith(("a=msid:", "a=ssrc", "a=ice-lite"))]
    return "\r\n".join(lines)


def negotiate(session: SubscriberSession) -> tuple[str, tuple[AcceptedTrack, ...]]:
    text = session.offer(LOCAL)
    return text, session.accept(parse(mirrored(text), session.section_count))[0]


def test_an_empty_session_offers_data_alone() -> None:
    session = SubscriberSession(7)
    text = session.offer(LOCAL)
    assert text.startswith("v=0\r\no=- 7 1 IN IP4 127.0.0.1\r\n")
    assert "a=group:BUNDLE data\r\n" in text
    lines = block(text, "data")
    assert {"a=sctp-port:5000", "a=setup:actpass", "a=end-of-candidates"} <= set(lines)
    assert session.section_count == 1
    accepted, fingerprints, setup = session.accept(parse(mirrored(text)))
    assert (accepted, len(fingerprints), setup) == ((), 1, Setup.PASSIVE)


def test_a_track_is_described_in_every_way_that_sdks_look_for() -> None:
    session = SubscriberSession(7)
    mid = session.add(video())
    text, (accepted,) = negotiate(session)
    lines = block(text, mid)
    assert {
        "a=sendonly",
        "a=msid:PA_x|TR_1 TR_1",
        "a=ssrc:1001 cname:PA_x",
        "a=ssrc:1001 msid:PA_x|TR_1 TR_1",
        "a=rtpmap:96 VP8/90000",
        "a=fmtp:102 packetization-mode=1;profile-level-id=42e01f",
        "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid",
        "a=rtcp-mux",
    } <= set(lines)
    assert [line for line in lines if line.startswith("a=rtcp-fb:96 ")] == [
        "a=rtcp-fb:96 transport-cc",
        "a=rtcp-fb:96 goog-remb",
        "a=rtcp-fb:96 ccm fir",
        "a=rtcp-fb:96 nack",
        "a=rtcp-fb:96 nack pli",
    ]
    assert accepted.mid == mid
    assert accepted.payload_types == (control.PayloadMapping(96, 96), control.PayloadMapping(102, 102))
    assert control.HeaderExtension(control.ExtensionKind.MID, 1) in accepted.extensions


def test_video_is_numbered_anew_at_each_sending_and_audio_is_not() -> None:
    session = SubscriberSession(7)
    picture, sound = session.add(video()), session.add(audio())
    text = session.offer(LOCAL)
    numbers = "draft-holmer-rmcat-transport-wide-cc-extensions-01"
    assert any(numbers in line for line in block(text, picture))
    assert not any(numbers in line or "transport-cc" in line for line in block(text, sound))
    for absent in ("abs-send-time", "rtp-stream-id"):
        assert absent not in text


def repaired(number: int = 1, codecs: tuple[Codec, ...] = video_codecs()) -> DownTrack:
    return replace(video(number, codecs=codecs), rtx_ssrc=3000 + number)


def test_retransmissions_of_video_have_numbers_of_their_own() -> None:
    session = SubscriberSession(7)
    mid = session.add(repaired())
    voice = session.add(replace(audio(), rtx_ssrc=3009))
    text, accepted = negotiate(session)
    lines = block(text, mid)
    assert {
        "a=ssrc-group:FID 1001 3001",
        "a=ssrc:3001 cname:PA_x",
        "a=ssrc:3001 msid:PA_x|TR_1 TR_1",
        "a=rtpmap:97 rtx/90000",
        "a=fmtp:97 apt=96",
        "a=fmtp:103 apt=102",
    } <= set(lines)
    assert lines[0] == "m=video 9 UDP/TLS/RTP/SAVPF 96 102 97 103"
    assert lines.index("a=ssrc-group:FID 1001 3001") < lines.index("a=ssrc:1001 cname:PA_x")
    assert accepted[0].payload_types == (control.PayloadMapping(96, 96), control.PayloadMapping(102, 102))
    assert accepted[0].rtx_payload_types == (control.PayloadMapping(96, 97), control.PayloadMapping(102, 103))
    assert accepted[1].rtx_payload_types == ()
    assert not any("rtx" in line or "3009" in line for line in block(text, voice))


@pytest.mark.parametrize(
    ("was", "becomes", "left"),
    [
        ("SAVPF 96 102 97 103", "SAVPF 96 102 97", [(96, 97)]),
        ("SAVPF 96 102 97 103", "SAVPF 96 102", []),
        ("SAVPF 96 102 97 103", "SAVPF 102 97 103", [(102, 103)]),
        ("a=fmtp:97 apt=96", "a=fmtp:97 apt=102", [(102, 103)]),
        ("a=rtpmap:97 rtx/90000", "a=rtpmap:97 rtx/8000", [(102, 103)]),
        ("a=fmtp:97 apt=96\r\n", "", [(102, 103)]),
    ],
)
def test_retransmissions_are_wrapped_only_as_answered(
    was: str, becomes: str, left: list[tuple[int, int]]
) -> None:
    session = SubscriberSession(7)
    session.add(repaired())
    answer = mirrored(session.offer(LOCAL))
    assert was in answer
    (accepted,), _, _ = session.accept(parse(answer.replace(was, becomes)))
    assert accepted.rtx_payload_types == tuple(control.PayloadMapping(*pair) for pair in left)


def test_numbers_of_retransmissions_clash_with_nobody() -> None:
    session = SubscriberSession(7)
    session.add(repaired(1))
    session.add(repaired(2, codecs=(Codec(97, "vp9", 90_000), Codec(103, "av1", 90_000))))
    text, accepted = negotiate(session)
    meanings: dict[int, tuple[str, str]] = {}
    for section in parse(text).sections:
        for codec in section.codecs:
            meaning = (codec.name, codec.fmtp)
            assert meanings.setdefault(codec.payload_type, meaning) == meaning
    assert [len(track.rtx_payload_types) for track in accepted] == [2, 2]


def test_versions_count_and_transport_stays() -> None:
    session = SubscriberSession(9)
    for version in (1, 2, 3):
        text, _ = negotiate(session)
        assert f"o=- 9 {version} IN" in text
        assert "a=setup:actpass" in text


def test_red_follows_the_number_of_its_opus() -> None:
    session = SubscriberSession(7)
    session.add(video(codecs=(Codec(111, "vp8", 90_000),)))
    mid = session.add(audio())
    text, accepted = negotiate(session)
    section = next(section for section in parse(text).sections if section.mid == mid)
    opus = next(codec for codec in section.codecs if codec.name == "opus")
    red = next(codec for codec in section.codecs if codec.name == "red")
    assert opus.payload_type != 111
    assert red.fmtp == f"{opus.payload_type}/{opus.payload_type}"
    assert section.codecs[0] is red
    assert control.PayloadMapping(111, opus.payload_type) in accepted[1].payload_types
    assert opus.feedback == ()


def test_opus_alone_is_repaired_by_retransmission() -> None:
    session = SubscriberSession(7)
    mid = session.add(audio(codecs=(Codec(111, "opus", 48_000, 2, "whatever=1"),)))
    lines = block(session.offer(LOCAL), mid)
    assert "a=rtcp-fb:111 nack" in lines
    assert "a=fmtp:111 minptime=10;useinbandfec=1" in lines


def test_red_without_its_opus_is_left_out() -> None:
    session = SubscriberSession(7)
    codecs = (Codec(63, "red", 48_000, 2, "110/110"), Codec(111, "opus", 48_000, 2))
    mid = session.add(audio(codecs=codecs))
    assert not any("red/" in line for line in block(session.offer(LOCAL), mid))


def test_stereo_has_a_payload_type_of_its_own() -> None:
    session = SubscriberSession(7)
    mono, stereo = session.add(audio(1)), session.add(audio(2, stereo=True))
    text, (first, second) = negotiate(session)
    opus = {m.incoming: m.outgoing for m in first.payload_types}[111]
    wide = {m.incoming: m.outgoing for m in second.payload_types}[111]
    assert opus != wide
    assert f"a=fmtp:{wide} minptime=10;useinbandfec=1;sprop-stereo=1" in block(text, stereo)
    assert not any("sprop-stereo" in line for line in block(text, mono))


def test_publishers_with_clashing_numbers_share_a_bundle() -> None:
    session = SubscriberSession(7)
    session.add(video(1))
    session.add(video(2, codecs=(Codec(96, "h264", 90_000, 1, "profile-level-id=64001f"),)))
    session.add(video(3, codecs=(Codec(120, "vp8", 90_000),)))
    text, accepted = negotiate(session)
    meanings: dict[int, tuple[str, str]] = {}
    for section in parse(text).sections:
        for codec in section.codecs:
            meaning = (codec.name, codec.fmtp)
            assert meanings.setdefault(codec.payload_type, meaning) == meaning
    assert accepted[1].payload_types[0].outgoing != 96
    assert accepted[2].payload_types == (control.PayloadMapping(120, 96),)


def test_a_section_is_used_again_only_after_its_end_was_answered() -> None:
    session = SubscriberSession(7)
    first = session.add(video(1))
    negotiate(session)
    session.remove(first)
    assert session.add(video(2)) == "1"
    text, accepted = negotiate(session)
    assert "a=inactive" in block(text, first)
    assert not any(line.startswith(("a=msid", "a=ssrc")) for line in block(text, first))
    assert [track.mid for track in accepted] == ["1"]
    assert session.add(audio(3)) == "2"
    assert session.add(video(4)) == first
    text, accepted = negotiate(session)
    assert "a=msid:PA_x|TR_4 TR_4" in block(text, first)
    assert [track.mid for track in accepted] == [first, "1", "2"]
    assert [section.mid for section in parse(text).sections] == ["data", "0", "1", "2"]


def test_changes_after_an_offer_wait_for_the_next() -> None:
    session = SubscriberSession(7)
    first = session.add(video(1))
    text = session.offer(LOCAL)
    second = session.add(audio(2))
    session.remove(first)
    assert session.section_count == 2
    accepted, _, _ = session.accept(parse(mirrored(text)))
    assert accepted == ()
    _, accepted = negotiate(session)
    assert [track.mid for track in accepted] == [second]


def test_a_section_that_the_peer_still_believes_in_is_not_used_again() -> None:
    session = SubscriberSession(7)
    first = session.add(video(1))
    text = session.offer(LOCAL)
    session.remove(first)
    session.accept(parse(mirrored(text)))
    assert session.add(video(2)) != first


def test_a_track_that_ended_before_it_was_offered_leaves_an_idle_section() -> None:
    session = SubscriberSession(7)
    mid = session.add(video(1))
    session.remove(mid)
    text, accepted = negotiate(session)
    assert "a=inactive" in block(text, mid)
    assert accepted == ()
    assert session.add(video(2)) == mid


def test_a_refused_section_stays_refused() -> None:
    session = SubscriberSession(7)
    mid = session.add(video(1))
    text = session.offer(LOCAL)
    answer = mirrored(text).replace("m=video 9", "m=video 0")
    accepted, _, _ = session.accept(parse(answer))
    assert accepted == (AcceptedTrack(mid, (), ()),)
    session.remove(mid)
    assert session.add(video(2)) == "1"
    text = session.offer(LOCAL)
    assert "m=video 0 UDP/TLS/RTP/SAVPF 96 102" in text
    assert "a=group:BUNDLE data 1\r\n" in text


def test_a_section_that_is_not_received_has_no_payload_types() -> None:
    session = SubscriberSession(7)
    mid = session.add(video(1))
    answer = mirrored(session.offer(LOCAL)).replace("a=recvonly", "a=inactive")
    accepted, _, _ = session.accept(parse(answer))
    assert accepted == (AcceptedTrack(mid, (), ()),)


def test_only_codecs_that_were_answered_are_sent() -> None:
    session = SubscriberSession(7)
    mid = session.add(video(1))
    answer = mirrored(session.offer(LOCAL)).replace("SAVPF 96 102", "SAVPF 96")
    accepted, _, _ = session.accept(parse(answer))
    assert accepted[0].payload_types == (control.PayloadMapping(96, 96),)
    answer = mirrored(session.offer(LOCAL)).replace("rtpmap:96 VP8", "rtpmap:96 VP9")
    accepted, _, _ = session.accept(parse(answer))
    assert accepted[0].mid == mid
    assert accepted[0].payload_types == (control.PayloadMapping(102, 102),)


def test_extensions_with_other_numbers_are_not_sent() -> None:
    session = SubscriberSession(7)
    session.add(video(1))
    answer = mirrored(session.offer(LOCAL)).replace("extmap:1 ", "extmap:14 ")
    accepted, _, _ = session.accept(parse(answer))
    kinds = {extension.extension for extension in accepted[0].extensions}
    assert control.ExtensionKind.MID not in kinds
    assert control.ExtensionKind.DEPENDENCY_DESCRIPTOR in kinds


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("a=mid:0", "a=mid:1"),
        ("m=video", "m=audio"),
        ("a=setup:active", "a=setup:actpass"),
        ("a=fingerprint:sha-256", "a=fingerprint:md5"),
        ("m=video 9", "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:9\r\nm=video 9"),
    ],
)
def test_an_answer_to_something_else_is_refused(was: str, becomes: str) -> None:
    session = SubscriberSession(7)
    session.add(video(1))
    answer = mirrored(session.offer(LOCAL)).replace(was, becomes)
    with pytest.raises(SdpError):
        session.accept(parse(answer))


def test_an_answer_without_an_offer_is_refused() -> None:
    text = SubscriberSession(7).offer(LOCAL)
    with pytest.raises(SdpError):
        SubscriberSession(8).accept(parse(mirrored(text)))


def test_a_passive_peer_makes_this_side_start() -> None:
    session = SubscriberSession(7)
    answer = mirrored(session.offer(LOCAL)).replace("a=setup:active", "a=setup:passive")
    assert session.accept(parse(answer))[2] is Setup.ACTIVE


def test_a_track_without_a_forwarded_codec_is_an_error_and_changes_nothing() -> None:
    session = SubscriberSession(7)
    with pytest.raises(SdpError):
        session.add(video(codecs=(Codec(97, "rtx", 90_000),)))
    negotiate(session)
    assert session.section_count == 1


def test_hundreds_of_tracks() -> None:
    session = SubscriberSession(7)
    for number in range(300):
        session.add(video(number))
    text, accepted = negotiate(session)
    assert len(accepted) == 300
    assert all(section.direction is not Direction.INACTIVE for section in parse(text, 301).sections)
