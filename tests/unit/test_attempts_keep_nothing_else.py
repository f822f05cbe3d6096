"""Whatever clients say of themselves or send while they try to join: the ledger's files hold none of it."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given, settings
from hypothesis import strategies as st
from livekit.protocol.models import DataPacket, UserPacket
from livekit.protocol.rtc import (
    AddTrackRequest,
    SessionDescription,
    SignalRequest,
    TrickleRequest,
    UpdateParticipantMetadata,
)

from server.auth.grants import Claims, VideoGrants
from server.auth.token import sign
from server.metadata.rows.attempts import AttemptEnded, AttemptsRefused
from server.metadata.rows.sessions import ParticipantLeft
from server.metadata.store import Ledger
from tests.unit.signaling import KEY, SECRET, Client, Server, connect

_DIGITS = "0123456789abcdef"
_marks = st.text(_DIGITS, min_size=12, max_size=12)
"""Long enough never to be in a ledger by chance."""
_shapes = st.sampled_from(
    [
        "Zuzana {}",
        "{}@example.org",
        "+420 {}",
        "192.0.2.77 {}",
        "2001:db8::{}",
        "eyJhbGciOiJIUzI1NiJ9.{}.c2ln",
        "Mozilla/5.0 ({}) Chrome/140.0.0.0",
        "\x80\x6f\x00\x01 {}",  # the head of an RTP packet
        "a=candidate:1 1 udp 1 192.0.2.77 5 typ host {}",
    ]
)


def secret_token(server: Server, secret: str, key: str = SECRET, life: float = 600.0) -> str:
    """Room and identity are the issuer's to choose, and kept; everything else it says is not."""
    claims = Claims(
        identity="ada",
        name=secret,
        metadata=secret,
        attributes={"note": secret},
        grants=VideoGrants(room="hall", room_join=True),
        expires_at=server.clock.now() + life,
    )
    return sign(claims, KEY, key, server.clock.now())


async def say_everything(client: Client, server: Server, secret: str) -> None:
    """Attempts that fail in every way, and one that is let in and talks."""
    plain = "".join(letter for letter in secret if letter.isascii() and letter.isprintable())
    headers = dict.fromkeys(("User-Agent", "X-Forwarded-For", "Cookie", "Referer", "X-Real-IP"), plain)
    query = dict.fromkeys(("sdk", "browser", "browser_version", "os", "device_model", "network"), secret)
    query |= {"version": secret, "protocol": "17", secret: secret}
    for token in (
        secret,
        secret_token(server, secret, key="x" * 32),
        secret_token(server, secret, life=-300),
    ):
        for path in ("/rtc", "/rtc/validate", f"/rtc/{plain}"):
            await client.get(path, params={**query, "access_token": token}, headers=headers)
        with suppress(aiohttp.WSServerHandshakeError):
            await client.ws_connect("/rtc", params={**query, "access_token": token}, headers=headers)
    peer = await connect(client, secret_token(server, secret), **{**query, "protocol": "17"})
    await peer.next("join")
    said: list[dict[str, Any]] = [
        {
            "update_metadata": UpdateParticipantMetadata(
                name=secret, metadata=secret, attributes={"a": secret}
            )
        },
        {"add_track": AddTrackRequest(cid=secret, name=secret, stream=secret)},
        {"trickle": TrickleRequest(candidateInit=secret)},
        {"offer": SessionDescription(type="offer", sdp=secret)},
    ]
    packet = DataPacket(user=UserPacket(payload=secret.encode()))
    for message in said:
        await peer.socket.send_bytes(SignalRequest(**message).SerializeToString())
    await peer.socket.send_bytes(packet.SerializeToString())
    await peer.socket.send_bytes(secret.encode())
    await peer.closed()


async def kept_of(secret: str, directory: Path) -> tuple[Server, bytes]:
    server = Server()
    ledger = await Ledger.open(f"sqlite:///{directory}/ledger.db")
    async with TestClient(TestServer(server.application)) as client:
        await say_everything(client, server, secret)
        async with asyncio.timeout(5):
            while not any(isinstance(event, ParticipantLeft) for event in server.events):
                await asyncio.sleep(0)
    server.attempts.close()
    for event in server.events:
        ledger.record(event)
    await ledger.flush()
    written = b"".join(path.read_bytes() for path in directory.iterdir())  # the journal included
    assert ledger.refused == 0
    await ledger.close()
    return server, written


@settings(max_examples=12, deadline=None)
@given(mark=_marks, shape=_shapes)
def test_nothing_that_a_client_says_is_kept(mark: str, shape: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        server, written = asyncio.run(kept_of(shape.format(mark), Path(directory)))
    kinds = [type(event) for event in server.events]
    assert AttemptEnded in kinds
    assert AttemptsRefused in kinds
    assert b"attempts_refused" in written
    assert mark.encode() not in written
    for trace in (b"Zuzana", b"example.org", b"192.0.2.77", b"2001:db8", b"Mozilla", b"eyJhbGci"):
        assert trace not in written
