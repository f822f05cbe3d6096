"""`POST /api/receipt/objection`: details go, and no more are written of a session that goes on."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

from server.api.rights import OBJECTION_TYPE, PER_MINUTE
from server.guarantee import jws
from server.metadata import database, objecting
from server.metadata.database import objections
from server.metadata.event import EVENT_TYPES, expiry_of
from server.metadata.objecting import DETAILS
from server.metadata.retention import Retention
from server.metadata.rows.addresses import ParticipantAddress
from server.metadata.rows.rights import SubjectRequest
from server.metadata.rows.sessions import ParticipantJoined
from server.metadata.store import Ledger
from tests.unit.ledger import Kept, joined, published
from tests.unit.signaling import ClientMaker
from tests.unit.test_hold import _left
from tests.unit.test_receipt import Desk, ask, desk
from tests.unit.test_rights import been, rows

__all__ = ["desk"]


async def objects(client: Any, token: str) -> tuple[int, dict[str, Any]]:
    answer = await client.post("/api/receipt/objection", headers={"Authorization": f"Bearer {token}"})
    return answer.status, await answer.json()


async def kinds(desk: Desk, kept: Kept, identity: str = "ada") -> list[str]:
    """Of the rows about somebody, in the order of writing."""
    await desk.ledger.flush()
    found = [one.event for one in await rows(kept.url, desk.time)]
    return [type(one).__name__ for one in found if getattr(one, "identity", "") == identity]


async def noted(url: str) -> int:
    """How many sessions are noted as those of somebody who objected."""
    engine = database.reading_engine(url)
    async with engine.connect() as connection:
        found = int(await connection.scalar(select(func.count()).select_from(objections)) or 0)
    await engine.dispose()
    return found


def test_details_are_what_is_declared_so() -> None:
    assert {"track_published", "track_unpublished", "participant_address"} <= DETAILS
    for kind in EVENT_TYPES:
        assert (kind.__struct_config__.tag in DETAILS) == (expiry_of(kind).value == "detail_days")


async def test_details_are_gone_from_the_disk_and_that_somebody_was_there_stays(
    desk: Desk, kept: Kept, aiohttp_client: ClientMaker
) -> None:
    client = await aiohttp_client(desk.application)
    address = ParticipantAddress(
        room="garden", identity="ada", participant=joined(1).participant, network="0123456789abcdef" * 2
    )
    for event in (joined(1), published(1), address, _left(1, "ada"), published(2, "bob")):
        desk.ledger.record(event)
    status, answer = await objects(client, desk.token())
    assert status == 200, answer
    told = answer["objection"]
    assert told["erased"] == {"participant_address": 1, "track_published": 1}
    assert (told["sessions"], told["left"], told["overwritten"]) == (0, [], True)
    assert "stays until it expires" in told["says"]
    assert await kinds(desk, kept) == ["ParticipantJoined", "ParticipantLeft"]
    assert await kinds(desk, kept, "bob") == ["TrackPublished"]
    await desk.ledger.close()
    disk = kept.on_disk()
    assert published(1).track.encode() not in disk
    assert b"0123456789abcdef" * 2 not in disk
    assert published(2).track.encode() in disk


async def test_no_more_are_written_until_the_session_ends(
    desk: Desk, kept: Kept, aiohttp_client: ClientMaker
) -> None:
    client = await aiohttp_client(desk.application)
    desk.ledger.record(joined(1))
    desk.ledger.record(published(1))
    status, answer = await objects(client, desk.token())
    assert (status, answer["objection"]["sessions"]) == (200, 1)
    assert "no more of that is written" in answer["objection"]["says"]
    desk.ledger.record(published(1))
    desk.ledger.record(published(3, "bob"))
    assert await kinds(desk, kept) == ["ParticipantJoined"]
    assert await kinds(desk, kept, "bob") == ["TrackPublished"]
    assert await noted(kept.url) == 1
    desk.ledger.record(_left(1, "ada"))
    desk.ledger.record(joined(2))
    desk.ledger.record(published(2))
    after = ["ParticipantJoined", "ParticipantLeft", "ParticipantJoined", "TrackPublished"]
    assert await kinds(desk, kept) == after
    assert await noted(kept.url) == 0
    assert desk.ledger.dropped == desk.ledger.refused == 0


async def test_nothing_of_it_is_left_when_all_is_erased(
    desk: Desk, kept: Kept, aiohttp_client: ClientMaker
) -> None:
    client = await aiohttp_client(desk.application)
    desk.ledger.record(joined(1))
    await objects(client, desk.token())
    desk.ledger.record(_left(1, "ada"))
    await client.delete("/api/receipt", headers={"Authorization": f"Bearer {desk.token()}"})
    await desk.ledger.close()
    assert joined(1).participant.encode() not in kept.on_disk()


async def test_it_is_forgotten_with_the_server_whose_sessions_they_were(
    desk: Desk, kept: Kept, aiohttp_client: ClientMaker
) -> None:
    client = await aiohttp_client(desk.application)
    desk.ledger.record(joined(1))
    await objects(client, desk.token())
    assert await noted(kept.url) == 1
    await desk.ledger.close()
    ledger = await Ledger.open(kept.url, Retention(), clock=desk.time)
    assert await noted(kept.url) == 0
    await ledger.close()


async def test_the_receipt_of_it_is_signed_and_it_is_kept_without_whose_it_was(
    desk: Desk, kept: Kept, aiohttp_client: ClientMaker
) -> None:
    client = await aiohttp_client(desk.application)
    desk.ledger.record(published(1))
    _, answer = await objects(client, desk.token())
    claims = jws.decode(answer["jws"], desk.signer.jwks(), typ=OBJECTION_TYPE)
    assert claims.pop("iat") == int(desk.time.now)
    assert claims == answer["objection"]
    _, answer = await objects(client, desk.token())
    assert answer["objection"]["erased"] == {}
    assert "held nothing about you moment by moment" in answer["objection"]["says"]
    await desk.ledger.flush()
    found = [one.event for one in await rows(kept.url, desk.time) if isinstance(one.event, SubjectRequest)]
    assert [(one.right, one.reason, one.rows, one.answer) for one in found] == [
        ("object", "objection", 1, "done"),
        ("object", "objection", 0, "done"),
    ]


async def test_who_has_no_token_for_it_objects_to_nothing(
    desk: Desk, kept: Kept, aiohttp_client: ClientMaker
) -> None:
    client = await aiohttp_client(desk.application)
    desk.ledger.record(joined(1))
    desk.ledger.record(published(1))
    for token in ("", "a.b.c", desk.token(secret="t" * 32), desk.token(room_join=False)):
        status, answer = await objects(client, token)
        assert (status, answer["code"]) == (401, "token")
    for elsewhere in (desk.token(room="attic"), desk.token("bob"), desk.token("ada%")):
        assert (await objects(client, elsewhere))[1]["objection"]["erased"] == {}
    assert await kinds(desk, kept) == ["ParticipantJoined", "TrackPublished"]
    assert await noted(kept.url) == 0


async def test_pages_of_other_origins_may_ask_and_one_address_only_so_often(
    desk: Desk, aiohttp_client: ClientMaker
) -> None:
    client = await aiohttp_client(desk.application)
    answer = await client.options("/api/receipt/objection", headers={"Origin": "https://app.example"})
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    found = [await objects(client, desk.token()) for _ in range(PER_MINUTE + 1)]
    assert [status for status, _ in found] == [200] * PER_MINUTE + [429]


async def test_the_body_is_not_read(desk: Desk, aiohttp_client: ClientMaker) -> None:
    client = await aiohttp_client(desk.application)
    headers = {"Authorization": f"Bearer {desk.token()}"}
    answer = await client.post("/api/receipt/objection", data=b"[" * 10_000, headers=headers)
    assert answer.status == 200


async def test_beside_a_server_that_writes_none_slips_through(kept: Kept, desk: Desk) -> None:
    """Written in one task and objected to in another, by a connection of its own as a command has it."""
    desk.ledger.record(joined(1))
    await desk.ledger.flush()
    engine = database.tending_engine(kept.url)
    rounds, enough = 0, asyncio.Event()

    async def write() -> None:
        nonlocal rounds
        while not enough.is_set():
            for _ in range(10):
                desk.ledger.record(published(1))
                desk.ledger.record(published(2, "bob"))
            await desk.ledger.flush()
            rounds += 1

    async def until(count: int) -> None:
        while rounds < count:
            await asyncio.sleep(0.001)

    writing = asyncio.create_task(write())
    await until(3)
    changed = await objecting.object_to_details(engine, "garden", "ada", desk.time())
    await until(rounds + 3)
    enough.set()
    await writing
    await engine.dispose()
    assert changed.objected == 1
    assert changed.rows["track_published"] >= 30
    assert (await kinds(desk, kept)).count("TrackPublished") == 0
    assert (await kinds(desk, kept, "bob")).count("TrackPublished") == rounds * 10


@pytest.mark.parametrize("dry_run", [True, False])
async def test_an_operator_objects_for_somebody_beside_the_server(
    kept: Kept, desk: Desk, dry_run: bool
) -> None:
    desk.ledger.record(joined(1))
    desk.ledger.record(published(1))
    been(desk.ledger, 2, "bob")
    await desk.ledger.flush()
    engine = database.tending_engine(kept.url)
    changed = await objecting.object_to_details(engine, "garden", "ada", desk.time(), dry_run=dry_run)
    await engine.dispose()
    assert (changed.rows, changed.objected) == ({"track_published": 1}, 1)
    desk.ledger.record(published(1))
    expected = ["ParticipantJoined"] + ["TrackPublished"] * (2 if dry_run else 0)
    assert await kinds(desk, kept) == expected
    [mine] = [one for one in await rows(kept.url, desk.time) if one.event == joined(1)]
    assert isinstance(mine.event, ParticipantJoined)


async def test_see_correct_object_and_erase_one_after_the_other(
    desk: Desk, kept: Kept, aiohttp_client: ClientMaker
) -> None:
    client = await aiohttp_client(desk.application)
    for event in (joined(1, "ada-lovelace"), published(1, "ada-lovelace"), _left(1, "ada-lovelace")):
        desk.ledger.record(event)
    _, receipt = await ask(client, desk.token("ada-lovelace"))
    assert len(receipt["receipt"]["kept"]) == 3
    headers = {"Authorization": f"Bearer {receipt['token']}"}
    corrected = await (await client.patch("/api/receipt", json={"name": "Countess"}, headers=headers)).json()
    _, objected = await objects(client, corrected["token"])
    assert objected["objection"]["erased"] == {"track_published": 1}
    headers = {"Authorization": f"Bearer {corrected['token']}"}
    erased = await (await client.delete("/api/receipt", headers=headers)).json()
    assert erased["erasure"]["erased"] == {"participant_joined": 1, "participant_left": 1}
    await desk.ledger.close()
    disk = kept.on_disk()
    for name in (b"ada-lovelace", b"Countess", joined(1).participant.encode(), published(1).track.encode()):
        assert name not in disk
