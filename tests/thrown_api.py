"""Requests to every method of the server API, with personal data in every field that can hold any."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from livekit.protocol.models import ParticipantPermission, TrackSource

from server.api.twirp.methods import SERVED
from tests.personal import Personals
from tests.thrown_signals import filled

LAST = ("RemoveParticipant", "DeleteRoom")  # what ends the session that the others are about
METHODS = (*sorted(SERVED.keys() - LAST), *LAST)


def api_requests(personals: Personals, room: str, identity: str) -> Iterator[tuple[str, Any]]:
    """The name of the method and its request, about somebody in a room: every field filled, which mostly is
    refused, and then what is taken. Room and identity are the issuer's to choose, and kept."""
    for name in METHODS:
        request: Any = filled(SERVED[name].request(), personals, f"API: {name}")
        yield name, _about(request, room, identity)
        yield name, _taken(request)


def _about(request: Any, room: str, identity: str) -> Any:
    fields = request.DESCRIPTOR.fields_by_name
    for field, value in (("room", room), ("identity", identity)):
        if field in fields:
            setattr(request, field, value)
    if "name" in fields and "room" not in fields:
        request.name = room
    return request


def _taken(request: Any) -> Any:
    """The same without what is refused."""
    refused = {
        "CreateRoomRequest": set(request.DESCRIPTOR.fields_by_name) - {"name", "metadata", "empty_timeout"},
        "RoomParticipantIdentity": {"revoke_token_ts"},
        "SendDataRequest": {"nonce"},
    }
    for field in refused.get(request.DESCRIPTOR.name, ()):
        request.ClearField(field)
    if request.DESCRIPTOR.name == "UpdateParticipantRequest":
        sources = [TrackSource.CAMERA, TrackSource.MICROPHONE]
        permission = ParticipantPermission(
            can_subscribe=True, can_publish=True, can_update_metadata=True, can_publish_sources=sources
        )
        request.permission.CopyFrom(permission)
    return request
