"""What is fuzzed in Python: each target takes any bytes and asserts what must hold of the outcome.

The only exceptions let through are those that the code under test declares for bad input.
"""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qsl

import jwt
import msgspec
from livekit.protocol import models
from livekit.protocol.rtc import SignalRequest, WrappedJoinRequest

from server.auth.grants import GrantError, refuse_recording
from server.auth.token import TokenError, verify
from server.control import codec as control
from server.control.messages import AddCandidates, DataMember
from server.protocol import codec as signal_codec
from server.protocol import translate
from server.protocol.join_request import MAX_FIRST_TRACKS, read_join_request
from server.relay.data import LARGEST, DataRooms
from server.relay.sctp_guard import BadPacket, check_packet
from server.sdp.candidates import read_candidate, read_trickled
from server.sdp.model import SdpError
from server.sdp.negotiate import TrackOptions, answer_publisher
from server.sdp.parse import parse
from tests.fuzz.call import room
from tests.unit.descriptions import LOCAL

NOW: Final = 1_000_000.0
KEY: Final = "devkey"
SECRET: Final = "a secret for fuzzing that is long enough for HMAC"


def sdp(data: bytes) -> None:
    """An offer of a stranger; what is answered can be read again, and says no more than was asked."""
    try:
        offer = parse(data.decode("utf-8", "surrogateescape"))
        answer = answer_publisher(offer, LOCAL, lambda _: TrackOptions(), translate.ENABLED_CODECS)
    except SdpError:
        return
    again = parse(answer.text)
    assert [section.mid for section in again.sections] == [section.mid for section in offer.sections]
    assert answer.text.isascii()


def signal(data: bytes) -> None:
    """A frame of the WebSocket: text if the first byte is odd."""
    form, body = data[:1], data[1:]
    frame: bytes | str = body.decode("utf-8", "surrogatepass") if _is_text(form, body) else body
    try:
        request = signal_codec.decode(frame)
    except signal_codec.ProtocolError:
        return
    assert SignalRequest.FromString(request.SerializeToString()) == request or b"nan" in body.lower()


def _is_text(form: bytes, body: bytes) -> bool:
    if not form or not form[0] & 1:
        return False
    try:
        body.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


def control_messages(data: bytes) -> None:
    """Either direction of the control channel, cut where the first byte says."""
    if not data:
        return
    decoder, largest = (
        (control.request_decoder(), control.LARGEST_REQUEST)
        if data[0] & 1
        else (control.notification_decoder(), control.LARGEST_NOTIFICATION)
    )
    cut = 1 + (data[0] >> 1)
    try:
        found = [*decoder.feed(data[1:cut]), *decoder.feed(data[cut:])]
    except control.ProtocolError:
        return
    for message in found:
        assert msgspec.msgpack.decode(control.encode(message, 2 * largest)[4:])


def token(data: bytes) -> None:
    """A token as it comes (even first byte), or claims that are signed with the right secret."""
    form, body = data[:1], data[1:]
    text = body.decode("latin-1")
    if form and form[0] & 1:
        with contextlib.suppress(ValueError, TypeError):
            text = jwt.PyJWS().encode(body, SECRET, "HS256")
    try:
        claims = verify(text, {KEY: SECRET}, NOW)
        refuse_recording(claims)
    except (TokenError, GrantError):
        return
    assert form[0] & 1 or claims.identity == "ada", "forged"
    assert claims.expires_at + 60 >= NOW


def query(data: bytes) -> None:
    """The query of a joining client, read leniently: nothing is refused, everything is bounded."""
    pairs = dict(parse_qsl(data.decode("utf-8", "surrogateescape"), keep_blank_values=True))
    parameters = translate.join_parameters(pairs)
    assert len(parameters.client.SerializeToString()) < 64 * 1024


def join_request(data: bytes) -> None:
    """All of a join in one parameter: as it comes (even first byte), or a request that is wrapped for it."""
    form, text = data[:1], data[1:].decode("latin-1")
    if form and form[0] & 1:
        wrapped = WrappedJoinRequest(join_request=data[1:])
        text = base64.urlsafe_b64encode(wrapped.SerializeToString()).decode()
    with contextlib.suppress(signal_codec.ProtocolError):
        parameters = read_join_request(text)
        assert len(parameters.client.SerializeToString()) < 64 * 1024
        assert len(parameters.first) <= MAX_FIRST_TRACKS + 2


def data_packet(data: bytes) -> None:
    """A data channel message: whoever gets it is told who sent it."""
    told: list[tuple[list[int], bool, bytes]] = []
    refused: list[int] = []
    rooms = DataRooms(
        lambda transports, reliable, message: told.append((transports, reliable, message)), refused.append
    )
    for member in (1, 2, 3):
        rooms.put(
            0.0, DataMember(member, 9, f"p{member}", f"PA_{member}", member * 10, member * 10 + 1, True)
        )
    is_reliable = bool(data and data[0] & 1)
    rooms.received(NOW, 10, is_reliable, data[1:])
    assert {transport for transports, _, _ in told for transport in transports} <= {21, 31}
    for _, reliable, message in told:
        packet = models.DataPacket.FromString(message)
        assert reliable is is_reliable
        assert len(message) <= LARGEST + 1024
        assert (packet.participant_identity, packet.participant_sid) == ("p1", "PA_1")
        if packet.HasField("user"):
            assert packet.user.participant_identity == "p1"


def sctp(data: bytes) -> None:
    """A packet of a data channel's association, with the TSN that comes next in front."""
    with contextlib.suppress(BadPacket):
        check_packet(data[4:], int.from_bytes(data[:4], "big"))


def candidate(data: bytes) -> None:
    """An ICE candidate: of a description if the first byte is even, else of a trickle message."""
    text = data[1:].decode("utf-8", "surrogateescape")
    found = read_trickled(text) if data[:1] and data[0] & 1 else read_candidate(text)
    if found is not None:
        request = control.encode(AddCandidates(1, [found]), control.LARGEST_REQUEST)
        assert control.request_decoder().feed(request) == [AddCandidates(1, [found])]
        assert len(found.address) in {0, 4, 16}


TARGETS: Final[dict[str, Callable[[bytes], None]]] = {
    "sdp": sdp,
    "signal": signal,
    "control": control_messages,
    "token": token,
    "query": query,
    "join_request": join_request,
    "data": data_packet,
    "sctp": sctp,
    "candidate": candidate,
    "room": room,
}
