"""Answers to publishers: what SDKs silently depend on, each rule by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.control import messages as control
from server.sdp import write
from server.sdp.codecs import repaired_payload_type
from server.sdp.model import Candidate, Codec, Description, Direction, Extension, SdpError, Section, Setup
from server.sdp.negotiate import PublisherAnswer, TrackOptions, answer_publisher
from server.sdp.parse import parse
from tests.unit.descriptions import EVERY_CODEC, LOCAL, OFFERS, PATIENT, block, offer, read

RID_URIS = {
    "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
}
PLAIN = TrackOptions()


def answer(
    description: Description,
    options: TrackOptions | Callable[[Section], TrackOptions] = PLAIN,
    enabled: set[str] = EVERY_CODEC,
) -> PublisherAnswer:
    ask = options if callable(options) else lambda section: options
    return answer_publisher(description, LOCAL, ask, enabled)


def changed(description: Description, mid: str, **changes: object) -> Description:
    """The description with fields of one section replaced."""
    sections = tuple(
        replace(section, **changes) if section.mid == mid else section  # type: ignore[arg-type]
        for section in description.sections
    )
    return replace(description, sections=sections)


@pytest.mark.parametrize("name", OFFERS)
def test_every_section_is_answered_in_its_place(name: str) -> None:
    description = offer(name)
    result = answer(description)
    answered = parse(result.text)
    assert [(s.kind, s.mid) for s in answered.sections] == [(s.kind, s.mid) for s in description.sections]
    assert answered.bundle == description.bundle
    assert answered.extmap_allow_mixed is description.extmap_allow_mixed
    assert result.text.count("a=ice-lite") == 1
    assert result.text.index("a=ice-lite") < result.text.index("m=")
    for section in answered.sections:
        assert not section.rejected
        assert section.setup is Setup.PASSIVE
        assert (section.ice_ufrag, section.ice_pwd) == (LOCAL.ice_ufrag, LOCAL.ice_pwd)
        assert section.fingerprints[0].digest == LOCAL.fingerprint


@pytest.mark.parametrize("name", OFFERS)
def test_nothing_is_answered_that_was_not_offered(name: str) -> None:
    description = offer(name)
    for offered, section in zip(description.sections, parse(answer(description).text).sections, strict=True):
        offered_codecs = {codec.payload_type: codec for codec in offered.codecs}
        for codec in section.codecs:
            assert codec.name == offered_codecs[codec.payload_type].name
            assert set(codec.feedback) <= set(offered_codecs[codec.payload_type].feedback)
            assert codec.name not in ("ulpfec", "telephone-event")
        numbers = {(extension.id, extension.uri) for extension in offered.extensions}
        assert {(extension.id, extension.uri) for extension in section.extensions} <= numbers


@pytest.mark.parametrize("name", ["chromium_simulcast", "chromium_plain", "native_first", "native_simulcast"])
def test_the_rid_extensions_are_in_every_video_section(name: str) -> None:
    description = offer(name)
    videos = [section for section in parse(answer(description).text).sections if section.kind == "video"]
    assert videos
    for section in videos:
        assert {extension.uri for extension in section.extensions} >= RID_URIS
        offered = {e.uri: e.id for s in description.sections if s.mid == section.mid for e in s.extensions}
        assert all(offered[extension.uri] == extension.id for extension in section.extensions)


@pytest.mark.parametrize(
    ("name", "mid", "order"),
    [
        ("chromium_simulcast", "2", "q;h;f"),
        ("native_simulcast", "14", "f;h;q"),
        ("native_screen", "14", "f;h;q"),
        ("native_screen", "15", "h;q"),
    ],
)
def test_simulcast_is_received_on_every_layer_offered(name: str, mid: str, order: str) -> None:
    result = answer(offer(name))
    lines = block(result.text, mid)
    assert f"a=simulcast:recv {order}" in lines
    assert [line for line in lines if line.startswith("a=rid:")] == [
        f"a=rid:{r} recv" for r in order.split(";")
    ]
    track = next(track for track in result.tracks if track.mid == mid)
    assert [encoding.rid for encoding in track.encodings] == ["q", "h", "f"][: len(order.split(";"))]


def test_two_layers_are_ordered_and_strange_names_are_kept_as_written() -> None:
    description = offer("chromium_simulcast")
    for rids, expected in ((("h", "q"), ["q", "h"]), (("low", "high"), ["low", "high"])):
        track = answer(changed(description, "2", send_rids=rids)).tracks[1]
        assert [encoding.rid for encoding in track.encodings] == expected


def test_what_the_peer_will_send() -> None:
    audio, video = answer(offer("chromium_simulcast")).tracks
    assert (audio.kind, audio.mid, audio.msid_track) == ("audio", "1", "bb962da9-fd30-4d58-92e9-5f4c4b51d296")
    assert audio.encodings == (control.Encoding("", 2708037576, 0),)
    assert audio.codecs == (control.PayloadCodec(111, control.CodecKind.OPUS, 48_000),)
    assert audio.mime == {111: "audio/opus"}
    assert control.HeaderExtension(control.ExtensionKind.AUDIO_LEVEL, 1) in audio.extensions
    assert (video.kind, video.mid) == ("video", "2")
    assert video.codecs[0] == control.PayloadCodec(96, control.CodecKind.VP8, 90_000)
    assert (video.mime[96], video.mime[102], video.mime[45]) == ("video/VP8", "video/H264", "video/AV1")
    assert control.HeaderExtension(control.ExtensionKind.DEPENDENCY_DESCRIPTOR, 12) in video.extensions


def test_one_layer_is_known_by_its_ssrc() -> None:
    (track,) = answer(offer("chromium_plain")).tracks
    assert track.encodings == (control.Encoding("", 1084965088, 1469060154),)


@pytest.mark.parametrize("name", OFFERS)
def test_video_is_repaired_in_payload_types_of_its_own(name: str) -> None:
    result = answer(offer(name))
    for offered, section in zip(offer(name).sections, parse(result.text).sections, strict=True):
        numbers = {codec.payload_type for codec in section.codecs}
        repairs = [codec for codec in section.codecs if codec.name == "rtx"]
        assert bool(repairs) is any(codec.name == "rtx" for codec in offered.codecs)
        repaired = [repaired_payload_type(codec) for codec in repairs]
        assert len(set(repaired)) == len(repaired)
        assert set(repaired) <= numbers
        assert not any(codec.feedback for codec in repairs)
    for track in result.tracks:
        codecs = {codec.payload_type: codec for codec in track.codecs}
        others = [codecs[number] for number in codecs.keys() - track.mime.keys()]
        assert {codec.apt for codec in others} <= track.mime.keys()
        assert all(codec.codec is control.CodecKind.RTX for codec in others)


@pytest.mark.parametrize("fmtp", ["", "apt=", "apt=9999", "apt=97", "apt=111", "apt=-96", "apt=96x", "a"])
def test_retransmissions_of_nothing_are_left_out(fmtp: str) -> None:
    description = offer("chromium_plain")
    video = next(section for section in description.sections if section.kind == "video")
    slow = Codec(98, "rtx", 8_000, 1, "apt=96")
    codecs = (Codec(96, "vp8", 90_000), Codec(97, "rtx", 90_000, 1, fmtp), slow)
    (track,) = answer(changed(description, video.mid, codecs=codecs)).tracks
    assert [codec.payload_type for codec in track.codecs] == [96]


def test_placeholders_are_inactive_and_send_nothing() -> None:
    result = answer(offer("native_first"))
    assert result.tracks == ()
    assert result.has_data
    directions = {s.direction for s in parse(result.text).sections if s.kind != "application"}
    assert directions == {Direction.INACTIVE}


def test_options_are_asked_once_for_each_sending_section() -> None:
    asked: list[str] = []

    def options(section: Section) -> TrackOptions:
        asked.append(section.mid)
        return TrackOptions()

    answer(offer("native_simulcast"), options)
    assert asked == ["14", "15"]


@pytest.mark.parametrize(
    ("offered", "ours"),
    [(Setup.ACTPASS, Setup.PASSIVE), (Setup.ACTIVE, Setup.PASSIVE), (Setup.PASSIVE, Setup.ACTIVE)],
)
def test_the_peer_starts_dtls_unless_it_insists_not_to(offered: Setup, ours: Setup) -> None:
    description = offer("chromium_data")
    result = answer(changed(description, "0", setup=offered))
    assert result.setup is ours
    assert f"a=setup:{ours}" in result.text


def test_candidates_stand_once_and_are_complete() -> None:
    result = answer(offer("chromium_simulcast"))
    first = block(result.text, "1")
    assert [line for line in first if line.startswith("a=candidate")] == [
        "a=candidate:1 1 udp 2130706431 127.0.0.1 7882 typ host",
        "a=candidate:2 1 udp 2130706175 ::1 7882 typ host",
    ]
    assert "a=end-of-candidates" in first
    assert result.text.count("a=candidate") == 2


def test_candidates_of_tcp_wait_to_be_connected_to_and_come_last() -> None:
    both = (Candidate("192.0.2.1", 7882), Candidate("192.0.2.1", 7882, tcp=True))
    local = replace(LOCAL, candidates=both)
    lines = write.data("0", write.DATA_FORMAT, local, Setup.PASSIVE, tagged=True)
    assert [line for line in lines if line.startswith("a=candidate")] == [
        "a=candidate:1 1 udp 2130706431 192.0.2.1 7882 typ host",
        "a=candidate:2 1 tcp 1520434943 192.0.2.1 7882 typ host tcptype passive",
    ]


def test_data_is_answered_without_echoing_experiments() -> None:
    result = answer(offer("native_simulcast"))
    assert result.has_data
    lines = block(result.text, "13")
    assert "a=sctp-port:5000" in lines
    assert "a=max-message-size:65536" in lines
    assert "sctp-init" not in result.text
    assert "goog-sped" not in result.text


def test_preference_orders_codecs_and_keeps_the_rest() -> None:
    track = answer(offer("chromium_simulcast"), TrackOptions(preferred_codec="vp9")).tracks[1]
    mimes = [track.mime[codec.payload_type] for codec in track.codecs if codec.payload_type in track.mime]
    assert mimes[:3] == ["video/VP9", "video/VP9", "video/VP8"]


def test_firefox_gets_no_choice_but_the_preferred_codec() -> None:
    options = TrackOptions(preferred_codec="vp9", takes_order=False)
    video, audio = answer(offer("firefox_simulcast"), options).tracks
    assert set(video.mime.values()) == {"video/VP9"}
    assert audio.mime == {109: "audio/opus"}


def test_a_preferred_codec_that_firefox_lacks_leaves_it_the_others() -> None:
    options = TrackOptions(preferred_codec="h264", takes_order=False)
    video = answer(offer("firefox_simulcast"), options).tracks[0]
    assert list(video.mime.values()) == ["video/VP8", "video/VP9", "video/AV1"]


def test_only_enabled_codecs_are_taken() -> None:
    result = answer(offer("chromium_simulcast"), enabled={"opus", "vp8"})
    assert [list(track.mime.values()) for track in result.tracks] == [["audio/opus"], ["video/VP8"]]


def test_red_comes_first_when_wanted_and_not_at_all_otherwise() -> None:
    wanted = answer(offer("chromium_simulcast"), TrackOptions(red=True)).tracks[0]
    assert list(wanted.mime.items()) == [(63, "audio/red"), (111, "audio/opus")]
    assert "red/48000" not in answer(offer("chromium_simulcast")).text


@pytest.mark.parametrize("fmtp", ["", "112/112", "x/y", "111/" * 3])
def test_red_around_something_else_is_dropped(fmtp: str) -> None:
    description = offer("chromium_simulcast")
    codecs = tuple(replace(c, fmtp=fmtp) if c.name == "red" else c for c in description.sections[0].codecs)
    track = answer(changed(description, "1", codecs=codecs), TrackOptions(red=True)).tracks[0]
    assert track.mime == {111: "audio/opus"}


@pytest.mark.parametrize(
    ("options", "fmtp"),
    [
        (TrackOptions(), "minptime=10;useinbandfec=1;usedtx=1"),
        (TrackOptions(dtx=False), "minptime=10;useinbandfec=1"),
        (
            TrackOptions(stereo=True, dtx=False),
            "minptime=10;useinbandfec=1;stereo=1;maxaveragebitrate=510000",
        ),
    ],
)
def test_opus_is_asked_for_as_the_track_wants(options: TrackOptions, fmtp: str) -> None:
    assert f"a=fmtp:111 {fmtp}" in answer(offer("chromium_simulcast"), options).text


def test_a_payload_type_means_the_same_in_the_whole_bundle() -> None:
    def options(section: Section) -> TrackOptions:
        return TrackOptions(stereo=section.mid == "15")

    for section in parse(answer(offer("native_simulcast"), options).text).sections:
        for codec in section.codecs:
            assert codec.name != "opus" or "stereo=1" in codec.fmtp


def test_transport_feedback_is_taken_and_the_older_estimate_is_not() -> None:
    lines = block(answer(offer("chromium_simulcast")).text, "2")
    assert [line for line in lines if line.startswith("a=rtcp-fb:96 ")] == [
        "a=rtcp-fb:96 transport-cc",
        "a=rtcp-fb:96 ccm fir",
        "a=rtcp-fb:96 nack",
        "a=rtcp-fb:96 nack pli",
    ]
    assert {"a=rtcp-mux", "a=rtcp-rsize", "a=rtcp:9 IN IP4 0.0.0.0"} <= set(lines)


def test_one_way_extensions_are_mirrored_and_not_expected() -> None:
    uri = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
    description = changed(
        offer("chromium_simulcast"), "1", extensions=(Extension(1, uri, Direction.RECVONLY),)
    )
    result = answer(description)
    assert f"a=extmap:1/sendonly {uri}" in result.text
    assert result.tracks[0].extensions == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"rejected": True},
        {"kind": "text"},
        {"codecs": ()},
        {"raw_format": "RTP/AVP 96"},
    ],
)
def test_what_is_not_served_is_refused_in_place(changes: dict[str, object]) -> None:
    result = answer(changed(offer("chromium_simulcast"), "1", **changes))
    first, second, _ = parse(result.text).sections
    assert first.rejected
    assert first.mid == "1"
    assert not second.rejected
    assert [track.mid for track in result.tracks] == ["2"]
    assert parse(result.text).bundle == ("2", "3")
    assert "a=candidate" in "".join(block(result.text, "2"))


def test_old_data_channels_are_refused() -> None:
    description = changed(offer("chromium_simulcast"), "3", raw_format="DTLS/SCTP 5000", sctp_port=0)
    result = answer(description)
    assert not result.has_data
    assert "m=application 0 DTLS/SCTP 5000" in result.text


def test_what_is_outside_the_bundle_is_refused() -> None:
    result = answer(replace(offer("chromium_simulcast"), bundle=("2", "3")))
    assert parse(result.text).sections[0].rejected
    without = answer(replace(offer("chromium_simulcast"), bundle=()))
    assert [section.rejected for section in parse(without.text).sections] == [False, True, True]
    assert "a=group" not in without.text


def test_payload_types_that_look_like_rtcp_are_dropped() -> None:
    text = read("chromium_plain").replace(" 96 ", " 72 ").replace(":96 ", ":72 ")
    (track,) = answer(parse(text)).tracks
    assert 72 not in track.mime


def test_a_codec_at_another_clock_rate_is_another_codec() -> None:
    text = read("chromium_plain").replace("VP8/90000", "VP8/48000")
    (track,) = answer(parse(text)).tracks
    assert "video/VP8" not in track.mime.values()


def test_an_offer_with_nothing_to_serve_or_no_certificate_is_an_error() -> None:
    with pytest.raises(SdpError):
        answer(changed(offer("chromium_data"), "0", rejected=True))
    with pytest.raises(SdpError):
        answer(changed(offer("chromium_data"), "0", fingerprints=()))
    with pytest.raises(SdpError):
        answer(parse("v=0\r\n"))


@PATIENT
@given(st.sampled_from(OFFERS), st.data())
def test_any_offer_gives_an_answer_that_reads_or_an_error(name: str, data: st.DataObject) -> None:
    lines = read(name).split("\r\n")
    for _ in range(data.draw(st.integers(1, 8))):
        at, other = (data.draw(st.integers(0, len(lines) - 1)) for _ in range(2))
        lines[at] = data.draw(st.sampled_from(["", lines[other], lines[at].replace("=", "=1", 1)]))
    try:
        description = parse("\r\n".join(lines))
        result = answer(description, TrackOptions(red=True, preferred_codec="h264"))
    except SdpError:
        return
    answered = parse(result.text)
    assert [s.mid for s in answered.sections] == [s.mid for s in description.sections]
    for track in result.tracks:
        request = control.CreateProducer(
            1,
            1,
            control.MediaKind.VIDEO,
            track.mid,
            list(track.codecs),
            list(track.extensions),
            list(track.encodings),
        )
        msgspec.convert(msgspec.to_builtins(request), control.CreateProducer)
    assert all(len(section.mid) <= 16 for section in answered.sections)
