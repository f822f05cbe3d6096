"""Messages that leave for many at once: as aiortc would send them, in order, and none lost."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiortc import rtcsctptransport as sctp

from server.relay import fan_out
from server.relay.fan_out import FanOut
from server.relay.transport import Phase
from tests.relay.pair import Pair

MESSAGE = b"m" * 200
FRAGMENTED = b"f" * 5000  # takes the way of aiortc
WINDOW_MESSAGES = 3 * sctp.USERDATA_MAX_LENGTH // len(MESSAGE)


@dataclass
class Listening:
    """A relay's transport with its channels open, and what its peer has received of them."""

    pair: Pair
    received: list[bytes] = field(default_factory=list)
    channels: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.pair.association.on("datachannel", self.listen)
        self.fan_out = FanOut({1: self.pair.transport}, self.send)

    def send(self, datagrams: list[tuple[int, bytes]]) -> None:
        for id, datagram in datagrams:
            self.pair.told.send_dtls(id, datagram)

    def say(self, message: bytes, *, reliable: bool = True) -> None:
        self.fan_out.deliver([1], reliable, message)

    def listen(self, channel: object) -> None:
        channel.on("message", self.received.append)  # type: ignore[attr-defined]
        self.channels.add(channel.label)  # type: ignore[attr-defined]

    @property
    def is_lent(self) -> bool:
        return self.pair.relay_association.lane._is_lent

    @property
    def is_waiting(self) -> bool:
        session = self.pair.transport.session
        return session is not None and session.is_waiting

    async def until_lent(self) -> None:
        """Nothing is under way any more."""
        async with asyncio.timeout(10):
            while not self.is_lent or self.is_waiting:
                await asyncio.sleep(0.005)

    async def until(self, count: int) -> list[bytes]:
        async with asyncio.timeout(10):
            while len(self.received) < count:
                await asyncio.sleep(0.005)
        await self.until_lent()
        return self.received


@pytest.fixture
async def listening(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Listening]:
    monkeypatch.setattr(fan_out, "LOOK_EVERY", 0.01)
    made = Listening(Pair(opens_data_channels=True))
    await made.pair.associate()
    async with asyncio.timeout(10):
        while len(made.channels) < 2:
            await asyncio.sleep(0.005)
    await made.until_lent()
    yield made
    await made.pair.close()


def lend_with_patience(listening: Listening, seconds: float) -> None:
    """As after many quick round trips; aiortc waits no less than a second."""
    association = listening.pair.relay_association
    association.lane.take_back()
    association._rto = seconds
    association.lane.lend()
    assert listening.is_lent


def numbered(count: int) -> list[bytes]:
    return [MESSAGE + bytes([number]) for number in range(count)]


async def test_a_message_leaves_before_anything_else_runs(listening: Listening) -> None:
    sent = len(listening.pair.told.sent)
    listening.say(MESSAGE)
    assert len(listening.pair.told.sent) == sent + 1
    assert listening.is_waiting
    assert await listening.until(1) == [MESSAGE]
    assert listening.pair.relay_association._t3_handle is None


async def test_what_may_be_lost_is_sent_as_that(listening: Listening) -> None:
    listening.pair.told.drop = lambda _: True
    listening.say(MESSAGE, reliable=False)
    listening.pair.relay_association.lane.recover()
    await asyncio.sleep(0)
    listening.pair.told.drop = lambda _: False
    listening.say(b"later", reliable=False)
    assert await listening.until(1) == [b"later"]


async def test_small_and_large_ones_come_in_their_order(listening: Listening) -> None:
    wanted = [
        MESSAGE + bytes([number]) if number % 3 else FRAGMENTED + bytes([number]) for number in range(30)
    ]
    for message in wanted:
        listening.say(message)
    assert await listening.until(len(wanted)) == wanted


async def test_more_than_may_be_under_way_come_in_their_order(listening: Listening) -> None:
    wanted = numbered(100)
    for message in wanted:
        listening.say(message)
    assert not listening.is_lent
    assert await listening.until(len(wanted)) == wanted


async def test_a_lost_one_is_sent_again(listening: Listening) -> None:
    lend_with_patience(listening, 0.05)
    lost = iter([True])
    listening.pair.told.drop = lambda _: next(lost, False)
    for message in numbered(3):
        listening.say(message)
    assert await listening.until(3) == numbered(3)


async def test_the_last_one_is_sent_again_although_nothing_follows(listening: Listening) -> None:
    lend_with_patience(listening, 0.05)
    lost = iter([True])
    listening.pair.told.drop = lambda _: next(lost, False)
    listening.say(MESSAGE)
    assert await listening.until(1) == [MESSAGE]
    assert next(lost, None) is None


async def test_nothing_is_sent_again_that_is_only_under_way(listening: Listening) -> None:
    listening.pair.told.drop = lambda _: True
    listening.say(MESSAGE)
    sent = len(listening.pair.told.sent)
    looked = asyncio.get_running_loop().time() + 5 * fan_out.LOOK_EVERY
    while asyncio.get_running_loop().time() < looked:
        await asyncio.sleep(fan_out.LOOK_EVERY)
    assert len(listening.pair.told.sent) == sent
    assert listening.is_waiting


async def test_no_more_is_under_way_than_the_window_allows(listening: Listening) -> None:
    listening.pair.told.drop = lambda _: True
    for _ in range(100):
        listening.say(MESSAGE)
    await asyncio.sleep(0)
    association = listening.pair.relay_association
    assert len(association._sent_queue) >= WINDOW_MESSAGES
    assert association._flight_size <= association._cwnd + len(MESSAGE)


async def test_round_trips_are_learnt_from(listening: Listening) -> None:
    association = listening.pair.relay_association
    association._srtt = association._rttvar = 1.0
    listening.say(MESSAGE)
    await listening.until(1)
    association.lane.take_back()
    assert association._srtt < 1


async def test_numbers_go_on_where_the_lane_left_them(listening: Listening) -> None:
    association = listening.pair.relay_association
    (stream,) = (id for id, each in association._data_channels.items() if each.label == "_reliable")
    tsn, sequence = association._local_tsn, association._outbound_stream_seq.get(stream, 0)
    for message in (*numbered(3), FRAGMENTED):
        listening.say(message)
    await asyncio.sleep(0)
    sent = [*association._sent_queue, *association._outbound_queue]
    assert sent[-1].user_data
    assert sent[-1].stream_seq == sequence + 3
    assert sent[-1].tsn == (tsn + 2 + math.ceil(len(FRAGMENTED) / sctp.USERDATA_MAX_LENGTH)) % 2**32
    await listening.until(4)
    listening.say(MESSAGE)
    association.lane.take_back()
    (last,) = association._sent_queue
    assert last.stream_seq == sequence + 4


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("_data_channel_queue", deque([(None, 0, b"")])),
        ("_outbound_queue", deque([sctp.DataChunk()])),
        ("_sent_queue", deque([sctp.DataChunk()])),
        ("_t3_handle", object()),
        ("_forward_tsn_chunk", sctp.ForwardTsnChunk()),
        ("_fast_recovery_exit", 0),
        ("_reconfig_queue", [1]),
        ("_reconfig_request", object()),
        ("_association_state", sctp.RTCSctpTransport.State.CLOSED),
    ],
)
async def test_what_has_to_wait_is_left_to_aiortc(
    listening: Listening, monkeypatch: pytest.MonkeyPatch, name: str, value: object
) -> None:
    association = listening.pair.relay_association
    association.lane.take_back()
    with monkeypatch.context() as patched:
        patched.setattr(association, name, value)
        association.lane.lend()
        assert not listening.is_lent
    association.lane.lend()
    assert listening.is_lent


async def test_an_acknowledgement_waits_for_no_task(listening: Listening) -> None:
    pair = listening.pair
    heard: list[bytes] = []
    pair.path._send_datagram = heard.append
    listening.say(MESSAGE)
    async with asyncio.timeout(10):
        while not heard:
            await asyncio.sleep(0.005)
    assert listening.is_waiting
    pair.transport.received(heard[0])
    assert not listening.is_waiting
    assert not pair.transport._path._waiting


async def test_an_acknowledgement_of_what_was_never_sent_ends_the_association_and_no_more(
    listening: Listening,
) -> None:
    pair = listening.pair
    listening.say(MESSAGE)
    pair.association._last_received_tsn = pair.relay_association._local_tsn + 1000
    await pair.association._send_sack()
    await pair.until_sctp_ended()
    assert pair.transport.phase is Phase.CONNECTED
    listening.say(MESSAGE)
    assert not listening.is_lent


async def test_a_channel_that_is_closed_is_not_sent_on(listening: Listening) -> None:
    pair = listening.pair
    channels = {each.label: each for each in pair.association._data_channels.values()}
    channels["_reliable"].close()
    relays = {each.label: each for each in pair.relay_association._data_channels.values()}
    async with asyncio.timeout(10):
        while relays["_reliable"].readyState != "closed":
            await asyncio.sleep(0.005)
    listening.say(MESSAGE)
    listening.say(b"lossy", reliable=False)
    assert await listening.until(1) == [b"lossy"]


async def test_who_is_not_there_or_has_no_channels_holds_up_nobody(listening: Listening) -> None:
    class Deaf:
        session = None

        def __init__(self) -> None:
            self.told: list[tuple[bool, bytes]] = []

        def send_data(self, reliable: bool, message: bytes) -> None:
            self.told.append((reliable, message))

        def recover_data(self) -> None:
            raise AssertionError("nothing was sent")

    deaf = Deaf()
    everybody = FanOut({1: listening.pair.transport, 2: deaf}, listening.send)
    everybody.deliver([3, 2, 1], True, MESSAGE)
    assert await listening.until(1) == [MESSAGE]
    assert deaf.told == [(True, MESSAGE)]


async def test_nothing_is_under_way_after_the_end(listening: Listening) -> None:
    lend_with_patience(listening, 0.05)
    listening.pair.told.drop = lambda _: True
    listening.say(MESSAGE)
    session = listening.pair.transport.session
    await listening.pair.transport.close()
    assert session is not None
    assert not session.is_waiting
    assert listening.pair.relay_association._t3_handle is None


@pytest.mark.parametrize("length", [1, 2, 3, 4, 200, sctp.USERDATA_MAX_LENGTH])
@pytest.mark.parametrize("reliable", [True, False])
async def test_a_packet_is_written_as_aiortc_writes_it(
    listening: Listening, length: int, reliable: bool
) -> None:
    pair = listening.pair
    packets: list[bytes] = []

    async def keep(data: bytes) -> None:
        packets.append(data)

    pair.association._handle_data = keep  # type: ignore[method-assign]
    listening.say(b"m" * length, reliable=reliable)
    lane = pair.relay_association.lane
    lane.take_back()
    (chunk,) = pair.relay_association._sent_queue
    async with asyncio.timeout(10):
        while not packets:
            await asyncio.sleep(0.005)
    assert packets == [sctp.serialize_packet(5000, 5000, pair.association._local_verification_tag, chunk)]
