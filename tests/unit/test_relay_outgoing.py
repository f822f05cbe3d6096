"""Datagrams of transports leave together, in order, and before whatever is asked after them."""

from __future__ import annotations

import asyncio

from server.relay.outgoing import AT_ONCE, Outgoing

Datagrams = list[tuple[int, bytes]]


class Packets:
    """A packet thread that writes down what it is asked."""

    def __init__(self) -> None:
        self.asked: list[object] = []
        self.is_full = False

    def create_transport(self, id: int, local_ufrag: bytes, local_pwd: bytes) -> None:
        self.asked.append(("create", id))

    def close_transport(self, id: int) -> None:
        self.asked.append(("close", id))

    def set_keys(
        self, id: int, profile: int, *, rx_key: bytes, rx_salt: bytes, tx_key: bytes, tx_salt: bytes
    ) -> None:
        self.asked.append(("keys", id))

    def send_dtls(self, datagrams: Datagrams) -> None:
        if self.is_full:
            raise RuntimeError
        self.asked.append(datagrams)


def numbered(count: int) -> Datagrams:
    return [(number % 7, bytes([number % 256])) for number in range(count)]


async def test_what_one_turn_sends_leaves_at_its_end_together() -> None:
    packets = Packets()
    outgoing = Outgoing(packets)
    for id, datagram in numbered(5):
        outgoing.send_dtls(id, datagram)
    assert packets.asked == []
    await asyncio.sleep(0)
    assert packets.asked == [numbered(5)]
    await asyncio.sleep(0)
    assert packets.asked == [numbered(5)]


async def test_the_first_of_many_do_not_wait_for_the_last() -> None:
    packets = Packets()
    outgoing = Outgoing(packets)
    wanted = numbered(3 * AT_ONCE + 1)
    for id, datagram in wanted:
        outgoing.send_dtls(id, datagram)
    assert packets.asked == [wanted[start : start + AT_ONCE] for start in range(0, 3 * AT_ONCE, AT_ONCE)]
    await asyncio.sleep(0)
    assert packets.asked[-1] == wanted[-1:]


async def test_many_leave_at_once_and_after_what_came_before() -> None:
    packets = Packets()
    outgoing = Outgoing(packets)
    outgoing.send_dtls(1, b"before")
    outgoing.send_many(numbered(3 * AT_ONCE))
    assert packets.asked == [[(1, b"before")], numbered(3 * AT_ONCE)]
    packets.is_full = True
    outgoing.send_many(numbered(2))


async def test_a_goodbye_goes_before_the_end() -> None:
    packets = Packets()
    outgoing = Outgoing(packets)
    outgoing.send_dtls(1, b"goodbye")
    outgoing.close_transport(1)
    outgoing.send_dtls(2, b"finished")
    outgoing.set_keys(2, 7, rx_key=b"", rx_salt=b"", tx_key=b"", tx_salt=b"")
    outgoing.send_dtls(2, b"hello")
    outgoing.create_transport(3, b"", b"")
    assert packets.asked == [
        [(1, b"goodbye")],
        ("close", 1),
        [(2, b"finished")],
        ("keys", 2),
        [(2, b"hello")],
        ("create", 3),
    ]


async def test_what_there_is_no_room_for_is_lost_and_later_ones_are_not() -> None:
    packets = Packets()
    outgoing = Outgoing(packets)
    packets.is_full = True
    outgoing.send_dtls(1, b"lost")
    outgoing.flush()
    packets.is_full = False
    outgoing.send_dtls(1, b"there")
    await asyncio.sleep(0)
    assert packets.asked == [[(1, b"there")]]
