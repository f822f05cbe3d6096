"""Messages that a relay sends without a task of their own: the same on the wire, in order, and none lost."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from struct import pack

import pytest
from aiortc import rtcsctptransport as sctp

from server.relay import ortc
from server.relay.sctp_packets import Message, read_plain_sack
from server.relay.transport import Phase
from tests.relay.pair import Pair

MESSAGE = b"m" * 200
FRAGMENTED = b"f" * 5000  # takes the way of aiortc
TAG, NEXT_TSN = 77, 1000


@dataclass
class Listening:
    """A relay's transport with its channels open, and what its peer has received of them."""

    pair: Pair
    received: list[bytes] = field(default_factory=list)
    channels: set[str] = field(default_factory=set)

    def listen(self, channel: object) -> None:
        channel.on("message", self.received.append)  # type: ignore[attr-defined]
        self.channels.add(channel.label)  # type: ignore[attr-defined]

    async def until(self, count: int) -> list[bytes]:
        async with asyncio.timeout(10):
            while len(self.received) < count or self.pair.relay_association._sent_queue:
                await asyncio.sleep(0.005)
        return self.received


@pytest.fixture
async def listening() -> AsyncIterator[Listening]:
    made = Listening(Pair(opens_data_channels=True))
    made.pair.association.on("datachannel", made.listen)
    await made.pair.associate()
    async with asyncio.timeout(10):
        while len(made.channels) < 2 or made.pair.relay_association._sent_queue:
            await asyncio.sleep(0.005)
    yield made
    await made.pair.close()


async def test_a_message_leaves_before_anything_else_runs(listening: Listening) -> None:
    sent = len(listening.pair.told.sent)
    listening.pair.transport.send_data(True, MESSAGE)
    assert len(listening.pair.told.sent) == sent + 1
    assert await listening.until(1) == [MESSAGE]
    assert listening.pair.relay_association._flight_size == 0
    assert listening.pair.relay_association._t3_handle is None


async def test_small_and_large_ones_come_in_their_order(listening: Listening) -> None:
    wanted = [
        MESSAGE + bytes([number]) if number % 3 else FRAGMENTED + bytes([number]) for number in range(30)
    ]
    for message in wanted:
        listening.pair.transport.send_data(True, message)
    assert await listening.until(len(wanted)) == wanted


async def test_a_lost_one_is_sent_again(listening: Listening) -> None:
    listening.pair.relay_association._rto = 0.05  # not a second
    lost = iter([True])
    listening.pair.told.drop = lambda _: next(lost, False)
    for number in range(3):
        listening.pair.transport.send_data(True, MESSAGE + bytes([number]))
    assert await listening.until(3) == [MESSAGE + bytes([number]) for number in range(3)]


async def test_no_more_is_under_way_than_the_window_allows(
    listening: Listening,
) -> None:
    listening.pair.told.drop = lambda _: True
    for _ in range(100):
        listening.pair.transport.send_data(True, MESSAGE)
    association = listening.pair.relay_association
    assert len(association._sent_queue) <= ortc.MOST_UNDER_WAY + 1
    assert association._flight_size <= association._cwnd + len(MESSAGE)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("_data_channel_queue", deque([(None, 0, b"")])),
        ("_outbound_queue", deque([sctp.DataChunk()])),
        ("_forward_tsn_chunk", sctp.ForwardTsnChunk()),
        ("_fast_recovery_exit", 1),
        ("_flight_size", 1 << 20),
        ("_association_state", ortc.Sctp.State.CLOSED),
    ],
)
async def test_what_has_to_wait_is_left_to_aiortc(
    listening: Listening, monkeypatch: pytest.MonkeyPatch, name: str, value: object
) -> None:
    association = listening.pair.relay_association
    channel = next(iter(association._data_channels.values()))
    with monkeypatch.context() as patched:
        patched.setattr(association, name, value)
        assert not association.send_now(channel, MESSAGE)
    assert association.send_now(channel, MESSAGE)
    assert not association.send_now(channel, FRAGMENTED)


async def test_what_cannot_be_sent_holds_up_nobody_else(
    listening: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: bytes) -> None:
        raise RuntimeError("the packet thread does not keep up")

    listening.pair.relay_association._rto = 0.05  # not a second
    with monkeypatch.context() as patched:
        patched.setattr(listening.pair.transport._path, "_send_datagram", full)
        listening.pair.transport.send_data(True, MESSAGE)
    assert await listening.until(1) == [MESSAGE]


@pytest.mark.parametrize("length", [1, 2, 3, 4, 200, sctp.USERDATA_MAX_LENGTH])
@pytest.mark.parametrize("ordered", [True, False])
def test_a_packet_is_written_as_aiortc_writes_it(length: int, ordered: bool) -> None:
    message = Message(2**32 - 1, 7, 2**16 - 1, b"m" * length, ordered=ordered, most_retransmits=None)
    assert message.packet(TAG) == sctp.serialize_packet(5000, 5000, TAG, message)


async def test_an_acknowledgement_waits_for_no_task(listening: Listening) -> None:
    pair = listening.pair
    heard: list[bytes] = []
    pair.path._send_datagram = heard.append
    pair.transport.send_data(True, MESSAGE)
    async with asyncio.timeout(10):
        while not heard:
            await asyncio.sleep(0.005)
    assert len(pair.relay_association._sent_queue) == 1
    pair.transport.received(heard[0])
    assert not pair.relay_association._sent_queue


async def test_an_acknowledgement_that_leads_to_an_error_ends_the_association_and_no_more(
    listening: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(_: object) -> None:
        raise IndexError

    pair = listening.pair
    monkeypatch.setattr(pair.relay_association, "_receive_sack_chunk", fails)
    pair.transport.send_data(True, MESSAGE)
    await pair.until_sctp_ended()
    assert pair.transport.phase is Phase.CONNECTED


def sack(tag: int = TAG, tsn: int = NEXT_TSN - 1, gaps: list[tuple[int, int]] | None = None) -> bytes:
    chunk = sctp.SackChunk()
    chunk.cumulative_tsn, chunk.advertised_rwnd, chunk.gaps = tsn, 4096, gaps or []
    return sctp.serialize_packet(5000, 5000, tag, chunk)


def announced() -> bytes:
    """One gap block by its word, and none in it."""

    class Announcing(sctp.Chunk):
        type = sctp.SackChunk.type

    return sctp.serialize_packet(5000, 5000, TAG, Announcing(body=pack("!LLHH", NEXT_TSN - 1, 4096, 1, 0)))


def test_a_plain_sack_is_read_as_aiortc_reads_it() -> None:
    packet = sack()
    read = read_plain_sack(packet, TAG, NEXT_TSN)
    (wanted,) = sctp.parse_packet(packet)[3]
    assert read is not None
    assert bytes(read) == bytes(wanted)


@pytest.mark.parametrize(
    "packet",
    [
        pytest.param(sack(tag=TAG + 1), id="of another association"),
        pytest.param(sack(tsn=NEXT_TSN), id="of what was never sent"),
        pytest.param(sack(gaps=[(2, 3)]), id="with gaps"),
        pytest.param(sack()[:20] + b"\1" + sack()[21:], id="with a wrong sum"),
        pytest.param(announced(), id="that announces what it does not hold"),
        pytest.param(sack()[:-4], id="cut"),
        pytest.param(sack()[:12] + b"\4" + sack()[13:], id="that is none"),
    ],
)
def test_any_other_gets_a_closer_look(packet: bytes) -> None:
    assert read_plain_sack(packet, TAG, NEXT_TSN) is None
