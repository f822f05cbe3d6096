"""Payload types of a description that this server offers.

Publishers number their codecs each in their own way; in one subscriber's bundle a number must mean the same
codec with the same parameters everywhere (RFC 8843 section 9.1.1), and keep its meaning from offer to offer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from server.sdp.model import Codec

# Dynamic payload types, the usual ones first; 64 to 95 would be taken for RTCP (RFC 5761 section 4).
DYNAMIC = (*range(96, 128), *range(35, 64))
# Meanings per codec: browsers list H.264 in up to eight profiles and modes each. Seven codecs are forwarded,
# and the retransmissions of most, so that 14 + 17 + 6 * 5 numbers of the 61 are the most that can be in use,
# and one is always found.
MEANINGS = {"h264": 14, "rtx": 17}
OTHER_MEANINGS = 5


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a payload type stands for."""

    name: str
    clock_rate: int
    channels: int
    fmtp: str


class PayloadTypes:
    """Numbers by meaning, so many for each codec that no publisher can use up the numbers of another codec.

    A number changes its meaning only when no section lists it and its codec has no other left.
    """

    def __init__(self) -> None:
        self._numbers: dict[Meaning, int] = {}

    def assign(self, codec: Codec, used: Callable[[], Collection[int]]) -> Codec:
        """The codec with its number here: the publisher's own where that is free.

        `used` tells the numbers that sections of the description list now. When all of this codec's numbers
        are in use, one of them must do, with its parameters.
        """
        placed = self._place(codec, used)
        if placed is None:
            shared = next(other for other in self._numbers if other.name == codec.name)
            return replace(codec, payload_type=self._numbers[shared], fmtp=shared.fmtp)
        return placed

    def assign_repair(self, repaired: Codec, used: Callable[[], Collection[int]]) -> Codec | None:
        """The retransmissions (RFC 4588) of a codec that has its number. None: all numbers in use."""
        beside = min(repaired.payload_type + 1, 127)
        fmtp = f"apt={repaired.payload_type}"
        return self._place(Codec(beside, "rtx", repaired.clock_rate, 1, fmtp), used)

    def _place(self, codec: Codec, used: Callable[[], Collection[int]]) -> Codec | None:
        meaning = Meaning(codec.name, codec.clock_rate, codec.channels, codec.fmtp)
        known = self._numbers.get(meaning)
        if known is not None:
            return replace(codec, payload_type=known)
        mine = [other for other in self._numbers if other.name == codec.name]
        if len(mine) < MEANINGS.get(codec.name, OTHER_MEANINGS):
            taken = set(self._numbers.values())
            numbers = [codec.payload_type, *DYNAMIC]
            number = next(n for n in numbers if n in DYNAMIC and n not in taken)
        else:
            in_use = used()
            idle = next((other for other in mine if self._numbers[other] not in in_use), None)
            if idle is None:
                return None
            number = self._numbers.pop(idle)
        self._numbers[meaning] = number
        return replace(codec, payload_type=number)
