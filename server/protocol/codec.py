"""Signal messages to and from WebSocket frames (livekit_rtc.proto: SignalRequest, SignalResponse).

A binary frame is protobuf, a text frame is proto3 JSON. A server answers in the form that the client used
last and begins with binary.
"""

from __future__ import annotations

from google.protobuf import json_format
from google.protobuf.message import DecodeError
from livekit.protocol.rtc import SignalRequest, SignalResponse

from server.errors import ClientError

MAX_MESSAGE_BYTES = 2 * 1024 * 1024  # the reference server's limit, after inflation too
MAX_JSON_DEPTH = 20  # a SignalRequest nests to less than ten


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


def encode(response: SignalResponse, *, as_json: bool) -> bytes | str:
    """Writes one frame in the form asked for."""
    if as_json:
        return json_format.MessageToJson(response, indent=None)
    return response.SerializeToString()
