"""Payload types of one bundle: one number, one meaning, and no publisher can use them up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from server.sdp.codecs import CODECS, RESERVED_PAYLOAD_TYPES
from server.sdp.model import Codec
from server.sdp.payload_types import OTHER_MEANINGS, PayloadTypes
from tests.unit.descriptions import PATIENT


def vp8(payload_type: int, fmtp: str = "") -> Codec:
    return Codec(payload_type, "vp8", 90_000, 1, fmtp)


def test_the_publishers_number_is_kept_where_it_is_free() -> None:
    numbers = PayloadTypes()
    assert numbers.assign(vp8(120), set).payload_type == 120
    assert numbers.assign(Codec(120, "vp9", 90_000), set).payload_type == 96


def test_the_same_codec_keeps_its_number_whoever_sends_it() -> None:
    numbers = PayloadTypes()
    first = numbers.assign(vp8(96), set)
    assert numbers.assign(vp8(120), set).payload_type == first.payload_type


def test_numbers_that_are_static_or_look_like_rtcp_are_not_kept() -> None:
    numbers = PayloadTypes()
    assert numbers.assign(vp8(0, "a"), set).payload_type == 96
    assert numbers.assign(vp8(72, "b"), set).payload_type == 97


def test_a_number_out_of_use_is_given_away_before_one_in_use_is_shared() -> None:
    numbers = PayloadTypes()
    for n in range(OTHER_MEANINGS):
        numbers.assign(vp8(100 + n, f"x={n}"), set)
    in_use = {100 + n for n in range(OTHER_MEANINGS)}
    assert numbers.assign(vp8(96, "new"), lambda: in_use - {103}) == vp8(103, "new")
    shared = numbers.assign(vp8(96, "newer"), lambda: in_use)
    assert shared == vp8(100, "x=0")


def test_retransmissions_come_beside_what_they_repeat_while_there_are_numbers() -> None:
    numbers = PayloadTypes()
    given = [numbers.assign_repair(vp8(number), lambda: range(128)) for number in range(96, 126, 2)]
    assert [codec and codec.payload_type for codec in given] == list(range(97, 127, 2))
    assert numbers.assign_repair(vp8(127), set) is not None
    assert numbers.assign_repair(vp8(40), set) is not None
    assert numbers.assign_repair(vp8(50), lambda: range(128)) is None
    taken_over = Codec(99, "rtx", 90_000, 1, "apt=50")
    assert numbers.assign_repair(vp8(50), lambda: set(range(128)) - {99}) == taken_over


CODEC = st.builds(
    Codec,
    st.integers(0, 127),
    st.sampled_from([name for names in CODECS.values() for name in names]),
    st.just(90_000),
    st.just(1),
    st.integers(0, 30).map(str),
)


@PATIENT
@given(st.lists(CODEC, max_size=300))
def test_no_number_ever_means_two_things(codecs: list[Codec]) -> None:
    """With everything in use for ever: the most hostile publishers a subscriber can meet."""
    numbers = PayloadTypes()
    meanings: dict[int, tuple[str, str]] = {}
    for codec in codecs:
        given = numbers.assign(codec, meanings.keys)
        repair = numbers.assign_repair(given, meanings.keys)
        assert given.name == codec.name
        assert repair is None or (repair.name, repair.fmtp) == ("rtx", f"apt={given.payload_type}")
        for one in filter(None, (given, repair)):
            assert one.payload_type not in RESERVED_PAYLOAD_TYPES
            assert 35 <= one.payload_type <= 127
            assert meanings.setdefault(one.payload_type, (one.name, one.fmtp)) == (one.name, one.fmtp)
