"""Every method of LiveKit's services: what it does here, or why it is not served. docs/protocol.md is written
from here, and a test holds it equal to the generated descriptors.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from google.protobuf.message import Message
from livekit.protocol import agent_dispatch, connector, egress, ingress, room, sip

ROOM_SERVICE: Final = "RoomService"


class Grant(Enum):
    """What a token must grant, as LiveKit names it."""

    ROOM_CREATE = "roomCreate"
    ROOM_LIST = "roomList"
    ROOM_ADMIN = "roomAdmin"  # of the room that the request names


@dataclass(frozen=True, slots=True)
class Served:
    """A method of RoomService."""

    request: type[Message]
    grant: Grant
    does: str


@dataclass(frozen=True, slots=True)
class Refused:
    """What this server does not have."""

    feature: str
    why: str


SERVED: Final[dict[str, Served]] = {
    "CreateRoom": Served(
        room.CreateRoomRequest,
        Grant.ROOM_CREATE,
        "makes the room, or answers with it as it is; what is taken of the options is below",
    ),
    "ListRooms": Served(room.ListRoomsRequest, Grant.ROOM_LIST, "all rooms, or those of `names`"),
    "DeleteRoom": Served(
        room.DeleteRoomRequest,
        Grant.ROOM_CREATE,
        "everybody leaves (ROOM_DELETED), the room ends, and is answered for when its name is free",
    ),
    "ListParticipants": Served(room.ListParticipantsRequest, Grant.ROOM_ADMIN, "everybody in the room"),
    "GetParticipant": Served(room.RoomParticipantIdentity, Grant.ROOM_ADMIN, "one of them"),
    "RemoveParticipant": Served(
        room.RoomParticipantIdentity,
        Grant.ROOM_ADMIN,
        "the participant leaves (PARTICIPANT_REMOVED); `revoke_token_ts` is refused: a token that holds lets "
        "its holder join again, unless the room is locked, has a lobby or bans it, so give out short ones",
    ),
    "MutePublishedTrack": Served(
        room.MuteRoomTrackRequest,
        Grant.ROOM_ADMIN,
        "mutes a track for everybody; unmuting is refused: nobody turns on somebody else's microphone",
    ),
    "UpdateParticipant": Served(
        room.UpdateParticipantRequest,
        Grant.ROOM_ADMIN,
        'name, metadata and attributes ("" deletes an attribute), and all permissions together; tracks that '
        "may not be published any more end; `hidden` and `recorder` are refused",
    ),
    "UpdateSubscriptions": Served(
        room.UpdateSubscriptionsRequest, Grant.ROOM_ADMIN, "what the participant receives"
    ),
    "SendData": Served(
        room.SendDataRequest,
        Grant.ROOM_ADMIN,
        "a message to the participants named, or to everybody; goes **down through signaling**, refused in "
        "rooms that require end-to-end encryption",
    ),
    "UpdateRoomMetadata": Served(
        room.UpdateRoomMetadataRequest, Grant.ROOM_ADMIN, "the app's text; everybody is told"
    ),
}

_STAYS = "a participant is in the room that it has joined, and nobody's media goes into another"
_REFUSED: Final[dict[str, Refused]] = {
    "ForwardParticipant": Refused("forward_participant", _STAYS),
    "MoveParticipant": Refused("move_participant", _STAYS),
    "PerformRpc": Refused(
        "perform_rpc",
        "a participant's answer would pass through signaling, and what participants say stays in the relay",
    ),
}

_SERVICES: Final = {
    egress.DESCRIPTOR.services_by_name["Egress"]: Refused("egress", "this server cannot record"),
    ingress.DESCRIPTOR.services_by_name["Ingress"]: Refused(
        "ingress", "media comes from participants alone, who join and are in the roster"
    ),
    sip.DESCRIPTOR.services_by_name["SIP"]: Refused(
        "sip", "this server has no telephony: a gateway may join as a participant"
    ),
    agent_dispatch.DESCRIPTOR.services_by_name["AgentDispatchService"]: Refused(
        "agent_dispatch", "this server starts no agents: an agent joins with a token of its own"
    ),
    connector.DESCRIPTOR.services_by_name["Connector"]: Refused(
        "connector", "this server calls no other service"
    ),
}

REFUSED: Final[dict[tuple[str, str], Refused]] = {
    **{(ROOM_SERVICE, name): refused for name, refused in _REFUSED.items()},
    **{
        (service.name, method.name): refused
        for service, refused in _SERVICES.items()
        for method in service.methods
    },
}
"""By service and method."""
