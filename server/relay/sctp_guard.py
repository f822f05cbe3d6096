"""What an SCTP packet must look like before aiortc reads it (RFC 9260, RFC 3758, RFC 6525).

aiortc's parser loops for ever on a parameter of length zero, and walks every number of a gap block; both
are one small packet from any peer. The checks here are linear in the packet and allocate nothing.
"""

from __future__ import annotations

from struct import unpack_from
from typing import Final

LONGEST_PACKET: Final = 1500
"""Bytes; aiortc reads at most this from a DTLS record."""

_DATA: Final = 0
_INIT: Final = 1
_INIT_ACK: Final = 2
_SACK: Final = 3
_WITH_PARAMETERS: Final = frozenset((4, 5, 6, 9, 130))  # HEARTBEAT, its ACK, ABORT, ERROR, RE-CONFIG
_COMMON_HEADER: Final = 12
_FIXED_INIT: Final = 16
_FIXED_SACK: Final = 12


class BadPacket(ValueError):
    """A packet that no correct peer sends."""


def check_packet(packet: bytes, next_tsn: int) -> None:
    """Raises BadPacket. `next_tsn` is the first TSN we have not used: no peer can acknowledge it."""
    if len(packet) > LONGEST_PACKET:
        raise BadPacket("too long")
    position = _COMMON_HEADER
    while position + 4 <= len(packet):
        kind, _, length = unpack_from("!BBH", packet, position)
        if length < 4 or position + length > len(packet):
            raise BadPacket("a chunk does not fit")
        body = position + 4
        end = position + length
        if kind == _DATA and end - body <= 12:
            raise BadPacket("a DATA chunk without data")
        if kind in (_INIT, _INIT_ACK):
            _check_parameters(packet, body + _FIXED_INIT, end)
        elif kind in _WITH_PARAMETERS:
            _check_parameters(packet, body, end)
        elif kind == _SACK:
            _check_sack(packet, body, end, next_tsn)
        position = end + (-length % 4)


def _check_parameters(packet: bytes, position: int, end: int) -> None:
    while position + 4 <= end:
        length = unpack_from("!H", packet, position + 2)[0]
        if length < 4 or position + length > end:
            raise BadPacket("a parameter does not fit")
        position += length + (-length % 4)


def _check_sack(packet: bytes, body: int, end: int, next_tsn: int) -> None:
    """Gap blocks must lie within what was sent, in order and apart. A late SACK is no fault."""
    if end - body < _FIXED_SACK:
        raise BadPacket("a SACK is cut")
    cumulative, _, gaps, duplicates = unpack_from("!LLHH", packet, body)
    if body + _FIXED_SACK + 4 * (gaps + duplicates) > end:
        raise BadPacket("a SACK does not hold what it announces")
    outstanding = (next_tsn - cumulative - 1) % 2**32
    if outstanding >= 2**31:
        raise BadPacket("a SACK acknowledges what was never sent")
    last = 0
    for index in range(gaps):
        first, final = unpack_from("!HH", packet, body + _FIXED_SACK + 4 * index)
        if first <= last or final < first or final > outstanding:
            raise BadPacket("a gap block is out of range")
        last = final
