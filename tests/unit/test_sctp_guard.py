"""SCTP packets that would hang or bloat aiortc's parser are refused; correct ones pass."""

from __future__ import annotations

from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.relay.sctp_guard import BadPacket, check_packet

HEADER = bytes(12)
NEXT_TSN = 1000


def chunk(kind: int, body: bytes) -> bytes:
    return pack("!BBH", kind, 0, 4 + len(body)) + body + bytes(-len(body) % 4)


def sack(cumulative: int, gaps: list[tuple[int, int]]) -> bytes:
    body = pack("!LLHH", cumulative, 65_536, len(gaps), 0) + b"".join(pack("!HH", *gap) for gap in gaps)
    return HEADER + chunk(3, body)


def parameter(kind: int, value: bytes) -> bytes:
    return pack("!HH", kind, 4 + len(value)) + value + bytes(-len(value) % 4)


@pytest.mark.parametrize("kind", [1, 2, 4, 5, 6, 9, 130])
@pytest.mark.parametrize("length", [0, 1, 3, 200])
def test_a_parameter_that_does_not_fit_is_refused(kind: int, length: int) -> None:
    """Length zero would loop for ever."""
    fixed = bytes(16) if kind in {1, 2} else b""
    with pytest.raises(BadPacket):
        check_packet(HEADER + chunk(kind, fixed + pack("!HH", 7, length)), NEXT_TSN)


@pytest.mark.parametrize("kind", [1, 2, 4, 5, 6, 9, 130])
def test_parameters_of_any_length_pass(kind: int) -> None:
    fixed = bytes(16) if kind in {1, 2} else b""
    parameters = b"".join(parameter(7, bytes(size)) for size in (0, 1, 2, 3, 4, 90))
    check_packet(HEADER + chunk(kind, fixed + parameters), NEXT_TSN)


@pytest.mark.parametrize(
    "gaps",
    [
        [(1, 65_535)],
        [(0, 1)],
        [(5, 4)],
        [(2, 3), (2, 3)],
        [(4, 5), (2, 2)],
        [(8, 10)],
    ],
)
def test_gap_blocks_beyond_what_was_sent_or_out_of_order_are_refused(gaps: list[tuple[int, int]]) -> None:
    with pytest.raises(BadPacket):
        check_packet(sack(NEXT_TSN - 10, gaps), NEXT_TSN)


def test_gap_blocks_within_what_was_sent_pass_even_late() -> None:
    check_packet(sack(NEXT_TSN - 10, [(2, 3), (5, 9)]), NEXT_TSN)
    check_packet(sack(NEXT_TSN - 500, [(2, 499)]), NEXT_TSN)
    check_packet(sack(NEXT_TSN - 1, []), NEXT_TSN)


def test_numbers_wrap() -> None:
    check_packet(sack(2**32 - 5, [(2, 8)]), 4)
    with pytest.raises(BadPacket):
        check_packet(sack(2**32 - 5, [(2, 9)]), 4)


def test_acknowledging_what_was_never_sent_is_refused() -> None:
    with pytest.raises(BadPacket):
        check_packet(sack(NEXT_TSN, []), NEXT_TSN)


def test_a_sack_must_hold_what_it_announces() -> None:
    with pytest.raises(BadPacket):
        check_packet(HEADER + chunk(3, pack("!LLHH", 1, 1, 400, 400)), NEXT_TSN)
    with pytest.raises(BadPacket):
        check_packet(HEADER + chunk(3, b"cut"), NEXT_TSN)


def test_data_without_data_is_refused() -> None:
    """RFC 9260 section 3.3.1: it would fill the reassembly queue without filling the window."""
    with pytest.raises(BadPacket):
        check_packet(HEADER + chunk(0, bytes(12)), NEXT_TSN)
    check_packet(HEADER + chunk(0, bytes(13)), NEXT_TSN)


@pytest.mark.parametrize("length", [0, 3, 100])
def test_a_chunk_that_does_not_fit_is_refused(length: int) -> None:
    with pytest.raises(BadPacket):
        check_packet(HEADER + pack("!BBH", 0, 0, length) + bytes(20), NEXT_TSN)


def test_an_oversized_packet_is_refused() -> None:
    with pytest.raises(BadPacket):
        check_packet(bytes(1501), NEXT_TSN)


@given(st.binary(max_size=1500))
def test_noise_is_refused_or_passed_and_always_ends(noise: bytes) -> None:
    try:
        check_packet(noise, NEXT_TSN)
    except BadPacket:
        return
