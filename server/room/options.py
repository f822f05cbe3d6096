"""The options of a room that the server API makes: taken, or refused with the reason. None is ignored."""

from __future__ import annotations

from dataclasses import replace

from livekit.protocol.room import CreateRoomRequest

from server.auth.grants import ENCRYPTION_TAG
from server.auth.token import MAX_NAME_CHARACTERS
from server.room.administration import check_room_metadata
from server.room.limits import RoomLimits
from server.room.refused import AdminRefused, Fault

MAX_SECONDS = 86_400
NO_RECORDING = "this server cannot record"
_NEVER = {
    "egress": NO_RECORDING,
    "replay_enabled": NO_RECORDING,
    "agents": "this server starts no agents: an agent joins with a token of its own",
    "min_playout_delay": "a playout delay is not set here: receivers choose their own",
    "max_playout_delay": "a playout delay is not set here: receivers choose their own",
    "sync_streams": "streams of different tracks are not tied together here",
    "room_preset": "there are no presets here: say each option",
    "node_id": "there is one node here: no other can be chosen",
}


def limits_of(wanted: CreateRoomRequest, defaults: RoomLimits) -> RoomLimits:
    """The limits of the room: `defaults` are the configuration's. Raises AdminRefused."""
    for field, _ in wanted.ListFields():
        if field.name in _NEVER:
            raise AdminRefused(Fault.NEVER, _NEVER[field.name], field.name)
    if not wanted.name or len(wanted.name) > MAX_NAME_CHARACTERS:
        raise AdminRefused(Fault.BAD_ARGUMENT, f"a room's name has 1 to {MAX_NAME_CHARACTERS} characters")
    check_room_metadata(wanted.metadata)
    if max(wanted.empty_timeout, wanted.departure_timeout) > MAX_SECONDS:
        raise AdminRefused(Fault.BAD_ARGUMENT, f"a timeout is at most {MAX_SECONDS} seconds")
    if wanted.max_participants > defaults.max_participants:
        raise AdminRefused(
            Fault.BAD_ARGUMENT, f"a room has at most {defaults.max_participants} participants on this server"
        )
    return replace(
        defaults,
        max_participants=wanted.max_participants or defaults.max_participants,
        empty_seconds=wanted.empty_timeout or defaults.empty_seconds,
        departure_seconds=wanted.departure_timeout or defaults.departure_seconds,
        require_encryption=defaults.require_encryption or asks_for_encryption(wanted),
    )


def asks_for_encryption(wanted: CreateRoomRequest) -> bool:
    """Whether the room is to take only what is declared encrypted end to end. Raises AdminRefused."""
    if set(wanted.tags) - {ENCRYPTION_TAG}:
        raise AdminRefused(Fault.NEVER, f"the only tag that means something here is {ENCRYPTION_TAG}", "tags")
    word = wanted.tags.get(ENCRYPTION_TAG, "optional")
    if word not in {"required", "optional"}:
        raise AdminRefused(Fault.BAD_ARGUMENT, 'the tag encryption is "required" or "optional"')
    return bool(word == "required")
