"""The control channel on real pipes: order, back-pressure, and every way of losing the other end."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from server.control import channel as channel_module
from server.control.channel import Channel
from server.control.codec import (
    LARGEST_NOTIFICATION,
    LARGEST_REQUEST,
    ProtocolError,
    encode,
    notification_decoder,
)
from server.control.messages import GetStats, Notification, RefusalReason, Refused
from server.errors import RelayError


@dataclass
class Ends:
    """A channel as signaling has it; the relay's ends of the two pipes are plain descriptors."""

    channel: Channel[Notification]
    from_channel: int
    to_channel: int
    received: list[Notification] = field(default_factory=list)
    lost: list[RelayError] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def until_lost(self) -> RelayError:
        async with asyncio.timeout(5):
            while not self.lost:
                self.changed.clear()
                await self.changed.wait()
        return self.lost[0]


@pytest.fixture
def ends() -> Iterator[Ends]:
    up_read, up_write = os.pipe()
    down_read, down_write = os.pipe()
    made: list[Ends] = []

    def message(notification: Notification) -> None:
        made[0].received.append(notification)
        made[0].changed.set()

    def lost(reason: RelayError) -> None:
        made[0].lost.append(reason)
        made[0].changed.set()

    channel: Channel[Notification] = Channel(
        up_read,
        down_write,
        decoder=notification_decoder(),
        largest_sent=LARGEST_REQUEST,
        on_message=message,
        on_lost=lost,
    )
    made.append(Ends(channel, down_read, up_write))
    yield made[0]
    channel.close()
    for fd in (made[0].from_channel, made[0].to_channel):
        if fd >= 0:
            os.close(fd)


async def test_messages_arrive_in_order(ends: Ends) -> None:
    ends.channel.open()
    sent = [Refused(number, RefusalReason.LIMIT) for number in range(50)]
    os.write(ends.to_channel, b"".join(encode(each, LARGEST_NOTIFICATION) for each in sent))
    async with asyncio.timeout(5):
        while len(ends.received) < len(sent):
            ends.changed.clear()
            await ends.changed.wait()
    assert ends.received == sent


async def test_a_slow_reader_gets_everything_once_it_reads(ends: Ends) -> None:
    ends.channel.open()
    frames = b"".join(encode(GetStats(number), LARGEST_REQUEST) for number in range(20_000))
    for number in range(20_000):
        ends.channel.send(GetStats(number))
    os.set_blocking(ends.from_channel, False)
    received = b""
    async with asyncio.timeout(10):
        while len(received) < len(frames):
            try:
                received += os.read(ends.from_channel, 65_536)
            except BlockingIOError:
                await asyncio.sleep(0)
    assert received == frames
    assert not ends.lost


async def test_a_reader_that_never_reads_is_lost(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_module, "LONGEST_QUEUE", 1000)
    ends.channel.open()
    for number in range(20_000):
        ends.channel.send(GetStats(number))
    assert len(ends.lost) == 1
    assert "does not read" in str(ends.lost[0])


async def test_the_end_of_the_other_side_is_noticed_when_reading(ends: Ends) -> None:
    ends.channel.open()
    os.close(ends.to_channel)
    ends.to_channel = -1
    assert "gone" in str(await ends.until_lost())


async def test_the_end_of_the_other_side_is_noticed_when_writing(ends: Ends) -> None:
    ends.channel.open()
    os.close(ends.from_channel)
    ends.from_channel = -1
    ends.channel.send(GetStats(1))
    assert ends.lost == [], "whoever sends does not expect to be answered"
    await ends.until_lost()
    assert len(ends.lost) == 1


async def test_what_the_other_side_said_last_is_heard_when_writing_fails(ends: Ends) -> None:
    ends.channel.open()
    last = [Refused(number, RefusalReason.LIMIT) for number in range(3)]
    os.write(ends.to_channel, b"".join(encode(each, LARGEST_NOTIFICATION) for each in last))
    os.close(ends.from_channel)
    ends.from_channel = -1
    ends.channel.send(GetStats(1))
    ends.channel.send(GetStats(2))
    await ends.until_lost()
    assert ends.received == last


async def test_a_malformed_message_ends_the_channel(ends: Ends) -> None:
    ends.channel.open()
    os.write(ends.to_channel, b"\x00\x00\x00\x02\xc1\xc1" + encode(Refused(1, RefusalReason.LIMIT), 1024))
    assert isinstance(await ends.until_lost(), ProtocolError)
    assert ends.received == []


async def test_nothing_is_told_after_close(ends: Ends) -> None:
    ends.channel.open()
    os.write(ends.to_channel, encode(Refused(1, RefusalReason.LIMIT), LARGEST_NOTIFICATION))
    ends.channel.close()
    ends.channel.send(GetStats(1))
    await asyncio.sleep(0)
    assert ends.received == []
    assert ends.lost == []
