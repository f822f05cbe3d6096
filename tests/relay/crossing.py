"""A call of two through one relay: the requests that signaling would send, and what arrives."""

from __future__ import annotations

import asyncio

from aiortc import MediaStreamTrack

from server.control.messages import (
    CreateConsumer,
    CreateProducer,
    ExtensionKind,
    HeaderExtension,
    MediaKind,
    PayloadMapping,
    TransportPhase,
    TransportState,
)
from tests.relay.conftest import Relay
from tests.relay.peer import AUDIO_PT, MID_ID, VIDEO_PT, Section

PUBLISHER, SUBSCRIBER = 1, 2
OUT_SSRC = {MediaKind.AUDIO: 0x1111_1111, MediaKind.VIDEO: 0x2222_2222}


async def connected(relay: Relay, transport: int) -> TransportState:
    return await relay.hears(
        TransportState, lambda told: told.transport == transport and told.phase is TransportPhase.CONNECTED
    )


def produce(relay: Relay, sections: list[Section]) -> None:
    for number, section in enumerate(sections, 1):
        relay.send(
            CreateProducer(
                number,
                PUBLISHER,
                section.kind,
                section.mid,
                section.codecs,
                section.extensions,
                section.encodings,
            )
        )


def consume(relay: Relay, sections: list[Section]) -> None:
    for number, section in enumerate(sections, 1):
        outgoing = AUDIO_PT if section.kind is MediaKind.AUDIO else VIDEO_PT
        relay.send(
            CreateConsumer(
                100 + number,
                number,
                SUBSCRIBER,
                OUT_SSRC[section.kind],
                [PayloadMapping(section.codecs[0].payload_type, outgoing)],
                [HeaderExtension(ExtensionKind.MID, MID_ID)],
                paused=False,
            )
        )


async def receive(track: MediaStreamTrack, wanted: int) -> list[object]:
    async with asyncio.timeout(20):
        return [await track.recv() for _ in range(wanted)]
