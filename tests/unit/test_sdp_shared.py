"""Tracks in sections of the client's own offers: where they go, how they are described, what is asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from server.control import messages as control
from server.sdp.model import Codec, Description, Direction, SdpError, Section
from server.sdp.negotiate import TrackOptions, answer_publisher
from server.sdp.parse import parse
from server.sdp.shared import Placement, SharedSession
from server.sdp.subscriber import MAX_IDLE_SECTIONS, DownTrack
from tests.unit.descriptions import EVERY_CODEC, LOCAL, audio_codecs, block, offer, video_codecs

FIRST = offer("native_first")  # three sections of each kind that receive


def video(number: int = 1, *, codecs: tuple[Codec, ...] = video_codecs()) -> DownTrack:
    return DownTrack(
        "video", f"PA_x|TR_{number}", f"TR_{number}", 1000 + number, "PA_x", codecs, rtx_ssrc=5000 + number
    )


def audio(number: int = 1, *, codecs: tuple[Codec, ...] = audio_codecs()) -> DownTrack:
    return DownTrack("audio", f"PA_y|TR_{number}", f"TR_{number}", 2000 + number, "PA_y", codecs)


def answered(placement: Placement, description: Description = FIRST) -> str:
    options = TrackOptions()
    sent = placement.sections
    return answer_publisher(description, LOCAL, lambda _: options, EVERY_CODEC, sent).text


def with_sections(kind: str, count: int, *, direction: Direction = Direction.RECVONLY) -> Description:
    """The same client with so many sections of a kind, and none of the other."""
    model = next(section for section in FIRST.sections if section.kind == kind)
    sections = tuple(replace(model, mid=f"{kind}{number}", direction=direction) for number in range(count))
    return replace(FIRST, sections=sections, bundle=tuple(section.mid for section in sections))


def video_section(change: dict[str, str]) -> Section:
    """A section of video in which parameters of codecs read otherwise."""
    model = next(section for section in FIRST.sections if section.kind == "video")
    codecs = []
    for codec in model.codecs:
        fmtp = codec.fmtp
        for before, after in change.items():
            fmtp = fmtp.replace(before, after)
        codecs.append(replace(codec, fmtp=fmtp))
    return replace(model, codecs=tuple(codecs))


def test_a_track_goes_into_a_section_that_receives_and_is_described_in_every_way_that_sdks_look_for() -> None:
    session = SharedSession()
    session.add(video())
    placement = session.place(FIRST)
    accepted = placement.accepted["TR_1"]
    lines = block(answered(placement), accepted.mid)
    assert {
        "a=sendonly",
        "a=msid:PA_x|TR_1 TR_1",
        "a=ssrc-group:FID 1001 5001",
        "a=ssrc:1001 cname:PA_x",
        "a=ssrc:5001 msid:PA_x|TR_1 TR_1",
    } <= set(lines)
    assert session.mid_to_track == {accepted.mid: "TR_1"}
    section = next(section for section in FIRST.sections if section.mid == accepted.mid)
    names = {codec.payload_type: codec.name for codec in section.codecs}
    assert [(each.incoming, names[each.outgoing]) for each in accepted.payload_types] == [
        (96, "vp8"),
        (102, "h264"),
    ]
    repaired = {each.incoming for each in accepted.rtx_payload_types}
    assert repaired == {each.outgoing for each in accepted.payload_types}
    assert {names[each.outgoing] for each in accepted.rtx_payload_types} == {"rtx"}
    numbers = {extension.extension: extension.id for extension in accepted.extensions}
    offered = {extension.id: extension.uri for extension in section.extensions}
    assert "transport-wide-cc" in offered[numbers[control.ExtensionKind.TRANSPORT_CC]]


def test_sections_without_a_track_are_inactive_and_every_section_of_video_has_the_rid_extension() -> None:
    session = SharedSession()
    session.add(video())
    placement = session.place(FIRST)
    answer = parse(answered(placement), len(FIRST.sections))
    sending = [section.mid for section in answer.sections if section.direction is Direction.SENDONLY]
    assert sending == [placement.accepted["TR_1"].mid]
    for section in answer.sections:
        if section.kind == "video":
            assert any(extension.uri.endswith("rtp-stream-id") for extension in section.extensions)


def test_one_payload_type_has_one_meaning_in_the_whole_answer() -> None:
    session = SharedSession()
    for number in (1, 2):
        session.add(audio(number))
    session.add(video(3))
    answer = parse(answered(session.place(FIRST)), len(FIRST.sections))
    meanings: dict[int, set[str]] = {}
    for section in answer.sections:
        for codec in section.codecs:
            meanings.setdefault(codec.payload_type, set()).add(f"{codec.name} {codec.fmtp}")
    assert meanings
    assert all(len(each) == 1 for each in meanings.values())


def test_sound_with_redundancy_is_taken_where_its_parameters_name_the_same_opus() -> None:
    session = SharedSession()
    session.add(audio())
    placement = session.place(FIRST)
    accepted = placement.accepted["TR_1"]
    section = next(section for section in FIRST.sections if section.mid == accepted.mid)
    names = {codec.payload_type: codec.name for codec in section.codecs}
    assert [names[each.outgoing] for each in accepted.payload_types] == ["red", "opus"]
    # Numbers over the whole transport are for video: sound is repaired byte for byte.
    assert not any(one.extension is control.ExtensionKind.TRANSPORT_CC for one in accepted.extensions)
    assert not any("transport-cc" in line for line in block(answered(placement), accepted.mid))


def test_no_more_is_asked_for_than_is_missing_and_with_room_enough_only_an_offer() -> None:
    session = SharedSession()
    session.place(FIRST)
    assert session.lacks() is None
    session.add(video(1))
    assert session.lacks() == (0, 0)
    for number in range(2, 6):
        session.add(video(number))
    session.add(audio(6))
    assert session.lacks() == (0, 2)
    assert len(session.place(FIRST).accepted) == 4
    assert session.lacks() == (0, 2)
    more = with_sections("video", 5)
    both = replace(FIRST, sections=FIRST.sections + more.sections, bundle=FIRST.bundle + more.bundle)
    assert len(session.place(both).accepted) == 6
    assert session.lacks() is None


def test_a_section_whose_track_has_ended_is_inactive_before_it_carries_another() -> None:
    session = SharedSession()
    one = with_sections("video", 1)
    session.add(video(1))
    assert session.place(one).sections.keys() == {"video0"}
    session.remove("TR_1")
    session.add(video(2))
    assert session.lacks() == (0, 0)
    placement = session.place(one)
    assert placement.sections == {}
    assert "a=inactive" in block(answered(placement, one), "video0")
    assert session.lacks() == (0, 0)
    assert session.place(one).accepted.keys() == {"TR_2"}


def test_a_track_that_comes_back_goes_into_another_section_while_there_are_few() -> None:
    session = SharedSession()
    description = with_sections("video", 1)
    session.add(video(1))
    session.place(description)
    session.remove("TR_1")
    session.place(description)
    session.add(video(1))
    assert session.lacks() == (0, 1)
    assert session.place(description).accepted == {}
    many = with_sections("video", MAX_IDLE_SECTIONS)
    assert session.place(many).accepted["TR_1"].mid == "video1"


def test_a_track_that_left_and_came_back_before_an_offer_begins_anew() -> None:
    session = SharedSession()
    session.add(video(1))
    session.place(FIRST)
    session.remove("TR_1")
    session.add(replace(video(1), ssrc=77))
    assert session.lacks() == (0, 0)
    placement = session.place(FIRST)
    assert [sent.stream.ssrc for sent in placement.sections.values()] == [77]
    assert session.lacks() is None


def rejected(description: Description) -> Description:
    return replace(
        description, sections=tuple(replace(section, rejected=True) for section in description.sections)
    )


def test_sections_that_do_not_receive_are_rejected_or_outside_the_bundle_get_nothing() -> None:
    for description in (
        with_sections("video", 2, direction=Direction.SENDONLY),
        with_sections("video", 2, direction=Direction.INACTIVE),
        replace(with_sections("video", 2), bundle=()),
        rejected(with_sections("video", 2)),
    ):
        session = SharedSession()
        session.add(video())
        assert session.place(description).accepted == {}
        assert session.lacks() == (0, 1)


def test_a_section_in_which_the_client_sends_too_goes_on_carrying_its_track() -> None:
    session = SharedSession()
    receiving = with_sections("video", 1)
    session.add(video())
    session.place(receiving)
    both = with_sections("video", 1, direction=Direction.SENDRECV)
    placement = session.place(both)
    assert placement.accepted.keys() == {"TR_1"}
    lines = block(answered(placement, both), "video0")
    assert {"a=sendrecv", "a=msid:PA_x|TR_1 TR_1"} <= set(lines)


@pytest.mark.parametrize(
    ("codec", "change", "playable"),
    [
        (Codec(9, "h264", 90_000, 1, "packetization-mode=1;profile-level-id=42e01f"), {}, True),
        (Codec(9, "h264", 90_000, 1, "packetization-mode=1;profile-level-id=42E034"), {}, True),
        (Codec(9, "h264", 90_000, 1, "profile-level-id=f4001f"), {}, False),
        (Codec(9, "vp9", 90_000, 1, "profile-id=0"), {}, True),
        (Codec(9, "vp9", 90_000), {}, True),
        (Codec(9, "vp9", 90_000, 1, "profile-id=2"), {"profile-id=2": "profile-id=3"}, False),
        (Codec(9, "vp8", 90_000), {}, True),
    ],
)
def test_what_the_client_cannot_play_is_refused_and_its_section_stays_free(
    codec: Codec, change: dict[str, str], playable: bool
) -> None:
    session = SharedSession()
    session.add(video(1, codecs=(codec,)))
    section = video_section(change)
    description = replace(FIRST, sections=(section,), bundle=(section.mid,))
    placement = session.place(description)
    assert placement.refused == (() if playable else ("TR_1",))
    assert bool(placement.accepted) is playable
    if not playable:
        assert session.lacks() is None
        session.add(video(2))
        assert session.lacks() == (0, 0)


def test_large_extension_numbers_are_taken_where_both_forms_may_be_mixed() -> None:
    (section,) = with_sections("video", 1).sections
    raised = tuple(replace(extension, id=extension.id + 20) for extension in section.extensions)
    for mixed in (True, False):
        session = SharedSession()
        session.add(video())
        changed = replace(section, extensions=raised)
        description = replace(FIRST, sections=(changed,), bundle=("video0",), extmap_allow_mixed=mixed)
        assert bool(session.place(description).accepted["TR_1"].extensions) is mixed


def test_a_track_without_a_codec_that_is_forwarded_is_refused_at_once() -> None:
    with pytest.raises(SdpError):
        SharedSession().add(video(codecs=(Codec(96, "theora", 90_000),)))


def without_stereo(description: Description) -> Description:
    """The same from a client that does not say, or not yet, that it plays two channels."""

    def narrow(codec: Codec) -> Codec:
        return replace(codec, fmtp=codec.fmtp.replace("stereo=1;", ""))

    sections = [
        replace(one, codecs=tuple(narrow(codec) for codec in one.codecs)) for one in description.sections
    ]
    return replace(description, sections=tuple(sections))


def test_stereo_is_left_out_of_the_first_answer_to_who_does_not_offer_to_play_it_yet() -> None:
    session = SharedSession()
    session.add(replace(audio(1), stereo=True))
    session.add(audio(2))
    assert session.place(without_stereo(FIRST), first=True).accepted.keys() == {"TR_2"}
    assert session.lacks() == (0, 0)
    assert session.place(FIRST).accepted.keys() == {"TR_1", "TR_2"}


def test_stereo_comes_with_the_first_answer_to_who_offers_to_play_it() -> None:
    session = SharedSession()
    session.add(replace(audio(1), stereo=True))
    assert session.place(FIRST, first=True).accepted.keys() == {"TR_1"}


def test_who_never_offers_to_play_stereo_is_sent_it_all_the_same() -> None:
    session = SharedSession()
    session.add(replace(audio(1), stereo=True))
    session.place(without_stereo(FIRST), first=True)
    assert session.place(without_stereo(FIRST)).accepted.keys() == {"TR_1"}
