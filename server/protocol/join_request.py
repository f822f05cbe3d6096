"""`join_request`: all that a client with one peer connection says as it joins, in one query parameter.

URL-safe base64 of a WrappedJoinRequest, in which the JoinRequest may be compressed (livekit_rtc.proto).
"""

from __future__ import annotations

import base64
import binascii
import zlib

from google.protobuf.message import DecodeError
from livekit.protocol.rtc import JoinRequest, SignalRequest, WrappedJoinRequest

from server.protocol.codec import ProtocolError
from server.protocol.translate import MAX_ATTRIBUTES_PARAMETER, JoinParameters, client_info, short

MAX_JOIN_REQUEST_BYTES = 1024 * 1024  # inflated: the reference server's limit
MAX_FIRST_TRACKS = 50  # more are not read: a session may have fewer waiting
_GZIP = 16 + zlib.MAX_WBITS


def read_join_request(parameter: str) -> JoinParameters:
    """What a client asks for, and what it says at once (`first`). Raises ProtocolError."""
    try:
        wrapped = WrappedJoinRequest.FromString(
            base64.b64decode(parameter + "=" * (-len(parameter) % 4), altchars=b"-_", validate=True)
        )
        join = JoinRequest.FromString(_plain(wrapped))
    except (binascii.Error, DecodeError, ValueError, zlib.error):
        raise ProtocolError("join_request cannot be read") from None
    settings = join.connection_settings
    attributes = dict(join.participant_attributes)
    is_bounded = sum(len(name) + len(text) for name, text in attributes.items()) <= MAX_ATTRIBUTES_PARAMETER
    return JoinParameters(
        client=client_info(join.client_info),
        auto_subscribe=settings.auto_subscribe or not join.HasField("connection_settings"),
        may_pause=settings.subscriber_allow_pause or not settings.HasField("subscriber_allow_pause"),
        reconnect=join.reconnect,
        session=short(join.participant_sid),
        attributes=attributes if is_bounded else {},
        single=True,
        first=_first(join),
    )


def _plain(wrapped: WrappedJoinRequest) -> bytes:
    """The request, inflated no further than it may be."""
    if wrapped.compression == WrappedJoinRequest.Compression.NONE:
        return bytes(wrapped.join_request)
    if wrapped.compression != WrappedJoinRequest.Compression.GZIP:
        raise ValueError("unknown compression")
    inflating = zlib.decompressobj(_GZIP)
    plain = inflating.decompress(wrapped.join_request, MAX_JOIN_REQUEST_BYTES)
    if not inflating.eof:
        raise ValueError("cut off, or too long")
    return plain


def _first(join: JoinRequest) -> tuple[SignalRequest, ...]:
    """As if they had come in messages: tracks before the offer that has their sections."""
    requests = [SignalRequest(sync_state=join.sync_state)] if join.HasField("sync_state") else []
    requests += [SignalRequest(add_track=track) for track in join.add_track_requests[:MAX_FIRST_TRACKS]]
    if join.HasField("publisher_offer"):
        requests.append(SignalRequest(offer=join.publisher_offer))
    return tuple(requests)
