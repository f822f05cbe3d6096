"""Everything that may be kept: a closed union of event types.

Each type is declared in `rows/`, a field with its bound, its purpose and who may see it; the store, the
documentation and the tests read it from there. There is no field for free text, and none for a whole
address. An event with a field that is not declared, or a text beyond its bound, is an error and is not kept.
"""

from __future__ import annotations

from typing import Any, get_args, get_type_hints

import msgspec
from msgspec import Meta

from server.metadata.connection import Connection
from server.metadata.declared import Declaration, Expiry
from server.metadata.rows.actions import OperatorAction
from server.metadata.rows.addresses import ParticipantAddress
from server.metadata.rows.administration import ParticipantAdministered, RoomAdministered
from server.metadata.rows.attempts import AttemptEnded, AttemptsRefused
from server.metadata.rows.holds import HoldLifted, HoldPlaced
from server.metadata.rows.operation import (
    RelayBorn,
    RelayDrifted,
    RelayLost,
    RelayTripped,
    ServerStarted,
    ServerStopped,
)
from server.metadata.rows.rights import SubjectRequest
from server.metadata.rows.rooms import RoomFinished, RoomStarted
from server.metadata.rows.row import Row
from server.metadata.rows.sessions import (
    ParticipantActive,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantResumed,
)
from server.metadata.rows.tracks import TrackPublished, TrackUnpublished
from server.metadata.rows.transports import QualityChanged, TransportEnded

Event = (
    ServerStarted
    | ServerStopped
    | RelayBorn
    | RelayLost
    | RelayTripped
    | RelayDrifted
    | OperatorAction
    | HoldPlaced
    | HoldLifted
    | SubjectRequest
    | AttemptEnded
    | AttemptsRefused
    | RoomStarted
    | RoomFinished
    | ParticipantJoined
    | ParticipantAddress
    | ParticipantActive
    | ParticipantResumed
    | ParticipantLeft
    | RoomAdministered
    | ParticipantAdministered
    | TrackPublished
    | TrackUnpublished
    | TransportEnded
    | QualityChanged
)
EVENT_TYPES: tuple[type[Row], ...] = get_args(Event)

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


class EventError(ValueError):
    """An event that may not be kept. The message names the field, never its content."""


def encode(event: Event) -> bytes:
    """Strictly: what is written is what the declaration allows. Raises EventError."""
    try:
        text = _encoder.encode(event)
        same = _decoder.decode(text) == event
    except UnicodeEncodeError:
        raise EventError(f"{type(event).__name__} may not be kept: a text is not Unicode") from None
    except (msgspec.MsgspecError, TypeError) as error:
        raise EventError(f"{type(event).__name__} may not be kept: {error}") from None
    if not same:
        raise EventError(f"{type(event).__name__} may not be kept: it would be read back as another")
    return text


def decode(text: bytes | str) -> Event:
    """What `encode` wrote. Raises EventError on anything else, an unknown field included."""
    try:
        return _decoder.decode(text)
    except msgspec.MsgspecError as error:
        raise EventError(f"not an event: {error}") from None


def name_of(event: Event | type[Row]) -> str:
    """The event's name as it is stored: `participant_joined`."""
    return str(event.__struct_config__.tag)


def declarations(event_type: type[Row | Connection]) -> dict[str, Declaration]:
    """What every field of an event type declares, or of the lines that are told from events."""
    hints = get_type_hints(event_type, include_extras=True)
    found: dict[str, Declaration] = {}
    for field in msgspec.structs.fields(event_type):
        extra: dict[str, Any] = next(
            meta.extra for meta in hints[field.name].__metadata__ if isinstance(meta, Meta) and meta.extra
        )
        found[field.name] = Declaration(extra["purpose"], extra["audience"], event_type.kept_for)
    return found


def expiry_of(event_type: type[Row]) -> Expiry:
    """The class in which a row, and so each of its fields, expires."""
    return event_type.kept_for
