"""Signal messages to and from WebSocket frames (livekit_rtc.proto: SignalRequest, SignalResponse).

A binary frame is protobuf, a text frame is proto3 JSON. A server answers in the form that the client used
last and begins with binary.
"""

from __future__ import annotations

from functools import cached_property

from google.protobuf import json_format
from google.protobuf.message import DecodeError
from livekit.protocol.rtc import SignalRequest, SignalResponse

from server.errors import ClientError

MAX_MESSAGE_BYTES = 2 * 1024 * 1024  # the reference server's limit, after inflation too
MAX_JSON_DEPTH = 20  # a SignalRequest nests to less than ten


Frame = bytes | str


class ProtocolError(ClientError):
    """A frame that is no signal message. The text tells the rule, never the content."""


def decode(frame: bytes | str) -> SignalRequest:
    """Reads one frame. Unknown fields are skipped. Raises ProtocolError."""
    if len(frame) > MAX_MESSAGE_BYTES:
        raise ProtocolError("the signal message is too long")
    request = SignalRequest()
    try:
        if isinstance(frame, str):
            json_format.Parse(frame, request, ignore_unknown_fields=True, max_recursion_depth=MAX_JSON_DEPTH)
        else:
            request.ParseFromString(frame)
    except (DecodeError, json_format.ParseError, ValueError, RecursionError):
        raise ProtocolError("the frame holds no signal message") from None
    return request


class Outgoing:
    """A message to one client or to many: however many there are, it is written once in each form. It must
    not be changed afterwards."""

    def __init__(self, response: SignalResponse) -> None:
        self._response = response

    def frame(self, *, as_json: bool) -> Frame:
        """The frame in the form asked for."""
        return self._text if as_json else self._binary

    @cached_property
    def _binary(self) -> bytes:
        return self._response.SerializeToString()

    @cached_property
    def _text(self) -> str:
        return json_format.MessageToJson(self._response, indent=None)
