"""Whatever a peer does with SCTP ends SCTP at most: DTLS and so media live on, and memory stays bounded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from struct import pack

import pytest
from aiortc import RTCDataChannel, RTCDataChannelParameters
from aiortc import rtcsctptransport as sctp

from server.control.messages import TransportPhase
from server.relay import ortc
from server.relay.transport import Phase
from tests.relay.pair import Pair

RELIABLE_OPEN = pack("!BBHLHH", 3, 0, 0, 0, 9, 0) + b"_reliable"


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    made = Pair()
    await made.associate()
    yield made
    await made.close()


class Raw(sctp.Chunk):
    """Any bytes in place of a chunk."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __bytes__(self) -> bytes:
        return self.data


async def send_raw(pair: Pair, data: bytes, *, initial: bool = False) -> None:
    tag = 0 if initial else pair.association._remote_verification_tag
    await pair.dtls._send_data(sctp.serialize_packet(5000, 5000, tag, Raw(data)))


async def a_parameter_without_length(pair: Pair) -> None:
    await send_raw(pair, pack("!BBH", 4, 0, 8) + pack("!HH", 1, 0))


async def an_init_with_a_parameter_without_length(pair: Pair) -> None:
    body = pack("!LLHHL", 1, 65_536, 10, 10, 1) + pack("!HH", 0x8008, 0)
    await send_raw(pair, pack("!BBH", 1, 0, 4 + len(body)) + body, initial=True)


async def gap_blocks_of_everything(pair: Pair) -> None:
    gaps = b"".join(pack("!HH", 1, 65_535) for _ in range(250))
    body = pack("!LLHH", pair.association._last_received_tsn or 0, 65_536, 250, 0) + gaps
    await send_raw(pair, pack("!BBH", 3, 0, 4 + len(body)) + body)


async def text_that_is_none(pair: Pair) -> None:
    await pair.association._send(0, sctp.WEBRTC_DCEP, RELIABLE_OPEN)
    await pair.association._send(0, sctp.WEBRTC_STRING, b"\xff\xfe")


async def a_label_that_is_no_text(pair: Pair) -> None:
    await pair.association._send(0, sctp.WEBRTC_DCEP, pack("!BBHLHH", 3, 0, 0, 0, 2, 0) + b"\xff\xff")


async def the_same_channel_twice(pair: Pair) -> None:
    await pair.association._send(0, sctp.WEBRTC_DCEP, RELIABLE_OPEN)
    await pair.association._send(0, sctp.WEBRTC_DCEP, RELIABLE_OPEN)


async def an_acknowledgement_of_no_channel(pair: Pair) -> None:
    await pair.association._send(8, sctp.WEBRTC_DCEP, b"\x02")


async def too_many_channels(pair: Pair) -> None:
    for number in range(ortc.MOST_CHANNELS + 1):
        await pair.association._send(2 * number, sctp.WEBRTC_DCEP, RELIABLE_OPEN)


async def too_many_streams(pair: Pair) -> None:
    for number in range(ortc.MOST_STREAMS + 2):
        await data(pair, number, sctp.SCTP_DATA_FIRST_FRAG, b"x")


async def a_message_without_end(pair: Pair) -> None:
    for number in range(400):
        await data(pair, 0, sctp.SCTP_DATA_FIRST_FRAG if number == 0 else 0, bytes(1100))


async def a_message_of_crumbs(pair: Pair) -> None:
    for number in range(ortc.MOST_FRAGMENTS + 2):
        await data(pair, 0, sctp.SCTP_DATA_FIRST_FRAG if number == 0 else 0, b"x")


async def data(pair: Pair, stream: int, flags: int, content: bytes) -> None:
    """A DATA chunk, whatever the window says."""
    chunk = sctp.DataChunk(flags=flags)
    chunk.tsn = pair.association._local_tsn
    pair.association._local_tsn = sctp.tsn_plus_one(chunk.tsn)
    chunk.stream_id = stream
    chunk.user_data = content
    await send_raw(pair, bytes(chunk))
    await asyncio.sleep(0)


ATTACKS: list[Callable[[Pair], Awaitable[None]]] = [
    a_parameter_without_length,
    an_init_with_a_parameter_without_length,
    gap_blocks_of_everything,
    text_that_is_none,
    a_label_that_is_no_text,
    the_same_channel_twice,
    an_acknowledgement_of_no_channel,
    too_many_channels,
    too_many_streams,
    a_message_without_end,
    a_message_of_crumbs,
]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
async def test_sctp_ends_and_media_lives(pair: Pair, attack: Callable[[Pair], Awaitable[None]]) -> None:
    await attack(pair)
    await pair.until_sctp_ended()
    assert pair.transport.phase is Phase.CONNECTED
    assert pair.told.phases == [TransportPhase.REACHABLE, TransportPhase.CONNECTED]
    assert pair.transport._dtls is not None
    assert pair.transport._dtls.state == "connected"


async def test_a_message_of_any_allowed_size_crosses(pair: Pair) -> None:
    channel = RTCDataChannel(pair.association, RTCDataChannelParameters(label="_reliable"))
    opened = asyncio.Event()
    channel.on("open", opened.set)
    async with asyncio.timeout(10):
        await opened.wait()
    sent = [bytes([size % 251]) * size for size in (1, 1161, 1162, 15_000, 64_000)]
    for message in sent:
        channel.send(message)
    await pair.told.until(lambda: len(pair.told.data) == len(sent))
    assert pair.told.data == [(True, message) for message in sent]


async def test_text_messages_are_not_passed_on(pair: Pair) -> None:
    await pair.association._send(0, sctp.WEBRTC_DCEP, RELIABLE_OPEN)
    await pair.association._send(0, sctp.WEBRTC_STRING, b"text")
    await pair.association._send(0, sctp.WEBRTC_BINARY, b"bytes")
    await pair.told.until(lambda: bool(pair.told.data))
    assert pair.told.data == [(True, b"bytes")]


async def test_other_channels_than_ours_are_ignored(pair: Pair) -> None:
    other = pack("!BBHLHH", 3, 0, 0, 0, 5, 0) + b"other"
    await pair.association._send(0, sctp.WEBRTC_DCEP, other)
    await pair.association._send(0, sctp.WEBRTC_BINARY, b"not for us")
    await pair.association._send(2, sctp.WEBRTC_DCEP, RELIABLE_OPEN)
    await pair.association._send(2, sctp.WEBRTC_BINARY, b"for us")
    await pair.told.until(lambda: bool(pair.told.data))
    assert pair.told.data == [(True, b"for us")]
