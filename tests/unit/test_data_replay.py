"""What is kept of data packets for who was away: of whom, for whom, how much, and how long."""

from __future__ import annotations

import pytest
from livekit.protocol import models

from server.control.messages import DataMember, Heard
from server.relay import replay
from server.relay.data import DataRooms

ANN, BOB, CID = 1, 2, 3
SECONDS = 20.0


class Hall:
    """Ann, Bob and Cid; transport 10+n sends, 20+n receives."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self.delivered: list[tuple[int, bytes]] = []
        self.now = 1000.0
        self.sent = 0
        self.rooms = DataRooms(self._deliver, lambda member: None, seconds)
        for number in (ANN, BOB, CID):
            self.put(number)

    def put(self, number: int) -> None:
        name, sid = f"id-{number}", f"PA_{number}"
        member = DataMember(number, 1, name, sid, 10 + number, 20 + number, may_publish=True)
        self.rooms.put(self.now, member)

    def _deliver(self, transports: list[int], reliable: bool, message: bytes) -> None:
        payload = models.DataPacket.FromString(message).user.payload
        self.delivered += ((transport - 20, payload) for transport in transports)

    def says(self, text: bytes, sequence: int, *, reliable: bool = True, to: str = "") -> None:
        packet = models.DataPacket(user=models.UserPacket(payload=text), sequence=sequence)
        packet.destination_identities.extend([to] if to else [])
        self.rooms.received(self.now, 10 + ANN, reliable, packet.SerializeToString())

    def comes_back(self, number: int, sequence: int, of: str = "PA_1") -> list[bytes]:
        """What it is sent again."""
        self.delivered.clear()
        self.rooms.replay(number, [Heard(of, sequence)])
        assert {receiver for receiver, _ in self.delivered} <= {number}
        return [text for _, text in self.delivered]


def test_who_was_away_gets_what_it_has_not_heard_in_order() -> None:
    hall = Hall()
    for number in (1, 2, 3):
        hall.says(b"%d" % number, number)
    assert hall.comes_back(BOB, 1) == [b"2", b"3"]
    assert hall.comes_back(BOB, 3) == []
    assert hall.comes_back(BOB, 0, of="PA_3") == [], "of nobody else"


def test_what_a_client_sends_again_is_delivered_once() -> None:
    hall = Hall()
    for sequence in (1, 2, 1, 2, 3):
        hall.says(b"%d" % sequence, sequence)
    assert [text for receiver, text in hall.delivered if receiver == BOB] == [b"1", b"2", b"3"]


def test_packets_without_a_number_and_lossy_ones_are_not_kept_and_never_taken_for_old() -> None:
    hall = Hall()
    hall.says(b"old", 0)
    hall.says(b"old", 0)
    hall.says(b"lossy", 7, reliable=False)
    hall.says(b"first", 1)
    assert [text for receiver, text in hall.delivered if receiver == BOB] == [
        b"old",
        b"old",
        b"lossy",
        b"first",
    ]
    assert hall.comes_back(BOB, 0) == [b"first"]


def test_nobody_gets_what_was_for_others_or_their_own() -> None:
    hall = Hall()
    hall.says(b"to bob", 1, to="id-2")
    assert hall.comes_back(CID, 0) == []
    assert hall.comes_back(ANN, 0) == []
    assert hall.comes_back(BOB, 0) == [b"to bob"]


def test_who_comes_later_gets_nothing_of_before() -> None:
    hall = Hall()
    hall.says(b"before", 1)
    hall.now += 1
    hall.rooms.remove(BOB)
    hall.put(BOB)
    hall.says(b"after", 2)
    assert hall.comes_back(BOB, 0) == [b"after"]
    hall.put(BOB)  # its permissions changed: it was there all the time
    assert hall.comes_back(BOB, 0) == [b"after"]


def test_what_is_too_old_is_forgotten_whether_anybody_asks_or_not() -> None:
    hall = Hall()
    hall.says(b"first", 1)
    hall.now += 5
    hall.says(b"second", 2)
    assert hall.rooms.expire(hall.now) == SECONDS - 5
    hall.now += SECONDS - 5
    assert hall.rooms.expire(hall.now) == 5
    assert hall.comes_back(BOB, 0) == [b"second"]
    assert hall.rooms.expire(hall.now + 5) is None


def test_a_room_that_is_over_leaves_nothing() -> None:
    hall = Hall()
    hall.says(b"first", 1)
    for number in (ANN, BOB, CID):
        hall.rooms.remove(number)
    assert hall.rooms.expire(hall.now) is None


def test_nothing_is_kept_where_nothing_is_to_be() -> None:
    hall = Hall(seconds=0)
    hall.says(b"first", 1)
    assert hall.rooms.expire(hall.now) is None
    assert hall.comes_back(BOB, 0) == []


def test_a_room_keeps_so_many_packets_and_bytes_and_the_last_of_them() -> None:
    hall = Hall()
    for sequence in range(1, replay.MOST_PACKETS + 11):
        hall.says(b"x", sequence)
    assert len(hall.comes_back(BOB, 0)) == replay.MOST_PACKETS
    hall = Hall()
    for sequence in range(1, 21):
        hall.says(b"%2d" % sequence + bytes(50_000), sequence)
    texts = hall.comes_back(BOB, 0)
    assert sum(map(len, texts)) <= replay.MOST_BYTES < sum(map(len, texts)) + 60_000
    assert texts[-1].startswith(b"20")


def test_no_room_pushes_out_what_another_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "MOST_BYTES_IN_ALL", 100)
    kept = replay.Replay(SECONDS)

    def packet(sequence: int, size: int) -> replay.Kept:
        return replay.Kept(0.0, "PA_1", sequence, frozenset(), frozenset(), bytes(size))

    kept.keep(1, packet(1, 60))
    for sequence in (1, 2, 3):
        kept.keep(2, packet(sequence, 40))
    assert [one.sequence for one in kept.after(1, 0.0, {"PA_1": 0})] == [1]
    assert [one.sequence for one in kept.after(2, 0.0, {"PA_1": 0})] == [3]
    kept.forget(1)
    kept.keep(2, packet(4, 60))
    assert [one.sequence for one in kept.after(2, 0.0, {"PA_1": 0})] == [3, 4]
