"""`DELETE /api/receipt`: all that is held about who asks is gone, from the disk too; nobody else's is."""

from __future__ import annotations

from typing import Any

import pytest

from server.api.rights import ERASURE_TYPE, PER_MINUTE
from server.guarantee import jws
from server.metadata.query import Query
from server.metadata.rows.rights import SubjectRequest
from server.metadata.rows.sessions import ParticipantJoined, ParticipantLeft
from server.metadata.sessions import KeptEvent, Reader
from server.metadata.store import Ledger
from server.metadata.words import LeaveReason
from tests.unit.ledger import Kept, joined
from tests.unit.signaling import ClientMaker
from tests.unit.test_receipt import Desk, ask, desk

__all__ = ["desk"]


async def erase(client: Any, token: str, path: str = "/api/receipt") -> tuple[int, dict[str, Any]]:
    answer = await client.delete(path, headers={"Authorization": f"Bearer {token}"})
    return answer.status, await answer.json()


def been(ledger: Ledger, number: int, identity: str, room: str = "garden") -> None:
    """A session that is over."""
    one = joined(number, identity, room)
    ledger.record(one)
    ledger.record(
        ParticipantLeft(
            room=room,
            identity=identity,
            participant=one.participant,
            reason=LeaveReason.CLIENT_LEFT,
            milliseconds=1000,
        )
    )


async def rows(url: str, time: Any) -> list[KeptEvent]:
    reader = Reader(url, clock=time)
    try:
        return [one async for one in reader.events(Query())]
    finally:
        await reader.aclose()


async def test_it_is_gone_from_the_disk_and_what_is_about_others_stays(
    desk: Desk, kept: Kept, aiohttp_client: ClientMaker
) -> None:
    client = await aiohttp_client(desk.application)
    for number in range(0, 300, 3):
        been(desk.ledger, number, "ada-lovelace")
        been(desk.ledger, number + 1, "bob")
        been(desk.ledger, number + 2, "ada-lovelace", "attic")
    status, answer = await erase(client, desk.token("ada-lovelace"))
    assert status == 200
    told = answer["erasure"]
    assert told["erased"] == {"participant_joined": 100, "participant_left": 100}
    assert (told["room"], told["identity"], told["left"]) == ("garden", "ada-lovelace", [])
    assert (told["overwritten"], told["erased_at"]) == (True, "2023-11-14T22:13:20Z")
    left = [one.event for one in await rows(kept.url, desk.time)]
    whose = [(one.room, one.identity) for one in left if isinstance(one, ParticipantJoined | ParticipantLeft)]
    assert whose.count(("garden", "bob")) == whose.count(("attic", "ada-lovelace")) == 200
    assert len(whose) == 400
    status, answer = await erase(client, desk.token("ada-lovelace", "attic"))
    assert (status, answer["erasure"]["erased"]["participant_joined"]) == (200, 100)
    await desk.ledger.close()
    disk = kept.on_disk()
    assert b"ada-lovelace" not in disk
    assert b"bob" in disk


async def test_that_it_was_asked_for_is_kept_without_whose_it_was(
    desk: Desk, kept: Kept, aiohttp_client: ClientMaker
) -> None:
    client = await aiohttp_client(desk.application)
    been(desk.ledger, 1, "ada")
    await erase(client, desk.token())
    await erase(client, desk.token())
    await desk.ledger.flush()
    [noted] = [one.event for one in await rows(kept.url, desk.time)]
    assert isinstance(noted, SubjectRequest)
    assert (noted.right, noted.rows) == ("erase", 2)


async def test_the_receipt_of_it_is_signed(desk: Desk, aiohttp_client: ClientMaker) -> None:
    client = await aiohttp_client(desk.application)
    been(desk.ledger, 1, "ada")
    _, answer = await erase(client, desk.token())
    claims = jws.decode(answer["jws"], desk.signer.jwks(), typ=ERASURE_TYPE)
    assert claims.pop("iat") == int(desk.time.now)
    assert claims == answer["erasure"]


async def test_a_session_that_goes_on_is_not_torn(desk: Desk, aiohttp_client: ClientMaker) -> None:
    client = await aiohttp_client(desk.application)
    desk.ledger.record(joined(2))
    status, answer = await erase(client, desk.token())
    assert (status, answer["code"]) == (409, "session_open")
    assert "leave the call" in answer["error"]
    been(desk.ledger, 1, "ada")
    status, answer = await erase(client, desk.token())
    assert (status, answer["erasure"]["left"]) == (200, [{"code": "session_open", "rows": 1, "until": None}])
    assert answer["erasure"]["erased"] == {"participant_joined": 1, "participant_left": 1}
    assert "still going on" in answer["erasure"]["says"]
    _, receipt = await ask(client, desk.token())
    assert [one["fields"]["participant"] for one in receipt["receipt"]["kept"]] == [joined(2).participant]


async def test_the_receipts_own_token_erases_and_a_second_time_there_is_nothing(
    desk: Desk, aiohttp_client: ClientMaker
) -> None:
    client = await aiohttp_client(desk.application)
    been(desk.ledger, 1, "ada")
    _, receipt = await ask(client, desk.token(life=60))
    desk.time.now += 3600
    assert (await erase(client, receipt["token"]))[1]["erasure"]["erased"]["participant_joined"] == 1
    status, again = await erase(client, receipt["token"])
    assert (status, again["erasure"]["erased"]) == (200, {})
    assert "held nothing" in again["erasure"]["says"]
    _, receipt = await ask(client, receipt["token"])
    assert receipt["receipt"]["kept"] == []


async def test_who_has_no_token_for_it_erases_nothing(desk: Desk, aiohttp_client: ClientMaker) -> None:
    client = await aiohttp_client(desk.application)
    been(desk.ledger, 1, "ada")
    _, receipt = await ask(client, desk.token())
    for token in ("", "a.b.c", desk.token(secret="t" * 32), desk.token(room_join=False), receipt["jws"]):
        status, answer = await erase(client, token)
        assert status == 401, token
        assert (set(answer), answer["code"]) == ({"error", "code"}, "token")
    for elsewhere in (desk.token(room="attic"), desk.token("bob"), desk.token("ada%"), desk.token("Ada")):
        status, answer = await erase(client, elsewhere)
        assert (status, answer["erasure"]["erased"]) == (200, {})
    assert (await client.delete("/api/receipt?publish=x", headers={})).status == 401
    _, after = await ask(client, desk.token())
    assert after["receipt"]["kept"] == receipt["receipt"]["kept"]


async def test_pages_of_other_origins_may_ask(desk: Desk, aiohttp_client: ClientMaker) -> None:
    client = await aiohttp_client(desk.application)
    asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "DELETE"}
    answer = await client.options("/api/receipt", headers=asked)
    assert "DELETE" in answer.headers["Access-Control-Allow-Methods"]
    answer = await client.delete("/api/receipt", headers={"Authorization": f"Bearer {desk.token()}"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


async def test_one_address_asks_only_so_often(desk: Desk, aiohttp_client: ClientMaker) -> None:
    client = await aiohttp_client(desk.application)
    answers = [await erase(client, desk.token()) for _ in range(PER_MINUTE + 1)]
    assert [status for status, _ in answers] == [200] * PER_MINUTE + [429]
    assert answers[-1][1]["code"] == "too_many"


async def test_a_ledger_that_cannot_be_written_is_told(
    desk: Desk, kept: Kept, aiohttp_client: ClientMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await aiohttp_client(desk.application)
    been(desk.ledger, 1, "ada")
    await desk.ledger.flush()

    async def away(*_: object) -> None:
        raise OSError("away")

    monkeypatch.setattr("server.metadata.erasure.erase", away)
    status, answer = await erase(client, desk.token())
    assert (status, answer["code"], set(answer)) == (503, "ledger_away", {"error", "code"})


async def test_bytes_that_wait_to_be_overwritten_are_told_and_the_next_sweep_takes_them(
    desk: Desk, kept: Kept, aiohttp_client: ClientMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await aiohttp_client(desk.application)
    been(desk.ledger, 1, "ada-lovelace")

    async def busy(*_: object) -> None:
        raise OSError("busy")

    with monkeypatch.context() as patched:
        patched.setattr("server.metadata.requests.rewrite", busy)
        status, answer = await erase(client, desk.token("ada-lovelace"))
    assert (status, answer["erasure"]["overwritten"]) == (200, False)
    assert "within the hour" in answer["erasure"]["says"]
    await desk.ledger.sweep()
    await desk.ledger.close()
    assert b"ada-lovelace" not in kept.on_disk()
