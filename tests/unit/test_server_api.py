"""RoomService through `livekit-api`, unmodified: each method does what it says, and people learn of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from livekit import api
from livekit.protocol import models
from livekit.protocol.rtc import AddTrackRequest, SessionDescription

from server.control.messages import CreateProducer, ProducerLayers, SendData
from server.metadata.rows.administration import ParticipantAdministered, RoomAdministered
from server.metadata.words import ParticipantAct, RoomAct
from tests.unit.administering import calling
from tests.unit.signaling import ClientMaker, Peer, Server, connect, without_auto_create
from tests.unit.stage import Sending, offer_text

MICROPHONE = Sending("audio", "0", "mic")
Reason = models.DisconnectReason


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
async def client(server: Server, aiohttp_client: ClientMaker) -> object:
    return await aiohttp_client(server.application)


@pytest.fixture
async def lk(client: object) -> AsyncIterator[api.LiveKitAPI]:
    async with calling(client) as caller:
        yield caller


async def joined(server: Server, client: object, identity: str = "ada") -> Peer:
    """Somebody who is in the hall, with both transports."""
    peer = await connect(client, server.token(identity))
    await peer.answer()
    await peer.send(offer=SessionDescription(type="offer", sdp=offer_text(), id=1))
    await peer.next("answer")
    server.connect_transports()
    return peer


async def speaking(server: Server, client: object) -> tuple[Peer, str]:
    """The same with a microphone, and the track's sid."""
    peer = await joined(server, client)
    source = models.TrackSource.MICROPHONE
    await peer.send(add_track=AddTrackRequest(cid="mic", type=models.TrackType.AUDIO, source=source))
    track = (await peer.next("track_published")).track_published.track.sid
    await peer.send(offer=SessionDescription(type="offer", sdp=offer_text(MICROPHONE), id=2))
    await peer.next("answer")
    [producer] = [one.producer for one in server.link.requests if isinstance(one, CreateProducer)]
    server.rooms.relay_notified(server.link, ProducerLayers(producer, 111, 1))
    return peer, track


async def test_a_room_is_made_once_and_is_as_it_was_asked_for(server: Server, lk: api.LiveKitAPI) -> None:
    wanted = api.CreateRoomRequest(
        name="hall", empty_timeout=60, departure_timeout=5, max_participants=2, metadata="tulips"
    )
    made = await lk.room.create_room(wanted)
    again = await lk.room.create_room(api.CreateRoomRequest(name="hall"))
    assert made.sid.startswith("RM_")
    assert again.sid == made.sid
    assert (made.name, made.empty_timeout, made.departure_timeout) == ("hall", 60, 5)
    assert (made.max_participants, made.metadata, made.active_recording) == (2, "tulips", False)
    assert server.events == [RoomAdministered(room="hall", act=RoomAct.OPENED)]


async def test_rooms_are_listed_by_name_or_all(client: object, server: Server, lk: api.LiveKitAPI) -> None:
    for name in ("hall", "attic"):
        await lk.room.create_room(api.CreateRoomRequest(name=name))
    await joined(server, client)
    everything = (await lk.room.list_rooms(api.ListRoomsRequest())).rooms
    assert [(room.name, room.num_participants) for room in everything] == [("hall", 1), ("attic", 0)]
    some = (await lk.room.list_rooms(api.ListRoomsRequest(names=["attic", "cellar"]))).rooms
    assert [room.name for room in some] == ["attic"]


async def test_a_room_nobody_comes_to_is_gone_after_its_own_time(server: Server, lk: api.LiveKitAPI) -> None:
    await lk.room.create_room(api.CreateRoomRequest(name="hall", empty_timeout=1))
    async with asyncio.timeout(10):
        while (await lk.room.list_rooms(api.ListRoomsRequest())).rooms:
            await asyncio.sleep(0.05)


async def test_without_auto_create_only_rooms_of_the_api_can_be_joined(aiohttp_client: ClientMaker) -> None:
    server = Server(rooms=without_auto_create())
    client = await aiohttp_client(server.application)
    async with calling(client) as lk:
        asked = await client.get("/rtc/validate", params={"access_token": server.token()})
        assert asked.status == 404
        await lk.room.create_room(api.CreateRoomRequest(name="hall", max_participants=1))
        await joined(server, client)
        asked = await client.get("/rtc/validate", params={"access_token": server.token("bob")})
        assert asked.status == 503, "it is full, as it was asked for"
        await lk.room.delete_room(api.DeleteRoomRequest(room="hall"))
        asked = await client.get("/rtc/validate", params={"access_token": server.token()})
        assert asked.status == 404


async def test_a_deleted_room_is_left_by_everybody_and_its_name_is_free(
    client: object, server: Server, lk: api.LiveKitAPI
) -> None:
    peers = [await joined(server, client, name) for name in ("ada", "bob")]
    [room] = server.rooms.rooms()
    await lk.room.delete_room(api.DeleteRoomRequest(room="hall"))
    for peer in peers:
        assert (await peer.next("leave")).leave.reason == Reason.ROOM_DELETED
    assert server.rooms.rooms() == []
    assert (await lk.room.create_room(api.CreateRoomRequest(name="hall"))).sid != room.sid


async def test_participants_are_listed_and_looked_at(
    client: object, server: Server, lk: api.LiveKitAPI
) -> None:
    _, track = await speaking(server, client)
    listed = (await lk.room.list_participants(api.ListParticipantsRequest(room="hall"))).participants
    one = await lk.room.get_participant(api.RoomParticipantIdentity(room="hall", identity="ada"))
    assert list(listed) == [one]
    assert (one.identity, [track.sid for track in one.tracks]) == ("ada", [track])
    assert "offrecord.support_code" not in one.attributes


async def test_who_is_removed_is_told_so(client: object, server: Server, lk: api.LiveKitAPI) -> None:
    peer = await joined(server, client)
    await lk.room.remove_participant(api.RoomParticipantIdentity(room="hall", identity="ada"))
    assert (await peer.next("leave")).leave.reason == Reason.PARTICIPANT_REMOVED
    with pytest.raises(api.TwirpError) as refused:
        await lk.room.get_participant(api.RoomParticipantIdentity(room="hall", identity="ada"))
    assert (refused.value.code, refused.value.status) == ("not_found", 404)
    [row] = [one for one in server.events if isinstance(one, ParticipantAdministered)]
    assert (row.room, row.identity, row.act) == ("hall", "ada", ParticipantAct.REMOVED)


async def test_a_track_is_muted_and_not_unmuted(client: object, server: Server, lk: api.LiveKitAPI) -> None:
    peer, track = await speaking(server, client)
    wanted = {"room": "hall", "identity": "ada", "track_sid": track}
    answer = await lk.room.mute_published_track(api.MuteRoomTrackRequest(**wanted, muted=True))
    assert (answer.track.sid, answer.track.muted) == (track, True)
    assert (await peer.next("mute")).mute.sid == track
    with pytest.raises(api.TwirpError) as refused:
        await lk.room.mute_published_track(api.MuteRoomTrackRequest(**wanted, muted=False))
    assert (refused.value.code, refused.value.status) == ("failed_precondition", 412)


async def test_a_participant_is_changed(client: object, server: Server, lk: api.LiveKitAPI) -> None:
    peer = await joined(server, client)
    wanted = api.UpdateParticipantRequest(
        room="hall",
        identity="ada",
        name="Ada L.",
        metadata="m",
        attributes={"hand": "up"},
        permission=models.ParticipantPermission(can_subscribe=True, can_publish_data=True),
    )
    info = await lk.room.update_participant(wanted)
    assert (info.name, info.metadata, info.attributes["hand"]) == ("Ada L.", "m", "up")
    assert (info.permission.can_publish, info.permission.can_publish_data) == (False, True)
    while (own := (await peer.next("update")).update.participants[0]).name != "Ada L.":
        pass
    assert own.permission == info.permission


async def test_subscriptions_are_changed(client: object, server: Server, lk: api.LiveKitAPI) -> None:
    _, track = await speaking(server, client)
    await joined(server, client, "bob")
    [room] = server.rooms.rooms()
    bob = room.find("bob")
    assert bob is not None
    assert bob.subscriber is not None
    assert list(bob.subscriber.tracks) == [track]
    wanted = api.UpdateSubscriptionsRequest(
        room="hall",
        identity="bob",
        subscribe=False,
        participant_tracks=[models.ParticipantTracks(track_sids=[track])],
    )
    await lk.room.update_subscriptions(wanted)
    assert list(bob.subscriber.tracks) == []


async def test_data_is_handed_to_the_relay(client: object, server: Server, lk: api.LiveKitAPI) -> None:
    await joined(server, client)
    wanted = api.SendDataRequest(room="hall", data=b"hello", topic="news", destination_identities=["ada"])
    await lk.room.send_data(wanted)
    [sent] = [one for one in server.link.requests if isinstance(one, SendData)]
    user = models.DataPacket.FromString(sent.message).user
    assert (user.payload, user.topic, list(user.destination_identities)) == (b"hello", "news", ["ada"])
    assert len(user.nonce) == 16
    assert server.events[-1] == RoomAdministered(room="hall", act=RoomAct.DATA_SENT)


async def test_room_metadata_is_changed_for_everybody(
    client: object, server: Server, lk: api.LiveKitAPI
) -> None:
    peer = await joined(server, client)
    room = await lk.room.update_room_metadata(api.UpdateRoomMetadataRequest(room="hall", metadata="roses"))
    assert room.metadata == "roses"
    while (await peer.next("room_update")).room_update.room.metadata != "roses":
        pass


async def test_what_is_asked_of_no_room_is_not_found(lk: api.LiveKitAPI) -> None:
    who: dict[str, Any] = {"room": "cellar", "identity": "ada"}
    calls = [
        lk.room.delete_room(api.DeleteRoomRequest(room="cellar")),
        lk.room.list_participants(api.ListParticipantsRequest(room="cellar")),
        lk.room.get_participant(api.RoomParticipantIdentity(**who)),
        lk.room.remove_participant(api.RoomParticipantIdentity(**who)),
        lk.room.mute_published_track(api.MuteRoomTrackRequest(**who, track_sid="TR_x", muted=True)),
        lk.room.update_participant(api.UpdateParticipantRequest(**who)),
        lk.room.update_subscriptions(api.UpdateSubscriptionsRequest(**who)),
        lk.room.send_data(api.SendDataRequest(room="cellar", data=b"x")),
        lk.room.update_room_metadata(api.UpdateRoomMetadataRequest(room="cellar")),
    ]
    for call in calls:
        with pytest.raises(api.TwirpError) as refused:
            await call
        assert (refused.value.code, refused.value.status) == ("not_found", 404)


async def test_what_this_server_does_not_have_is_refused_with_the_reason(lk: api.LiveKitAPI) -> None:
    egress = api.RoomCompositeEgressRequest(room_name="hall")
    calls = {
        "egress": lk.egress.start_room_composite_egress(egress),
        "ingress": lk.ingress.list_ingress(api.ListIngressRequest()),
        "sip": lk.sip.list_dispatch_rule(api.ListSIPDispatchRuleRequest()),
        "agent_dispatch": lk.agent_dispatch.list_dispatch("hall"),
        "move_participant": lk.room.move_participant(
            api.MoveParticipantRequest(room="hall", identity="ada", destination_room="attic")
        ),
        "forward_participant": lk.room.forward_participant(
            api.ForwardParticipantRequest(room="hall", identity="ada", destination_room="attic")
        ),
        "replay_enabled": lk.room.create_room(api.CreateRoomRequest(name="hall", replay_enabled=True)),
        "revoke_token_ts": lk.room.remove_participant(
            api.RoomParticipantIdentity(room="hall", identity="ada", revoke_token_ts=1)
        ),
    }
    for feature, call in calls.items():
        with pytest.raises(api.TwirpError) as refused:
            await call
        assert (refused.value.code, refused.value.status) == ("unimplemented", 501)
        assert refused.value.metadata == {"feature": feature}
        assert refused.value.message
