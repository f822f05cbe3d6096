"""RoomService: each method from its request to its answer. Who may ask has been looked at before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from google.protobuf.message import Message
from livekit.protocol import models
from livekit.protocol import room as messages

from server.room.inputs import (
    Admin,
    AdminChange,
    AdminDelete,
    AdminDescribe,
    AdminMute,
    AdminRemove,
    AdminSend,
    AdminSubscribe,
)
from server.room.refused import AdminRefused, Fault
from server.room.room import Room

MAX_NAMES = 1000
NO_REVOKING = (
    "tokens are not revoked here: give out tokens that expire soon, and renew them for who may come back"
)


class Administered(Protocol):
    """What the service asks of the rooms. Each raises AdminRefused, but the first."""

    def rooms(self) -> list[Room]: ...
    def find(self, name: str) -> Room: ...
    def create(self, wanted: messages.CreateRoomRequest) -> Room: ...
    def administer(self, name: str, wanted: Admin) -> Room: ...
    async def until_free(self, name: str) -> None: ...


class RoomService:
    """`call` by the name of the method. Raises AdminRefused."""

    def __init__(self, rooms: Administered) -> None:
        self._rooms = rooms
        self._methods: dict[str, Callable[[Any], Awaitable[Message]]] = {
            "CreateRoom": self._create_room,
            "ListRooms": self._list_rooms,
            "DeleteRoom": self._delete_room,
            "ListParticipants": self._list_participants,
            "GetParticipant": self._get_participant,
            "RemoveParticipant": self._remove_participant,
            "MutePublishedTrack": self._mute_published_track,
            "UpdateParticipant": self._update_participant,
            "UpdateSubscriptions": self._update_subscriptions,
            "SendData": self._send_data,
            "UpdateRoomMetadata": self._update_room_metadata,
        }

    async def call(self, method: str, request: Message) -> Message:
        """The answer to a request of the method's own type."""
        return await self._methods[method](request)

    async def _create_room(self, request: messages.CreateRoomRequest) -> Message:
        await self._rooms.until_free(request.name)
        return self._rooms.create(request).info()

    async def _list_rooms(self, request: messages.ListRoomsRequest) -> Message:
        if len(request.names) > MAX_NAMES:
            raise AdminRefused(Fault.BAD_ARGUMENT, f"more than {MAX_NAMES} names")
        names = set(request.names)
        wanted = [room for room in self._rooms.rooms() if not names or room.name in names]
        return messages.ListRoomsResponse(rooms=[room.info() for room in wanted])

    async def _delete_room(self, request: messages.DeleteRoomRequest) -> Message:
        self._rooms.administer(request.room, AdminDelete())
        await self._rooms.until_free(request.room)
        return messages.DeleteRoomResponse()

    async def _list_participants(self, request: messages.ListParticipantsRequest) -> Message:
        present = self._rooms.find(request.room).everybody()
        return messages.ListParticipantsResponse(participants=[one.info() for one in present])

    async def _get_participant(self, request: messages.RoomParticipantIdentity) -> Message:
        return _info(self._rooms.find(request.room), request.identity)

    async def _remove_participant(self, request: messages.RoomParticipantIdentity) -> Message:
        if request.revoke_token_ts:
            raise AdminRefused(Fault.NEVER, NO_REVOKING, "revoke_token_ts")
        self._rooms.administer(request.room, AdminRemove(request.identity))
        return messages.RemoveParticipantResponse()

    async def _mute_published_track(self, request: messages.MuteRoomTrackRequest) -> Message:
        wanted = AdminMute(request.identity, request.track_sid, request.muted)
        who = self._rooms.administer(request.room, wanted).find(request.identity)
        track = who.publisher.find(request.track_sid) if who is not None else None
        return messages.MuteRoomTrackResponse(track=None if track is None else track.info)

    async def _update_participant(self, request: messages.UpdateParticipantRequest) -> Message:
        wanted = AdminChange(
            request.identity,
            request.name,
            request.metadata,
            dict(request.attributes),
            request.permission if request.HasField("permission") else None,
        )
        return _info(self._rooms.administer(request.room, wanted), request.identity)

    async def _update_subscriptions(self, request: messages.UpdateSubscriptionsRequest) -> Message:
        tracks = [*request.track_sids, *(sid for one in request.participant_tracks for sid in one.track_sids)]
        wanted = AdminSubscribe(request.identity, tuple(tracks), request.subscribe)
        self._rooms.administer(request.room, wanted)
        return messages.UpdateSubscriptionsResponse()

    async def _send_data(self, request: messages.SendDataRequest) -> Message:
        message = models.UserPacket(
            payload=request.data,
            destination_sids=request.destination_sids,
            destination_identities=request.destination_identities,
            topic=request.topic if request.HasField("topic") else None,
            nonce=request.nonce,
        )
        reliable = request.kind == models.DataPacket.RELIABLE
        self._rooms.administer(request.room, AdminSend(message, reliable))
        return messages.SendDataResponse()

    async def _update_room_metadata(self, request: messages.UpdateRoomMetadataRequest) -> Message:
        return self._rooms.administer(request.room, AdminDescribe(request.metadata)).info()


def _info(room: Room, identity: str) -> models.ParticipantInfo:
    who = room.find(identity)
    if who is None:
        raise AdminRefused(Fault.NOT_FOUND, "nobody of this identity is in the room")
    return who.info()
