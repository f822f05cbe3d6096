"""Control messages on the wire: a length of four bytes, big-endian, then MessagePack.

Both directions are capped; anything unknown, oversized or malformed is a ProtocolError, which is fatal
to the relay concerned.
"""

from __future__ import annotations

from typing import Final, Generic, TypeVar

import msgspec

from server.control.messages import Notification, Request
from server.errors import RelayError

LARGEST_REQUEST: Final = 64 * 1024
"""Bytes of one message to a relay."""
LARGEST_NOTIFICATION: Final = 1024
"""Bytes of one message from a relay; all are far smaller."""

_LENGTH: Final = 4
_encoder = msgspec.msgpack.Encoder()

M = TypeVar("M")


class ProtocolError(RelayError):
    """The other end of the control channel said something that is not in the vocabulary."""


def encode(message: Request | Notification, largest: int) -> bytes:
    """One framed message. Raises ProtocolError when it is larger than the other end accepts."""
    body = _encoder.encode(message)
    if len(body) > largest:
        raise ProtocolError(f"a control message of {len(body)} bytes is above the cap of {largest}")
    return len(body).to_bytes(_LENGTH, "big") + body


class Decoder(Generic[M]):
    """Cuts a byte stream into messages of one direction; holds at most one unfinished message."""

    def __init__(self, messages: msgspec.msgpack.Decoder[M], largest: int) -> None:
        self._messages = messages
        self._largest = largest
        self._pending = bytearray()

    def feed(self, data: bytes) -> list[M]:
        """The messages completed by `data`. Raises ProtocolError; the decoder is of no use afterwards."""
        self._pending += data
        found: list[M] = []
        position = 0
        while len(self._pending) - position >= _LENGTH:
            start = position + _LENGTH
            length = int.from_bytes(self._pending[position:start], "big")
            if length > self._largest:
                raise ProtocolError(f"a control message announces {length} bytes, the cap is {self._largest}")
            if len(self._pending) < start + length:
                break
            found.append(self._decode(bytes(self._pending[start : start + length])))
            position = start + length
        del self._pending[:position]
        return found

    def _decode(self, body: bytes) -> M:
        try:
            return self._messages.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OverflowError) as error:
            # The text of msgspec names types and bounds, and may quote nothing of the content.
            raise ProtocolError("a control message is not in the vocabulary") from error


def request_decoder() -> Decoder[Request]:
    """What a relay reads."""
    return Decoder(msgspec.msgpack.Decoder(Request), LARGEST_REQUEST)


def notification_decoder() -> Decoder[Notification]:
    """What signaling reads."""
    return Decoder(msgspec.msgpack.Decoder(Notification), LARGEST_NOTIFICATION)
