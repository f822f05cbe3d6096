"""Data messages that the relay hands on per CPU-second: reliable ones, in a room of ten.

The participants send in turn, and never more than a few messages are under way: the relay is kept busy and
never has to drop. They are ICE, DTLS and SCTP in this process, two transports each, as SDKs have them.
"""

from __future__ import annotations

import asyncio
import time

from aiortc.rtcdatachannel import RTCDataChannel, RTCDataChannelParameters
from livekit.protocol import models

from bench.figure import show
from bench.relays import Relay, one_relay
from server.control import messages

PARTICIPANTS = 10
OTHERS = PARTICIPANTS - 1
MESSAGE_BYTES = 200
CHANNEL = "_reliable"
UNDER_WAY = PARTICIPANTS  # one of each sender
WARM_UP = 100
MESSAGES = 3_000
SECONDS = 10.0
WAIT_SECONDS = 20.0


class _Room:
    """The participants, and how many messages they have received in all."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._id = relay.next_id()
        self._senders: list[RTCDataChannel] = []
        self._receivers: list[RTCDataChannel] = []
        self._received = 0
        self._changed = asyncio.Event()
        packet = models.DataPacket(user=models.UserPacket(payload=bytes(MESSAGE_BYTES)))
        self._message = packet.SerializeToString()

    async def enter(self, name: str) -> None:
        sending, sender, _ = await self._relay.connect(has_data_channels=True)
        self._relay.peers.append(sender)
        receiving, receiver, _ = await self._relay.connect(has_data_channels=True, opens_data_channels=True)
        self._relay.peers.append(receiver)
        self._relay.ask(
            messages.DataMember(
                self._relay.next_id(), self._id, name, f"PA_{name}", sending, receiving, may_publish=True
            )
        )
        (await receiver.associate()).on("datachannel", self._listen)
        channel = RTCDataChannel(await sender.associate(), RTCDataChannelParameters(label=CHANNEL))
        channel.on("open", self._changed.set)
        self._senders.append(channel)
        self.keep_consent()

    async def until_open(self) -> None:
        """Everybody can send, and has a channel to receive from."""
        async with asyncio.timeout(WAIT_SECONDS):
            while len(self._receivers) < PARTICIPANTS or any(
                channel.readyState != "open" for channel in self._senders
            ):
                self._changed.clear()
                await self._changed.wait()

    def keep_consent(self) -> None:
        for peer in self._relay.peers:
            peer.check()

    async def exchange(self, most: int, seconds: float) -> int:
        """Sends in turn until one of the bounds; how many were sent, once everybody has received them all."""
        ends, before, sent = time.monotonic() + seconds, self._received, 0
        while sent < most and time.monotonic() < ends:
            self._senders[sent % PARTICIPANTS].send(self._message)
            sent += 1
            await self._until_received(before + (sent - UNDER_WAY) * OTHERS)
        await self._until_received(before + sent * OTHERS)
        return sent

    async def _until_received(self, deliveries: int) -> None:
        async with asyncio.timeout(WAIT_SECONDS):
            while self._received < deliveries:
                self._changed.clear()
                await self._changed.wait()

    def _listen(self, channel: RTCDataChannel) -> None:
        if channel.label == CHANNEL:
            channel.on("message", self._count)
            self._receivers.append(channel)
            self._changed.set()

    def _count(self, _: bytes) -> None:
        self._received += 1
        self._changed.set()


async def run() -> None:
    async with one_relay() as relay:
        room = _Room(relay)
        for number in range(PARTICIPANTS):
            await room.enter(f"participant {number}")
        await room.until_open()
        await room.exchange(WARM_UP, SECONDS)
        room.keep_consent()
        before, started = relay.cpu_seconds(), time.monotonic()
        sent = await room.exchange(MESSAGES, SECONDS)
        spent, taken = relay.cpu_seconds() - before, time.monotonic() - started
    show(
        "data_messages_per_cpu_second",
        sent * OTHERS / spent,
        "delivered messages/s",
        participants=PARTICIPANTS,
        message_bytes=MESSAGE_BYTES,
        channel="reliable",
        messages_in=sent,
        seconds=round(taken, 2),
        relay_cpu_seconds=round(spent, 2),
    )
