"""Every join leaves one row that says how far it came; of whom nothing is proven, only a count is kept."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import WSServerHandshakeError
from msgspec import structs

from server import attempts as attempts_module
from server import ids
from server.auth.grants import Claims
from server.config import Rooms
from server.control.messages import CreateTransport, SrtpProfile, TransportPhase, TransportState
from server.metadata.outcome import AttemptCause, Stage
from server.metadata.rows.attempts import AttemptEnded, AttemptsRefused
from server.metadata.rows.sessions import ParticipantJoined, ParticipantLeft
from server.metadata.words import LeaveReason
from server.protocol.translate import JoinParameters
from tests.unit.signaling import ClientMaker, Server, connect, without_auto_create


def ended(server: Server) -> list[AttemptEnded]:
    return [event for event in server.events if isinstance(event, AttemptEnded)]


async def ask(client: Any, token: str, path: str = "/rtc") -> Any:
    """A refused connection, as the client sees it."""
    if path == "/rtc/validate":
        return await client.get(path, params={"access_token": token})
    with pytest.raises(WSServerHandshakeError) as refused:
        await client.ws_connect(path, params={"access_token": token})
    return refused.value


async def test_a_refusal_names_a_code_that_leads_to_its_row(aiohttp_client: ClientMaker) -> None:
    server = Server(rooms=without_auto_create())
    client = await aiohttp_client(server.application)
    refused = await ask(client, server.token())
    [attempt] = ended(server)
    assert (attempt.room, attempt.identity, attempt.participant) == ("hall", "ada", "")
    assert (attempt.stage, attempt.cause) == (Stage.TOKEN, AttemptCause.ROOM_MISSING)
    assert refused.headers["X-Support-Code"] == attempt.code
    assert ids.read_support_code(attempt.code) == attempt.code

    asked = await ask(client, server.token(), "/rtc/validate")  # as SDKs do after a WebSocket that failed
    assert (await asked.text()).endswith(f". Support code: {attempt.code}")
    assert asked.headers["X-Support-Code"] == attempt.code
    assert "X-Support-Code" in asked.headers["Access-Control-Expose-Headers"]
    assert ended(server) == [attempt]


async def test_who_proves_nothing_is_counted_and_not_named(aiohttp_client: ClientMaker) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    stale = server.token("grace", "attic", life=-120)
    codes = {(await ask(client, stale)).headers["X-Support-Code"] for _ in range(3)}
    codes.add((await ask(client, stale, "/rtc/validate")).headers["X-Support-Code"])
    await ask(client, "rubbish")
    assert server.events == []
    server.attempts.close()
    [code] = codes
    expired, malformed = server.events
    assert expired == AttemptsRefused(code=code, cause=AttemptCause.EXPIRED, count=3)
    assert malformed == structs.replace(expired, code=malformed.code, cause=AttemptCause.MALFORMED, count=1)  # type: ignore[union-attr]
    server.attempts.close()
    assert len(server.events) == 2


async def test_counts_are_written_when_their_minute_is_over(
    aiohttp_client: ClientMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts_module, "MINUTE_SECONDS", 0.01)
    server = Server()
    client = await aiohttp_client(server.application)
    await ask(client, "rubbish")
    async with asyncio.timeout(5):
        while not server.events:
            await asyncio.sleep(0.001)
    assert isinstance(server.events[0], AttemptsRefused)


async def test_rows_of_refusals_are_bounded(
    aiohttp_client: ClientMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts_module, "ROWS_A_MINUTE", 2)
    server = Server(rooms=without_auto_create())
    client = await aiohttp_client(server.application)
    for name in ("ada", "alan", "grace", "edsger", "ada"):
        await ask(client, server.token(name))
    assert [attempt.identity for attempt in ended(server)] == ["ada", "alan"]
    server.attempts.close()
    counted = server.events[-1]
    assert isinstance(counted, AttemptsRefused)
    assert (counted.cause, counted.count) == (AttemptCause.ROOM_MISSING, 2)


async def test_a_place_that_went_meanwhile(
    aiohttp_client: ClientMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(rooms=structs.replace(Rooms(), max_participants=1))
    client = await aiohttp_client(server.application)
    await (await connect(client, server.token("ada"))).next("join")
    real = server.rooms.check
    times = iter(range(2))

    def check(claims: Claims, parameters: JoinParameters) -> None:
        if next(times):  # the first question found a place
            real(claims, parameters)

    monkeypatch.setattr(server.rooms, "check", check)
    peer = await connect(client, server.token("alan"))
    assert await peer.closed() == 1013
    [attempt] = ended(server)
    assert (attempt.stage, attempt.cause) == (Stage.WEBSOCKET, AttemptCause.ROOM_FULL)


async def test_how_far_a_join_came(aiohttp_client: ClientMaker) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    peer = await connect(client, server.token())
    await peer.answer()
    async with asyncio.timeout(5):
        while len(server.link.requests) < 4:  # two transports, a member, and what the answer said
            await asyncio.sleep(0)
    primary = [one.transport for one in server.link.requests if isinstance(one, CreateTransport)][-1]
    server.rooms.relay_notified(
        server.link, TransportState(primary, TransportPhase.REACHABLE, SrtpProfile.NONE)
    )
    await peer.socket.close(code=1011)
    async with asyncio.timeout(5):
        while not isinstance(server.events[-1], ParticipantLeft):
            await asyncio.sleep(0)
    [attempt] = ended(server)
    joined = server.events[0]
    assert isinstance(joined, ParticipantJoined)
    assert (attempt.participant, attempt.code) == (joined.participant, joined.code)
    assert (attempt.stage, attempt.cause) == (Stage.ICE, AttemptCause.CONNECTION_LOST)


async def test_nobody_else_is_shown_the_code(aiohttp_client: ClientMaker) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    ada = await connect(client, server.token("ada"))
    own = (await ada.next("join")).join.participant
    server.connect_transports()
    again = (await ada.next("update")).update.participants[0]
    assert own.attributes["offrecord.support_code"] == again.attributes["offrecord.support_code"]
    alan = await connect(client, server.token("alan"))
    [seen] = (await alan.next("join")).join.other_participants
    assert (seen.identity, dict(seen.attributes)) == ("ada", {})


def test_codes_are_read_as_people_write_them() -> None:
    code = ids.support_code()
    assert ids.read_support_code(code.lower().replace("-", " ")) == code
    assert ids.read_support_code("oi1l-0000") == "0111-0000"
    for wrong in ("", "ABCD-EFG", "ABCD-EFGHJ", "ABCD-EFGU", "ABCD-EFG%"):
        assert ids.read_support_code(wrong) is None


async def test_a_client_that_does_not_read_leaves_that_reason(
    aiohttp_client: ClientMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    peer = await connect(client, server.token())
    await peer.next("join")
    monkeypatch.setattr("server.signaling.outbox.MAX_FRAMES", 0)
    server.connect_transports()
    async with asyncio.timeout(5):
        while not isinstance(server.events[-1], ParticipantLeft):
            await asyncio.sleep(0)
    left = server.events[-1]
    assert isinstance(left, ParticipantLeft)
    assert left.reason is LeaveReason.SLOW_READER
