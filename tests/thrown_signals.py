"""Signal messages of every kind, with personal data in every field that can hold any."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from livekit.protocol.models import DataPacket, TrackSource, TrackType
from livekit.protocol.rtc import (
    AddTrackRequest,
    JoinRequest,
    SessionDescription,
    SignalRequest,
    SimulcastCodec,
    TrickleRequest,
    UpdateParticipantMetadata,
)

from tests.personal import Personals

MEMBERS = tuple(field.name for field in SignalRequest.DESCRIPTOR.fields)
DEEPEST = 5
_INTEGERS = {
    FieldDescriptor.CPPTYPE_INT32,
    FieldDescriptor.CPPTYPE_INT64,
    FieldDescriptor.CPPTYPE_UINT32,
    FieldDescriptor.CPPTYPE_UINT64,
}
_OF_TRANSPORT = {"a=fingerprint": "fingerprint", "a=ice-pwd": "ice", "a=ice-ufrag": "passcode"}
_OFFER = Path(__file__).parent / "unit" / "fixtures" / "chromium_simulcast.sdp"


def every_member(personals: Personals) -> Iterator[tuple[str, SignalRequest]]:
    """One message for each member of SignalRequest, all of its fields filled; and its name."""
    for field in SignalRequest.DESCRIPTOR.fields:
        request = SignalRequest()
        _fill_field(request, field, personals, field.name, 0)
        yield field.name, request


def realistic(personals: Personals) -> Iterator[tuple[str, SignalRequest]]:
    """Messages that are taken: what is personal stands where real clients have it."""
    yield "update_metadata", SignalRequest(update_metadata=_metadata(personals))
    for number, kind in enumerate((TrackType.AUDIO, TrackType.VIDEO), start=1):
        yield "add_track", SignalRequest(add_track=_track(personals, number, kind))
    yield "offer", SignalRequest(offer=SessionDescription(type="offer", sdp=offer(personals), id=1))
    for number in range(3):
        address = personals.at(f"candidate {number}", "ipv4").text
        candidate = {
            "candidate": f"candidate:1 1 udp 2122194687 {address} 44558 typ host",
            "sdpMid": personals.at(f"sdpMid {number}").text,
            "usernameFragment": personals.at(f"usernameFragment {number}", "ice").text,
        }
        yield "trickle", SignalRequest(trickle=TrickleRequest(candidateInit=json.dumps(candidate)))


def offer(personals: Personals) -> str:
    """What Chromium offers, with a fingerprint, passwords, addresses and names of its own."""
    section, lines = 0, []
    for number, line in enumerate(_OFFER.read_text().splitlines()):
        section += line.startswith("m=")
        lines.append(_dressed(line, f"line {number} of the offer", section, personals))
    lines.append(f"a=note:{personals.at('an attribute of the offer').header}")
    return "\r\n".join(lines) + "\r\n"


def _dressed(line: str, place: str, section: int, personals: Personals) -> str:
    """A line of the offer with somebody's own values in it. Transports are bundled: they have one of each."""
    name, _, _ = line.partition(":")
    if name in _OF_TRANSPORT:
        return f"{name}:{personals.at(f'{name} of the offer', _OF_TRANSPORT[name]).text}"
    if line.startswith("s="):
        return f"s={personals.at(place).header}"
    if name == "a=candidate" or line.startswith("c="):
        return line.replace("192.0.2.2", personals.at(place, "ipv4").text)
    if name == "a=msid":
        return f"a=msid:{personals.at(place, 'passcode').text} cid-{section}"
    return re.sub("cname:.*", f"cname:{personals.at(place, 'passcode').text}", line)


def join_request(personals: Personals) -> JoinRequest:
    """A request to join with all that a client can say at once, of a session that is new."""
    request: JoinRequest = filled(JoinRequest(), personals, "join request")
    request.ClearField("reconnect")
    request.ClearField("sync_state")
    del request.add_track_requests[:]
    for number, kind in enumerate((TrackType.AUDIO, TrackType.VIDEO), start=1):
        request.add_track_requests.append(_track(personals, number, kind))
    request.publisher_offer.sdp = offer(personals)
    return request


def _metadata(personals: Personals) -> UpdateParticipantMetadata:
    return UpdateParticipantMetadata(
        name=personals.at("a name of one's own").text,
        metadata=personals.at("metadata of one's own").text,
        attributes={personals.at("key of an attribute").text: personals.at("attribute").text},
        request_id=1,
    )


def _track(personals: Personals, number: int, kind: Any) -> AddTrackRequest:
    source = TrackSource.MICROPHONE if kind == TrackType.AUDIO else TrackSource.CAMERA
    return AddTrackRequest(
        cid=f"cid-{number}",
        name=personals.at(f"name of track {number}").text,
        stream=personals.at(f"stream of track {number}").text,
        type=kind,
        source=source,
        width=320,
        height=240,
        simulcast_codecs=[SimulcastCodec(codec=personals.at(f"codec of track {number}").text)],
    )


def data_packet(personals: Personals) -> bytes:
    """Chat and data as clients send it, every field filled."""
    packet: DataPacket = filled(DataPacket(), personals, "data packet")
    return bytes(packet.SerializeToString())


def filled(message: Any, personals: Personals, place: str, depth: int = 0) -> Any:
    """Every field of a message has a value; of those that exclude each other, the last."""
    descriptor: Descriptor = message.DESCRIPTOR
    if depth < DEEPEST:
        for field in descriptor.fields:
            _fill_field(message, field, personals, f"{place}.{field.name}", depth)
    return message


def _fill_field(message: Message, field: Any, personals: Personals, place: str, depth: int) -> None:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        _fill_map(message, field, personals, place, depth)
    elif field.message_type is not None:
        into = getattr(message, field.name)
        filled(into.add() if field.is_repeated else into, personals, place, depth + 1)
        if not field.is_repeated:
            into.SetInParent()
    elif field.is_repeated:
        getattr(message, field.name).append(_scalar(field, personals, place))
    else:
        setattr(message, field.name, _scalar(field, personals, place))


def _fill_map(message: Message, field: Any, personals: Personals, place: str, depth: int) -> None:
    key, value = (field.message_type.fields_by_name[name] for name in ("key", "value"))
    entries = getattr(message, field.name)
    named = _scalar(key, personals, f"{place}, key")
    if value.message_type is not None:
        filled(entries[named], personals, place, depth + 1)
    else:
        entries[named] = _scalar(value, personals, place)


def _scalar(field: Any, personals: Personals, place: str) -> Any:
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        value = personals.at(place)
        return value.raw if field.type == FieldDescriptor.TYPE_BYTES else value.text
    if field.cpp_type == FieldDescriptor.CPPTYPE_ENUM:
        return personals.draw.choice(field.enum_type.values).number
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return True
    return personals.draw.randrange(1, 100) if field.cpp_type in _INTEGERS else 1.5
