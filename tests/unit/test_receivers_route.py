"""`GET /api/receivers`: the relay's account in the names of the roster, and every way to be refused."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from livekit.protocol import models
from livekit.protocol.rtc import AddTrackRequest, SessionDescription

from server.control.messages import CreateConsumer, CreateProducer, ProducerLayers, Receiver
from server.errors import RelayError, RelayFault
from server.metadata.words import RelayLossReason
from server.workers.receivers import RelayBusy
from tests.unit.signaling import ClientMaker, Peer, Server, connect
from tests.unit.stage import Sending, answer_text, offer_text

CAMERA = Sending("video", "0", "cam")


async def in_a_call(server: Server, client: Any, *, encrypted: bool = False) -> tuple[Peer, Peer]:
    """Ada publishes a camera, Bob receives it."""
    peers = []
    for identity in ("ada", "bob"):
        peer = await connect(client, server.token(identity))
        await peer.answer()
        await peer.send(offer=SessionDescription(type="offer", sdp=offer_text(), id=1))
        await peer.next("answer")
        server.connect_transports()
        peers.append(peer)
    ada, bob = peers
    kind = models.Encryption.Type.GCM if encrypted else models.Encryption.Type.NONE
    request = AddTrackRequest(
        cid="cam", type=models.TrackType.VIDEO, source=models.TrackSource.CAMERA, encryption=kind
    )
    await ada.send(add_track=request)
    await ada.send(offer=SessionDescription(type="offer", sdp=offer_text(CAMERA), id=2))
    await ada.next("answer")
    producer = next(one for one in server.link.requests if isinstance(one, CreateProducer))
    server.rooms.relay_notified(server.link, ProducerLayers(producer.producer, 96, 1))
    offer = (await bob.next("offer")).offer
    while "m=video" not in offer.sdp:
        offer = (await bob.next("offer")).offer
    await bob.send(answer={"type": "answer", "sdp": answer_text(offer.sdp), "id": offer.id})
    async with asyncio.timeout(5):
        while not any(isinstance(one, CreateConsumer) for one in server.link.requests):
            await asyncio.sleep(0.005)
    made = next(one for one in server.link.requests if isinstance(one, CreateConsumer))
    server.link.listed = (Receiver(1, made.consumer, made.producer, made.transport, made.paused),)
    return ada, bob


async def ask(client: Any, token: str | None) -> tuple[int, dict[str, Any]]:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    answer = await client.get("/api/receivers", headers=headers)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status, await answer.json()


async def test_the_receivers_of_each_track_are_told_by_name(aiohttp_client: ClientMaker) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    await in_a_call(server, client)
    status, told = await ask(client, server.token("ada"))
    assert status == 200
    (track,) = told.pop("tracks")
    (bob,) = track.pop("receivers")
    assert told.pop("participant").startswith("PA_")
    assert told.pop("observed_at") >= bob.pop("since")
    assert told == {"room": "hall", "encryption": "optional"}
    assert track.pop("sid").startswith("TR_")
    assert track == {"source": "camera", "kind": "video", "muted": False, "encrypted": False}
    assert bob.pop("sid").startswith("PA_")
    assert bob == {"identity": "bob", "name": "", "state": "active"}
    server.link.listed = ()
    assert (await ask(client, server.token("bob")))[1]["tracks"] == []


async def test_a_receiver_outside_of_the_room_condemns_the_relay(aiohttp_client: ClientMaker) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    await in_a_call(server, client)
    assert server.link.listed
    known = server.link.listed[0]
    server.link.listed = (known, Receiver(1, known.consumer + 1, known.producer, 4711, False))
    assert (await ask(client, server.token("ada")))[0] == 503
    assert [reason.fault for reason in server.link.condemned] == [RelayFault.STRANGE_RECEIVER]


@pytest.mark.parametrize(
    ("token", "status"),
    [(None, 401), ("rubbish", 401), ("", 401)],
)
async def test_who_shows_no_token_is_told_nothing(
    aiohttp_client: ClientMaker, token: str | None, status: int
) -> None:
    client = await aiohttp_client(Server().application)
    answer, body = await ask(client, token)
    assert answer == status
    assert body["error"]


async def test_tokens_that_do_not_join_are_refused(aiohttp_client: ClientMaker) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    for token in (
        server.token("ada", room_join=False),
        server.token("", room_join=True),
        server.token("ada", life=-100.0),
        server.token("ada", secret="x" * 32),
    ):
        assert (await ask(client, token))[0] == 401


async def test_who_is_not_in_the_room_is_not_found(aiohttp_client: ClientMaker) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    assert (await ask(client, server.token("ada")))[0] == 404
    await in_a_call(server, client)
    assert (await ask(client, server.token("cid")))[0] == 404
    assert (await ask(client, server.token("ada", room="cellar")))[0] == 404


async def test_a_relay_that_does_not_answer_is_told(aiohttp_client: ClientMaker) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    await in_a_call(server, client)
    server.link.listed = None
    status, body = await ask(client, server.token("ada"))
    assert status == 503
    assert "relay" in body["error"]


async def test_who_asks_too_much_is_told_when_to_come_back(
    aiohttp_client: ClientMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    await in_a_call(server, client)

    async def busy(transport: int) -> tuple[Receiver, ...]:
        raise RelayBusy("busy")

    monkeypatch.setattr(server.link, "receivers", busy)
    answer = await client.get("/api/receivers", headers={"Authorization": f"Bearer {server.token('ada')}"})
    assert (answer.status, answer.headers["Retry-After"]) == (429, "1")


async def test_the_relay_is_asked_once_however_many_ask(
    aiohttp_client: ClientMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    await in_a_call(server, client)
    asked = 0
    listed = server.link.listed
    go_on = asyncio.Event()

    async def count(transport: int) -> tuple[Receiver, ...]:
        nonlocal asked
        asked += 1
        await go_on.wait()
        return listed or ()

    monkeypatch.setattr(server.link, "receivers", count)
    asking = [asyncio.create_task(ask(client, server.token("ada"))) for _ in range(5)]
    await asyncio.sleep(0)
    go_on.set()
    answers = await asyncio.gather(*asking)
    assert {status for status, _ in answers} == {200}
    assert asked == 1


async def test_pages_of_any_origin_may_ask(aiohttp_client: ClientMaker) -> None:
    client = await aiohttp_client(Server().application)
    answer = await client.options("/api/receivers", headers={"Origin": "https://other.example"})
    assert answer.status == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "authorization" in answer.headers["Access-Control-Allow-Headers"].split(", ")


def test_a_fault_has_a_word_in_the_ledger() -> None:
    for fault in RelayFault:
        assert RelayLossReason(fault.value)
    assert RelayError("x", RelayFault.STRANGE_RECEIVER).fault == "strange_receiver"
