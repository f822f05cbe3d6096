"""What one data message to everybody in a room costs a relay, by the size of the room.

Messages of a chat's size come one at a time and over the reliable channel. Who listens does so by ICE, DTLS
and SCTP in processes of their own, two transports each, as SDKs have.
"""

from __future__ import annotations

import asyncio
import contextlib
import time

from aiortc.rtcdatachannel import RTCDataChannel, RTCDataChannelParameters
from livekit.protocol import models

from bench.crowd import CHANNEL, crowd
from bench.figure import medians, rounds, show
from bench.relays import Relay, one_relay
from server.control import messages

LISTENERS = (10, 50, 500)
MOST_OF_A_CROWD = 100
MESSAGE_BYTES = 200
WARM_UP = 5
MESSAGES = 30  # no more than one sender may send at once to five hundred
IDLE_SECONDS = 4.0
ROUNDS = 3
WAIT_SECONDS = 60.0


async def _sender(relay: Relay, room: int) -> RTCDataChannel:
    """A participant of this process; its channel is open."""
    transport, peer, _ = await relay.connect(has_data_channels=True)
    relay.peers.append(peer)
    relay.ask(
        messages.DataMember(relay.next_id(), room, "sender", "PA_sender", transport, 0, may_publish=True)
    )
    channel = RTCDataChannel(await peer.associate(), RTCDataChannelParameters(label=CHANNEL))
    opened = asyncio.Event()
    channel.on("open", opened.set)
    async with asyncio.timeout(WAIT_SECONDS):
        await opened.wait()
    return channel


async def _measure(listeners: int) -> dict[str, float]:
    async with one_relay() as relay, contextlib.AsyncExitStack() as all_of_them:
        room = relay.next_id()
        sizes = [MOST_OF_A_CROWD] * (listeners // MOST_OF_A_CROWD) or [listeners]
        crowds = [await all_of_them.enter_async_context(crowd(relay, size, "data")) for size in sizes]
        for each in crowds:
            await each.announce(data_room=room)
        for each in crowds:
            each.begin()
        for each in crowds:
            await each.arrived()
        channel = await _sender(relay, room)
        message = models.DataPacket(user=models.UserPacket(payload=bytes(MESSAGE_BYTES))).SerializeToString()

        async def send(times: int) -> None:
            for _ in range(times):
                channel.send(message)
                async with asyncio.timeout(WAIT_SECONDS):
                    await asyncio.gather(*(each.received() for each in crowds))
                relay.keep_consent()

        await send(WARM_UP)
        before = relay.precise_cpu_seconds()
        await asyncio.sleep(IDLE_SECONDS)
        idle = (relay.precise_cpu_seconds() - before) / IDLE_SECONDS
        relay.keep_consent()
        before, started = relay.precise_cpu_seconds(), time.monotonic()
        await send(MESSAGES)
        taken = time.monotonic() - started
        spent = relay.precise_cpu_seconds() - before - idle * taken
    return {
        "spent": spent / MESSAGES * 1000,
        "until_all_have_it": taken / MESSAGES * 1000,
        "idle_percent": idle * 100,
    }


async def run() -> None:
    for listeners in LISTENERS:
        measured = medians([await _measure(listeners) for _ in range(rounds(ROUNDS))])
        show(
            "data_message_to_a_room",
            measured["spent"],
            "CPU ms",
            listeners=listeners,
            message_bytes=MESSAGE_BYTES,
            channel="reliable",
            until_all_have_it_ms=measured["until_all_have_it"],
            idle_percent=measured["idle_percent"],
        )
