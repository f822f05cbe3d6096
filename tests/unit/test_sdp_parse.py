"""Descriptions of real engines are read, and no text whatever raises anything but SdpError."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.sdp import parse as module
from server.sdp.model import Direction, Extension, SdpError, Setup
from server.sdp.parse import parse
from tests.unit.descriptions import NAMES, PATIENT, offer, read, section_of

FINGERPRINT = "sha-256 " + ":".join(["AB"] * 32)
TRANSPORT = f"a=ice-ufrag:abcd\r\na=ice-pwd:{'p' * 22}\r\na=fingerprint:{FINGERPRINT}\r\n"
VIDEO = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=rtpmap:96 VP8/90000\r\n" + TRANSPORT


def one(*lines: str, start: str = "v=0\r\n") -> str:
    """A description with one video section and these lines in it."""
    return start + VIDEO + "".join(line + "\r\n" for line in lines)


def test_chromium_simulcast() -> None:
    description = offer("chromium_simulcast")
    assert description.bundle == ("1", "2", "3")
    assert description.extmap_allow_mixed
    audio, video, data = description.sections
    assert [codec.name for codec in audio.codecs][:2] == ["opus", "red"]
    assert audio.codecs[0].channels == 2
    assert audio.codecs[0].fmtp == "minptime=10;useinbandfec=1"
    assert audio.codecs[0].feedback == ("transport-cc",)
    assert audio.ssrcs == (2708037576,)
    assert video.direction is Direction.SENDONLY
    assert video.setup is Setup.ACTPASS
    assert video.send_rids == ("q", "h", "f")
    assert video.msid == ("addc3773-4691-4513-ba14-632787980264", "c082a328-a8e7-4a74-9bb3-e07f773fa0d4")
    assert video.ice_ufrag == "mtcM"
    assert video.codecs[0].feedback == ("goog-remb", "transport-cc", "ccm fir", "nack", "nack pli")
    assert Extension(10, "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id") in video.extensions
    assert [(f.algorithm, len(f.digest)) for f in video.fingerprints] == [("sha-256", 32)]
    assert (data.kind, data.sctp_port, data.max_message_size) == ("application", 5000, 262144)


def test_retransmission_ssrcs_are_told_from_media() -> None:
    video = section_of(offer("chromium_plain"), "video")
    assert video.ssrcs == (1084965088,)
    assert video.rtx_ssrcs == ((1084965088, 1469060154),)


def test_the_native_sdk_starts_at_mid_seven_and_pauses_layers() -> None:
    description = offer("native_simulcast")
    assert description.bundle[0] == "7"
    assert section_of(description, "video").send_rids == ("f", "h", "q")
    assert section_of(description, "video").msid == ("-", "74cd65a9-d570-4b2f-a446-e7ce482a9124")


def test_aiortc_offers_three_hashes() -> None:
    audio = section_of(offer("aiortc_offer"), "audio")
    assert [f.algorithm for f in audio.fingerprints] == ["sha-256", "sha-384", "sha-512"]


def test_an_answer() -> None:
    description = offer("native_answer")
    assert description.sections[0].setup is Setup.ACTIVE


def test_firefox_states_directions_of_extensions_and_the_transport_once() -> None:
    text = (
        "v=0\r\no=mozilla 1 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=sendrecv\r\n"
        f"a=fingerprint:sha-256 {':'.join(['0a'] * 32)}\r\na=group:BUNDLE 0 1\r\na=ice-options:trickle\r\n"
        "a=msid-semantic:WMS *\r\n"
        "m=audio 9 UDP/TLS/RTP/SAVPF 109\r\nc=IN IP4 0.0.0.0\r\na=sendonly\r\n"
        "a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level\r\na=mid:0\r\na=setup:actpass\r\n"
        f"a=ice-ufrag:abcd\r\na=ice-pwd:{'p' * 32}\r\n"
        "a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1\r\na=msid:- {d}\r\n"
        "a=rtpmap:109 opus/48000/2\r\na=ssrc:7 cname:{e}\r\n"
        "m=video 0 UDP/TLS/RTP/SAVPF 120\r\na=bundle-only\r\na=mid:1\r\na=sendonly\r\n"
        "a=rtpmap:120 VP8/90000\r\na=rtcp-fb:* nack\r\na=rtcp-fb:120 ccm fir\r\n"
        "a=rid:f send\r\na=rid:h send\r\na=simulcast:send f;h\r\n"
    )
    audio, video = parse(text).sections
    assert audio.extensions[0].direction is Direction.RECVONLY
    assert audio.msid == ("-", "{d}")
    assert not video.rejected
    assert (video.ice_ufrag, video.setup) == ("abcd", Setup.ACTPASS)
    assert video.fingerprints == audio.fingerprints
    assert video.codecs[0].feedback == ("nack", "ccm fir")
    assert video.send_rids == ("f", "h")


def test_one_word_of_msid_is_the_track() -> None:
    assert parse(one("a=msid:camera")).sections[0].msid == ("", "camera")


def test_alternatives_paused_layers_and_receiving() -> None:
    lines = ["a=rid:a send", "a=rid:b send pt=96", "a=rid:c recv", "a=simulcast:recv c send a,b;~b"]
    assert parse(one(*lines)).sections[0].send_rids == ("a", "b")


def test_simulcast_names_only_described_layers() -> None:
    assert parse(one("a=simulcast:send x;y")).sections[0].send_rids == ()


def test_a_rejected_section_is_told_from_a_bundle_only_one() -> None:
    rejected = one().replace("m=video 9", "m=video 0")
    assert parse(rejected).sections[0].rejected
    assert not parse(rejected + "a=bundle-only\r\n").sections[0].rejected


def test_line_feeds_alone_are_enough() -> None:
    assert parse(one().replace("\r\n", "\n")) == parse(one())


def test_sha_1_is_no_evidence() -> None:
    text = one().replace(FINGERPRINT, "sha-1 " + ":".join(["AB"] * 20))
    assert parse(text).sections[0].fingerprints == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "o=- 1 1 IN IP4 0.0.0.0",
        "v=0\r\nhello",
        "v=0\r\nm=video 9",
        "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF ninety",
        "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 128",
        "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF ٩",
        "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n",
        one() + VIDEO,
        one("a=mid:" + "m" * 17),
        one("a=mid:a b"),
        one("a=setup:holdconn"),
        one("a=ice-ufrag:abc"),
        one("a=ice-pwd:short"),
        one("a=fingerprint:sha-256 AB"),
        one("a=fingerprint:sha-256 xyz"),
        one(*(f"a=fingerprint:sha-256 {':'.join([f'{n:02x}'] * 32)}" for n in range(5))),
        one("a=rtpmap:96"),
        one("a=rtpmap:300 VP8/90000"),
        one("a=rtpmap:96 VP8/0"),
        one("a=rtpmap:96 V\x01P8/90000"),
        one("a=fmtp:96 a=b\x0ca=inactive"),
        one("a=fmtp:x apt=96"),
        one("a=rtcp-fb:96"),
        one("a=extmap:0 urn:x"),
        one("a=extmap:one urn:x"),
        one("a=extmap:1/sideways urn:x"),
        one("a=ssrc:0 cname:x"),
        one("a=ssrc:4294967296 cname:x"),
        one("a=ssrc:abc"),
        one("a=ssrc-group:FID one two"),
        one("a=rid:q maybe"),
        one("a=simulcast:send"),
        one("a=sctp-port:0"),
        one("a=sctp-port:65536"),
        one("a=max-message-size:-1"),
        one(*(f"a=rid:{n} send" for n in range(5)), "a=simulcast:send 0;1;2;3;4"),
        one("a=rid:" + "r" * 17 + " send"),
        one("a=msid:a\rb"),
        one("a=x:\0"),
        one() + "\rm=audio 9 UDP/TLS/RTP/SAVPF 0\r",
    ],
)
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(SdpError):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "v=0\r\n" + "x" * module.MAX_TEXT,
        "v=0\r\ns=" + "x" * module.MAX_LINE,
        "v=0\r\n" + "a=x\r\n" * (module.MAX_LINES_PER_SECTION + 1),
        "v=0\r\n" + "".join(VIDEO.replace("mid:0", f"mid:{n}") for n in range(module.MAX_SECTIONS + 1)),
        one(*(f"a=ssrc:{n} cname:x" for n in range(1, module.MAX_SSRCS + 2))),
        one(*(f"a=extmap:{n} urn:x" for n in range(1, module.MAX_EXTENSIONS + 2))),
        "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF" + " 96" * 257,
    ],
)
def test_sizes_are_bounded(text: str) -> None:
    with pytest.raises(SdpError):
        parse(text)


def test_as_many_sections_as_were_offered_are_read() -> None:
    text = "v=0\r\n" + "".join(VIDEO.replace("mid:0", f"mid:{n}") for n in range(200))
    assert len(parse(text, 200).sections) == 200
    with pytest.raises(SdpError):
        parse(text, 199)


def test_errors_repeat_nothing() -> None:
    with pytest.raises(SdpError) as refusal:
        parse(one("a=ice-pwd:s3cr3t"))
    assert "s3cr3t" not in str(refusal.value)


ATTRIBUTES = st.sampled_from(sorted(module._READERS))
VALUES = st.text("0123456789abz:/;,~ *-=\t\x0b\x85\u2028٣é", max_size=40)
LINES = st.builds("a={}:{}".format, ATTRIBUTES, VALUES) | st.builds(
    "m={} {} {}".format, st.sampled_from(["audio", "video", "application", "text"]), st.integers(), VALUES
)


@PATIENT
@given(st.lists(LINES | st.text(max_size=40), max_size=12))
def test_no_lines_raise_anything_else(lines: list[str]) -> None:
    for text in ("\r\n".join(["v=0", *lines]), one(*lines)):
        try:
            parse(text)
        except SdpError:
            continue


@PATIENT
@given(st.data())
def test_no_mutation_of_a_real_description_raises_anything_else(data: st.DataObject) -> None:
    lines = read(data.draw(st.sampled_from(NAMES))).split("\r\n")
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(lines) - 1))
        cut = data.draw(st.integers(0, len(lines[at])))
        mutation = data.draw(st.sampled_from(["drop", "repeat", "swap", "insert", "truncate"]))
        if mutation == "drop" and len(lines) > 1:
            del lines[at]
        elif mutation == "repeat":
            lines.insert(at, lines[at])
        elif mutation == "swap":
            other = data.draw(st.integers(0, len(lines) - 1))
            lines[at], lines[other] = lines[other], lines[at]
        elif mutation == "insert":
            lines[at] = lines[at][:cut] + data.draw(VALUES) + lines[at][cut:]
        else:
            lines[at] = lines[at][:cut]
    try:
        parse("\r\n".join(lines))
    except SdpError:
        return
