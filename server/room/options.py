"""The options of a room that the server API makes: taken, or refused with the reason. None is ignored.

Of the configuration in the token of who opens a room, the playout delay is taken by the same rules.
"""

from __future__ import annotations

from dataclasses import replace

from livekit.protocol.room import CreateRoomRequest

from server.auth.grants import ENCRYPTION_TAG, Claims, GrantError
from server.auth.token import MAX_NAME_CHARACTERS
from server.control.messages import MOST_PLAYOUT_DELAY, PlayoutDelay
from server.room.administration import check_room_metadata
from server.room.limits import RoomLimits
from server.room.refused import AdminRefused, Fault

MAX_SECONDS = 86_400
PLAYOUT_STEP = 10
"""Milliseconds."""
MAX_PLAYOUT_MILLISECONDS = MOST_PLAYOUT_DELAY * PLAYOUT_STEP
USUAL_MOST = 10_000
"""Milliseconds at most where only the least is said: what browsers have without being told."""
NO_RECORDING = "this server cannot record"
_NEVER = {
    "egress": NO_RECORDING,
    "replay_enabled": NO_RECORDING,
    "agents": "this server starts no agents: an agent joins with a token of its own",
    "sync_streams": "each track is a stream of its own here, by which a section may carry one after another",
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
        playout_delay=_asked_delay(wanted),
    )


def opened_by(claims: Claims, defaults: RoomLimits) -> RoomLimits:
    """The limits of a room that somebody opens by joining. Raises GrantError."""
    if claims.room_config is None:
        return defaults
    config = claims.room_config
    try:
        delay = playout_delay(config.min_playout_delay, config.max_playout_delay)
    except ValueError as wrong:
        raise GrantError(f"'roomConfig': {wrong}") from None
    return replace(defaults, playout_delay=delay)


def playout_delay(least: int, most: int) -> PlayoutDelay | None:
    """Of milliseconds, rounded up to what can be said: a delay that is wanted never becomes none. None where
    neither is wanted. Raises ValueError, in words for who asked."""
    if not least and not most:
        return None
    if not most:
        most = max(USUAL_MOST, least)
    if most > MAX_PLAYOUT_MILLISECONDS:
        raise ValueError(f"a playout delay is at most {MAX_PLAYOUT_MILLISECONDS} milliseconds")
    if least > most:
        raise ValueError("min_playout_delay is more than max_playout_delay")
    return PlayoutDelay(-(-least // PLAYOUT_STEP), -(-most // PLAYOUT_STEP))


def _asked_delay(wanted: CreateRoomRequest) -> PlayoutDelay | None:
    try:
        return playout_delay(wanted.min_playout_delay, wanted.max_playout_delay)
    except ValueError as wrong:
        raise AdminRefused(Fault.BAD_ARGUMENT, str(wrong)) from None


def asks_for_encryption(wanted: CreateRoomRequest) -> bool:
    """Whether the room is to take only what is declared encrypted end to end. Raises AdminRefused."""
    if set(wanted.tags) - {ENCRYPTION_TAG}:
        raise AdminRefused(Fault.NEVER, f"the only tag that means something here is {ENCRYPTION_TAG}", "tags")
    word = wanted.tags.get(ENCRYPTION_TAG, "optional")
    if word not in {"required", "optional"}:
        raise AdminRefused(Fault.BAD_ARGUMENT, 'the tag encryption is "required" or "optional"')
    return bool(word == "required")
