"""Rooms that require end-to-end encryption: how they come to be, what they refuse, and who is told."""

from __future__ import annotations

from typing import Any

import pytest
from livekit.protocol import models
from livekit.protocol.room import RoomConfiguration
from livekit.protocol.rtc import AddTrackRequest, RequestResponse
from msgspec import structs

from server.auth.grants import Claims, GrantError, VideoGrants, requires_encryption
from server.auth.token import sign
from server.config import ConfigError, Guests, Rooms, parse
from server.control.messages import CreateProducer, DataMember, DataRefused
from server.room.effects import RenewToken
from server.room.inputs import Join, RelayNotified
from server.room.limits import RoomLimits
from tests.unit.signaling import KEY, SECRET, ClientMaker, Server, connect
from tests.unit.stage import CODE, Sending, Stage

ENCRYPTED = RoomLimits(require_encryption=True)
NONE, GCM, CUSTOM = (
    models.Encryption.Type.NONE,
    models.Encryption.Type.GCM,
    models.Encryption.Type.CUSTOM,
)
VIDEO = models.TrackType.VIDEO
NOT_ALLOWED = RequestResponse.Reason.NOT_ALLOWED


def tagged(word: str) -> RoomConfiguration:
    return RoomConfiguration(tags={"encryption": word})


@pytest.mark.parametrize("encryption", [NONE, 7])
def test_a_track_that_is_not_declared_encrypted_is_refused_in_words(encryption: int) -> None:
    stage = Stage(ENCRYPTED)
    ada = stage.enter("ada")
    request = AddTrackRequest(cid="cam", type=VIDEO, encryption=encryption)  # type: ignore[arg-type]
    stage.signal(ada, add_track=request)
    refusal = stage.last(ada, "request_response").request_response
    assert refusal.reason == NOT_ALLOWED
    assert "requires end-to-end encryption" in refusal.message
    assert refusal.add_track == request
    assert stage.sent(ada, "track_published") == []
    stage.offer(ada, Sending("video", "0", "cam"), number=2)
    stage.pass_time(5)
    assert stage.requests(CreateProducer) == []  # its section is answered and forwarded to nobody


@pytest.mark.parametrize("encryption", [GCM, CUSTOM])
def test_a_track_that_is_declared_encrypted_is_taken_and_keeps_its_word(encryption: Any) -> None:
    stage = Stage(ENCRYPTED)
    ada, bob = stage.enter("ada"), stage.enter("bob")
    stage.publish(ada, Sending("video", "0", "cam"), encryption=encryption)
    seen = stage.last(bob, "update").update.participants[0].tracks[0]
    assert seen.encryption == encryption


def test_other_rooms_take_what_comes() -> None:
    stage = Stage()
    ada = stage.enter("ada")
    stage.publish(ada, Sending("video", "0", "cam"))
    assert not stage.requests(DataMember)[-1].encrypted_only
    assert "offrecord.encryption" not in stage.participant(ada).info().attributes


def test_the_relay_is_told_to_take_encrypted_data_only_and_the_sender_why() -> None:
    stage = Stage(ENCRYPTED)
    ada = stage.enter("ada")
    member = stage.requests(DataMember)[-1]
    assert member.encrypted_only
    stage.put(RelayNotified(DataRefused(member.member)))
    refusal = stage.last(ada, "request_response").request_response
    assert refusal.reason == NOT_ALLOWED
    assert "data that is not declared encrypted" in refusal.message


def test_everybody_is_told_by_an_attribute_that_nobody_else_can_set() -> None:
    stage = Stage(ENCRYPTED)
    ada = stage.enter("ada", can_update_own_metadata=True)
    bob = stage.enter("bob")
    joined = stage.last(bob, "join").join
    assert joined.participant.attributes["offrecord.encryption"] == "required"
    assert joined.other_participants[0].attributes["offrecord.encryption"] == "required"
    stage.signal(ada, update_metadata={"attributes": {"offrecord.encryption": ""}})
    assert stage.participant(ada).info().attributes["offrecord.encryption"] == "required"
    elsewhere = Stage()
    liar = elsewhere.enter("liar", can_update_own_metadata=True)
    elsewhere.signal(liar, update_metadata={"attributes": {"offrecord.encryption": "required"}})
    assert "offrecord.encryption" not in elsewhere.participant(liar).info().attributes


@pytest.mark.parametrize(("word", "required"), [("required", True), ("optional", False)])
def test_a_token_can_ask_for_it(word: str, required: bool) -> None:
    assert requires_encryption(Claims("ada", room_config=tagged(word))) is required
    assert requires_encryption(Claims("ada")) is False


@pytest.mark.parametrize("word", ["", "Required", "true", "none"])
def test_a_slip_of_the_pen_is_refused(word: str) -> None:
    with pytest.raises(GrantError, match="encryption"):
        requires_encryption(Claims("ada", room_config=tagged(word)))


@pytest.mark.parametrize(
    ("name", "expected"), [("board-7", True), ("board", False), ("BOARD-7", False), ("a-vault", True)]
)
async def test_the_configuration_names_rooms(aiohttp_client: ClientMaker, name: str, expected: bool) -> None:
    rooms = structs.replace(Rooms(), require_encryption=("board-*", "?-vault"))
    server = Server(rooms=rooms)
    client = await aiohttp_client(server.application)
    peer = await connect(client, server.token("ada", room=name))
    attributes = (await peer.next("join")).join.participant.attributes
    assert ("offrecord.encryption" in attributes) is expected


def test_a_pattern_that_matches_nothing_is_no_configuration() -> None:
    with pytest.raises(ConfigError, match="require_encryption"):
        parse('[rooms]\nrequire_encryption = [""]')


def insisting(server: Server, identity: str, word: str = "required") -> str:
    claims = Claims(
        identity,
        grants=VideoGrants(room="hall", room_join=True),
        room_config=tagged(word),
        expires_at=server.clock.now() + 600,
    )
    return sign(claims, KEY, SECRET, server.clock.now())


async def test_who_opens_the_room_asks_for_all_who_come_later(aiohttp_client: ClientMaker) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    await connect(client, insisting(server, "ada"))
    peer = await connect(client, server.token("bob"))
    assert (await peer.next("join")).join.participant.attributes["offrecord.encryption"] == "required"


def test_who_comes_back_with_a_renewed_token_insists_too() -> None:
    stage = Stage(ENCRYPTED)
    stage.enter("ada", room_metadata="of the board")
    stage.pass_time(3)
    (renewed,) = [effect for effect in stage.log if isinstance(effect, RenewToken)]
    assert requires_encryption(renewed.claims)
    assert renewed.claims.room_config is not None
    assert renewed.claims.room_config.metadata == "of the board"
    again = Stage()
    again.put(Join("PA_again", renewed.claims, models.ClientInfo(), True, again.relay, CODE, again.now, ""))
    assert again.room.encryption_required


async def test_who_insists_is_not_let_into_a_room_in_the_clear(aiohttp_client: ClientMaker) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    peer = await connect(client, server.token("bob"))
    await peer.next("join")
    answer = await client.get("/rtc/validate", params={"access_token": insisting(server, "ada")})
    assert answer.status == 403
    assert "begun without" in await answer.text()


async def test_a_word_that_means_nothing_does_not_join(aiohttp_client: ClientMaker) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    answer = await client.get("/rtc/validate", params={"access_token": insisting(server, "ada", "yes")})
    assert answer.status == 403
    assert "optional" in await answer.text()


async def test_guests_are_told_before_they_join(aiohttp_client: ClientMaker) -> None:
    """By the configuration for rooms that are to come, by the room itself where somebody opened it so."""
    rooms = structs.replace(Rooms(), require_encryption=("board-*",))
    server = Server(rooms=rooms, guests=Guests(enabled=True))
    client = await aiohttp_client(server.application)

    async def told(room: str) -> str:
        answer = await client.post("/api/guest-token", json={"room": room, "name": "Ada"})
        assert answer.status == 200
        word: str = (await answer.json())["encryption"]
        return word

    assert await told("board-7") == "required"
    assert await told("hall") == "optional"
    await (await connect(client, insisting(server, "ada"))).next("join")
    assert await told("hall") == "required"
