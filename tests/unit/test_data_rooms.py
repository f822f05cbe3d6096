"""Data packets: who gets them, and that nobody can speak as somebody else."""

from __future__ import annotations

import pytest
from livekit.protocol import models

from server.control.messages import DataMember
from server.relay.data import DELIVERIES_AT_ONCE, DELIVERIES_PER_SECOND, LARGEST, DataRooms

ANN, BOB, CID, DAN = 1, 2, 3, 4


class Hall:
    """Ann, Bob and Cid in one room, Dan in another; transport 10+n sends, 20+n receives."""

    def __init__(self) -> None:
        self.delivered: list[tuple[int, bool, models.DataPacket]] = []
        self.now = 1000.0
        self.refused: list[int] = []
        self.rooms = DataRooms(self._deliver, self.refused.append)
        for number, room in ((ANN, 1), (BOB, 1), (CID, 1), (DAN, 2)):
            self.rooms.put(0.0, member(number, room))

    def _deliver(self, transports: list[int], reliable: bool, message: bytes) -> None:
        packet = models.DataPacket.FromString(message)
        self.delivered += ((transport, reliable, packet) for transport in transports)

    def says(self, number: int, packet: models.DataPacket, *, reliable: bool = True) -> list[int]:
        self.delivered.clear()
        self.rooms.received(self.now, 10 + number, reliable, packet.SerializeToString())
        return sorted(transport - 20 for transport, _, _ in self.delivered)


def member(
    number: int, room: int = 1, *, may_publish: bool = True, encrypted_only: bool = False
) -> DataMember:
    name, sid = f"id-{number}", f"PA_{number}"
    return DataMember(number, room, name, sid, 10 + number, 20 + number, may_publish, encrypted_only)


def chat(**fields: object) -> models.DataPacket:
    return models.DataPacket(user=models.UserPacket(payload=b"hello", topic="chat"), **fields)  # type: ignore[arg-type]


@pytest.fixture
def hall() -> Hall:
    return Hall()


def test_everybody_else_in_the_room_hears(hall: Hall) -> None:
    assert hall.says(ANN, chat()) == [BOB, CID]
    assert hall.says(DAN, chat()) == []


def test_the_sender_is_who_the_room_knows_not_who_the_packet_says(hall: Hall) -> None:
    packet = chat(participant_identity="id-3", participant_sid="PA_3", kind=models.DataPacket.LOSSY)
    packet.user.participant_identity = "id-3"
    packet.user.participant_sid = "PA_3"
    hall.says(ANN, packet)
    for _, reliable, heard in hall.delivered:
        assert reliable
        assert heard.kind == models.DataPacket.RELIABLE
        assert (heard.participant_identity, heard.participant_sid) == ("id-1", "PA_1")
        assert (heard.user.participant_identity, heard.user.participant_sid) == ("id-1", "PA_1")
        assert (heard.user.payload, heard.user.topic) == (b"hello", "chat")


def test_what_the_server_api_says_comes_from_nobody_and_goes_to_whom_it_names(hall: Hall) -> None:
    def says(packet: models.DataPacket, room: int = 1) -> list[int]:
        hall.delivered.clear()
        hall.rooms.say(room, False, packet.SerializeToString())
        assert all(not reliable and heard == packet for _, reliable, heard in hall.delivered)
        return sorted(transport - 20 for transport, _, _ in hall.delivered)

    assert says(chat()) == [ANN, BOB, CID]
    assert says(chat(destination_identities=["id-2", "id-4"])) == [BOB]
    by_sid = chat()
    by_sid.user.destination_sids.append("PA_3")
    assert says(by_sid) == [CID]
    assert says(chat(), room=9) == []
    hall.rooms.say(1, True, b"\xff")


def test_who_takes_only_what_is_encrypted_does_not_get_the_server_apis_clear_data(hall: Hall) -> None:
    hall.rooms.put(0.0, member(BOB, encrypted_only=True))
    hall.rooms.say(1, True, chat().SerializeToString())
    assert sorted(transport - 20 for transport, _, _ in hall.delivered) == [ANN, CID]


def test_the_kind_is_that_of_the_channel(hall: Hall) -> None:
    hall.says(ANN, chat(kind=models.DataPacket.RELIABLE), reliable=False)
    assert {(reliable, heard.kind) for _, reliable, heard in hall.delivered} == {
        (False, models.DataPacket.LOSSY)
    }


@pytest.mark.parametrize("where", ["packet", "user"])
def test_destinations_are_honoured_wherever_they_stand(hall: Hall, where: str) -> None:
    packet = chat()
    target = packet if where == "packet" else packet.user
    target.destination_identities.append("id-3")
    assert hall.says(ANN, packet) == [CID]
    heard = hall.delivered[0][2]
    assert list(heard.destination_identities) == list(heard.user.destination_identities) == ["id-3"]


def test_destinations_by_sid(hall: Hall) -> None:
    packet = chat()
    packet.user.destination_sids.append("PA_2")
    assert hall.says(ANN, packet) == [BOB]


def test_a_destination_in_another_room_hears_nothing(hall: Hall) -> None:
    assert hall.says(ANN, chat(destination_identities=["id-4"])) == []


def test_who_may_not_publish_is_not_heard(hall: Hall) -> None:
    hall.rooms.put(0.0, member(ANN, may_publish=False))
    assert hall.says(ANN, chat()) == []
    assert hall.says(BOB, chat()) == [ANN, CID]


def test_what_we_do_not_know_is_passed_on(hall: Hall) -> None:
    """A newer SDK's member of the oneof: field 4000, length-delimited."""
    unknown = b"\x82\xfa\x01\x03new"
    hall.rooms.received(hall.now, 10 + ANN, True, unknown)
    assert [unknown in heard.SerializeToString() for _, _, heard in hall.delivered] == [True, True]


def test_words_of_the_server_are_not_taken_from_participants(hall: Hall) -> None:
    assert hall.says(ANN, models.DataPacket(speaker=models.ActiveSpeakerUpdate())) == []
    assert hall.says(ANN, models.DataPacket(transcription=models.Transcription())) == []


@pytest.mark.parametrize("message", [b"\xff", b"\x12\x05x", bytes(LARGEST + 1), b"\x22\x02\xff\xfe"])
def test_what_is_no_packet_is_dropped(hall: Hall, message: bytes) -> None:
    hall.rooms.received(hall.now, 10 + ANN, True, message)
    assert hall.delivered == []


def test_strangers_and_those_who_left_are_not_heard(hall: Hall) -> None:
    assert hall.says(9, chat()) == []
    hall.rooms.remove(ANN)
    hall.rooms.remove(ANN)
    assert hall.says(ANN, chat()) == []
    assert hall.says(BOB, chat()) == [CID]


def test_a_member_who_moves_takes_its_transports_along(hall: Hall) -> None:
    hall.rooms.put(0.0, member(ANN, room=2))
    assert hall.says(ANN, chat()) == [DAN]
    assert hall.says(BOB, chat()) == [CID]


def test_destinations_by_identity_and_by_sid_add_up(hall: Hall) -> None:
    packet = chat(destination_identities=["id-3"])
    packet.user.destination_sids.append("PA_2")
    assert hall.says(ANN, packet) == [BOB, CID]
    hall.rooms.remove(BOB)
    assert hall.says(ANN, packet) == [CID]


@pytest.mark.parametrize(
    "fields",
    [
        {"rpc_request": models.RpcRequest(id="1", method="add", payload="[1, 2]")},
        {"rpc_ack": models.RpcAck(request_id="1")},
        {"rpc_response": models.RpcResponse(request_id="1", payload="3")},
        {"stream_header": models.DataStream.Header(stream_id="s", topic="files")},
        {"stream_chunk": models.DataStream.Chunk(stream_id="s", content=b"part")},
        {"stream_trailer": models.DataStream.Trailer(stream_id="s")},
        {"chat_message": models.ChatMessage(id="c", message="hello")},
        {"sip_dtmf": models.SipDTMF(code=1, digit="1")},
        {"encrypted_packet": models.EncryptedPacket(encrypted_value=b"sealed")},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_every_kind_crosses_unchanged_to_whom_it_is_for(hall: Hall, fields: dict[str, object]) -> None:
    packet = models.DataPacket(destination_identities=["id-2"], sequence=7, **fields)  # type: ignore[arg-type]
    assert hall.says(ANN, packet) == [BOB]
    packet.participant_identity, packet.participant_sid = "id-1", "PA_1"
    assert hall.delivered[0][2] == packet


def test_a_packet_that_grows_beyond_what_a_channel_carries_is_dropped(hall: Hall) -> None:
    """Destinations are written to two places."""
    packet = chat()
    packet.user.destination_identities.extend(["id-2", *(f"{number:060}" for number in range(600))])
    assert LARGEST > packet.ByteSize() > LARGEST / 2
    assert hall.says(ANN, packet) == []


def test_who_floods_is_held_back_and_nobody_else_is(hall: Hall) -> None:
    each = 3  # the packet, Bob and Cid
    accepted = sum(len(hall.says(ANN, chat())) for _ in range(int(DELIVERIES_AT_ONCE / each) + 100))
    assert accepted == pytest.approx(DELIVERIES_AT_ONCE * 2 / each, abs=each)
    assert hall.says(ANN, chat()) == []
    assert hall.says(BOB, chat()) == [ANN, CID]
    hall.rooms.put(0.0, member(ANN))
    assert hall.says(ANN, chat()) == []
    hall.now += 0.1
    accepted = sum(len(hall.says(ANN, chat())) for _ in range(500))
    assert accepted == pytest.approx(DELIVERIES_PER_SECOND * 0.1 * 2 / each, abs=2 * each)


GCM = models.Encryption.Type.GCM
UNKNOWN_KIND_OF_PACKET = b"\xfa\x07\x05later"  # field 127, of a protocol newer than ours


@pytest.mark.parametrize(
    "packet",
    [
        chat(),
        models.DataPacket(chat_message=models.ChatMessage(message="hello")),
        models.DataPacket(rpc_request=models.RpcRequest(method="m")),
        models.DataPacket(stream_header=models.DataStream.Header(stream_id="s")),
        models.DataPacket(stream_chunk=models.DataStream.Chunk(stream_id="s", content=b"hello")),
        models.DataPacket(encrypted_packet=models.EncryptedPacket(encrypted_value=b"hello")),
        models.DataPacket(),
        models.DataPacket.FromString(UNKNOWN_KIND_OF_PACKET),
    ],
)
def test_what_is_not_declared_encrypted_goes_nowhere_where_it_must_be(packet: models.DataPacket) -> None:
    hall = Hall()
    hall.rooms.put(0.0, member(ANN, encrypted_only=True))
    assert hall.says(ANN, packet) == []
    assert hall.refused == [ANN]


def test_what_is_declared_encrypted_crosses() -> None:
    hall = Hall()
    hall.rooms.put(0.0, member(ANN, encrypted_only=True))
    sealed = models.EncryptedPacket(encryption_type=GCM, iv=b"i" * 12, encrypted_value=b"?")
    assert hall.says(ANN, models.DataPacket(encrypted_packet=sealed)) == [BOB, CID]
    assert hall.delivered[0][2].encrypted_packet == sealed
    assert hall.refused == []


def test_what_browsers_encrypt_has_no_kind_and_gets_it_on_the_way() -> None:
    """By which their SDK tells what came encrypted, where it need not be, too."""
    for must in (True, False):
        hall = Hall()
        hall.rooms.put(0.0, member(ANN, encrypted_only=must))
        sealed = models.EncryptedPacket(iv=b"i" * 12, encrypted_value=b"?")
        assert hall.says(ANN, models.DataPacket(encrypted_packet=sealed)) == [BOB, CID]
        sealed.encryption_type = GCM
        assert hall.delivered[0][2].encrypted_packet == sealed
        assert hall.refused == []


def test_a_member_that_goes_on_in_the_clear_is_told_now_and_then() -> None:
    hall = Hall()
    hall.rooms.put(0.0, member(ANN, encrypted_only=True))
    for _ in range(100):
        hall.says(ANN, chat())
        hall.now += 0.06
    assert hall.refused == [ANN, ANN]
