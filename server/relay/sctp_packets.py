"""The packets of SCTP that are most of what a relay says and hears of data, without aiortc's detours."""

# ruff: noqa: E402 - the stand-ins come before aiortc

from __future__ import annotations

import time
from struct import Struct
from typing import Final

from server.relay.stand_ins import keep_out

keep_out()

from aiortc import rtcdatachannel  # noqa: F401 - first: it and rtcsctptransport import each other
from aiortc import rtcsctptransport as sctp
from google_crc32c import value as crc32c

DATA_PORT: Final = 5000
"""`a=sctp-port`, both sides."""

_HEADER: Final = Struct("!HHL")  # RFC 9260 section 3.1, up to the checksum
_DATA: Final = Struct("!BBHLHHL")  # section 3.3.1
_PLAIN_SACK: Final = Struct("!8s4sBxHLLL")  # section 3.3.4
_WHOLE: Final = sctp.SCTP_DATA_FIRST_FRAG | sctp.SCTP_DATA_LAST_FRAG


class Message(sctp.DataChunk):
    """A whole binary message that leaves at once (RFC 9260 section 3.3.1), as aiortc's queue of what was sent
    has it."""

    protocol = sctp.WEBRTC_BINARY
    _abandoned = _acked = _in_flight = _retransmit = False
    _expiry = None
    _misses = 0
    _sent_count = 1

    def __init__(
        self,
        tsn: int,
        stream: int,
        sequence: int,
        message: bytes,
        *,
        ordered: bool,
        most_retransmits: int | None,
    ) -> None:
        self.flags = _WHOLE if ordered else _WHOLE | sctp.SCTP_DATA_UNORDERED
        self.tsn, self.stream_id, self.stream_seq = tsn, stream, sequence
        self.user_data = message
        self._book_size = len(message)
        self._max_retransmits = most_retransmits
        self._sent_time = time.time()

    def packet(self, tag: int) -> bytes:
        """By itself in a packet to whom `tag` verifies."""
        length = _DATA.size + len(self.user_data)
        chunk = _DATA.pack(
            self.type, self.flags, length, self.tsn, self.stream_id, self.stream_seq, self.protocol
        )
        body = chunk + self.user_data + bytes(-length % 4)
        head = _HEADER.pack(DATA_PORT, DATA_PORT, tag)
        checksum: int = crc32c(head + bytes(4) + body)
        return head + checksum.to_bytes(4, "little") + body


def read_plain_sack(packet: bytes, tag: int, next_tsn: int) -> sctp.SackChunk | None:
    """A packet of one SACK without gaps or duplicates (RFC 9260 section 3.3.4), as mostly comes.
    None where it is another, or one that needs a closer look."""
    if len(packet) != _PLAIN_SACK.size:
        return None
    head, checksum, kind, length, cumulative, window, blocks = _PLAIN_SACK.unpack(packet)
    if kind != sctp.SackChunk.type or length != 16 or blocks or head[4:] != tag.to_bytes(4):
        return None
    if (next_tsn - cumulative - 1) % 2**32 >= 2**31:
        return None
    if int.from_bytes(checksum, "little") != crc32c(head + bytes(4) + packet[12:]):
        return None
    sack = sctp.SackChunk()
    sack.cumulative_tsn, sack.advertised_rwnd = cumulative, window
    return sack
