"""`PATCH /api/receipt`: all that is held about who asks gets a name that is marked as their own choice."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from server.api.rights import CORRECTION_TYPE, MAX_BODY_BYTES, PER_MINUTE
from server.guarantee import jws
from server.metadata.database import events
from server.metadata.rows.rights import SubjectRequest
from server.metadata.rows.sessions import ParticipantJoined, ParticipantLeft
from tests.unit.ledger import Kept, joined
from tests.unit.signaling import ClientMaker
from tests.unit.test_receipt import Desk, ask, desk
from tests.unit.test_rights import been, erase, rows

__all__ = ["desk"]


async def correct(client: Any, token: str, body: object) -> tuple[int, dict[str, Any]]:
    """`body` is a name, or bytes that are sent as they are."""
    raw = body if isinstance(body, bytes) else json.dumps({"name": body}).encode()
    answer = await client.patch("/api/receipt", data=raw, headers={"Authorization": f"Bearer {token}"})
    return answer.status, await answer.json()


async def names(desk: Desk, kept: Kept) -> list[str]:
    """Whose the rows of sessions are."""
    await desk.ledger.flush()
    found = [one.event for one in await rows(kept.url, desk.time)]
    return sorted({one.identity for one in found if isinstance(one, ParticipantJoined | ParticipantLeft)})


async def test_the_old_name_is_gone_from_the_disk_and_the_new_one_is_marked(
    desk: Desk, kept: Kept, aiohttp_client: ClientMaker
) -> None:
    client = await aiohttp_client(desk.application)
    for number in range(0, 300, 2):
        been(desk.ledger, number, "ada-lovelace")
        been(desk.ledger, number + 1, "bob")
    status, answer = await correct(client, desk.token("ada-lovelace"), "Countess  Ada\n")
    assert status == 200, answer
    told = answer["correction"]
    assert told["corrected"] == {"participant_joined": 150, "participant_left": 150}
    assert (told["identity"], told["new_identity"]) == ("ada-lovelace", "~Countess Ada")
    assert (told["left"], told["overwritten"]) == ([], True)
    assert "chose it yourself" in told["says"]
    assert await names(desk, kept) == ["bob", "~Countess Ada"]
    await desk.ledger.close()
    assert b"ada-lovelace" not in kept.on_disk()


async def test_the_receipt_of_it_is_signed_and_its_token_opens_the_rows_under_the_new_name(
    desk: Desk, aiohttp_client: ClientMaker
) -> None:
    client = await aiohttp_client(desk.application)
    been(desk.ledger, 1, "ada")
    _, answer = await correct(client, desk.token(), "Countess")
    claims = jws.decode(answer["jws"], desk.signer.jwks(), typ=CORRECTION_TYPE)
    assert claims.pop("iat") == int(desk.time.now)
    assert claims == answer["correction"]
    _, before = await ask(client, desk.token())
    assert before["receipt"]["kept"] == []
    _, after = await ask(client, answer["token"])
    assert (after["receipt"]["identity"], len(after["receipt"]["kept"])) == ("~Countess", 2)
    status, again = await correct(client, answer["token"], "Ada, Countess of Lovelace")
    assert (status, again["correction"]["new_identity"]) == (200, "~Ada, Countess of Lovelace")
    status, gone = await erase(client, again["token"])
    assert (status, gone["erasure"]["erased"]) == (200, {"participant_joined": 1, "participant_left": 1})


async def test_that_it_was_asked_for_is_kept_without_whose_it_was(
    desk: Desk, kept: Kept, aiohttp_client: ClientMaker
) -> None:
    client = await aiohttp_client(desk.application)
    been(desk.ledger, 1, "ada")
    await correct(client, desk.token(), "Countess")
    await desk.ledger.flush()
    noted = [one.event for one in await rows(kept.url, desk.time) if isinstance(one.event, SubjectRequest)]
    assert [(one.right, one.reason, one.rows) for one in noted] == [("correct", "own_request", 2)]


async def test_nobody_takes_a_name_that_is_kept(desk: Desk, kept: Kept, aiohttp_client: ClientMaker) -> None:
    """In no room: a name of the ledger stays one person's."""
    client = await aiohttp_client(desk.application)
    for number, (who, room) in enumerate([("ada", "garden"), ("bob", "garden"), ("carol", "attic")]):
        been(desk.ledger, number, who, room)
    assert (await correct(client, desk.token("carol", "attic"), "Countess"))[0] == 200
    assert (await correct(client, desk.token(), "bob"))[1]["correction"]["new_identity"] == "~bob"
    for taken in ("Countess", "bob"):
        status, answer = await correct(client, desk.token("bob"), taken)
        assert (status, answer["code"]) == (409, "name_taken")
    assert await names(desk, kept) == ["bob", "~Countess", "~bob"]


async def test_no_token_that_an_app_makes_has_a_marked_name(desk: Desk, aiohttp_client: ClientMaker) -> None:
    client = await aiohttp_client(desk.application)
    been(desk.ledger, 1, "ada")
    await correct(client, desk.token(), "Countess")
    status, answer = await ask(client, desk.token("~Countess"))
    assert (status, answer["code"]) == (400, "token")


async def test_of_two_who_choose_the_same_name_one_gets_it(
    desk: Desk, kept: Kept, aiohttp_client: ClientMaker
) -> None:
    client = await aiohttp_client(desk.application)
    been(desk.ledger, 1, "ada")
    been(desk.ledger, 2, "bob")
    both = await asyncio.gather(
        correct(client, desk.token("ada"), "Countess"), correct(client, desk.token("bob"), "Countess")
    )
    assert sorted(status for status, _ in both) == [200, 409]
    assert len(await names(desk, kept)) == 2


@pytest.mark.parametrize(
    "name", ["", " \n\t ", "\u200b\u202e", "\x00"], ids=["empty", "spaces", "unseen", "nul"]
)
async def test_a_name_must_be_one(desk: Desk, aiohttp_client: ClientMaker, name: str) -> None:
    client = await aiohttp_client(desk.application)
    been(desk.ledger, 1, "ada")
    status, answer = await correct(client, desk.token(), name)
    assert (status, answer["code"]) == (409, "name_unfit")


async def test_a_session_that_goes_on_is_not_torn(desk: Desk, aiohttp_client: ClientMaker) -> None:
    client = await aiohttp_client(desk.application)
    status, answer = await correct(client, desk.token(), "Countess")
    assert (status, answer["code"]) == (409, "nothing_kept")
    desk.ledger.record(joined(2))
    status, answer = await correct(client, desk.token(), "Countess")
    assert (status, answer["code"]) == (409, "session_open")
    been(desk.ledger, 1, "ada")
    status, answer = await correct(client, desk.token(), "Countess")
    assert (status, answer["correction"]["left"]) == (
        200,
        [{"code": "session_open", "rows": 1, "until": None}],
    )
    assert "still going on" in answer["correction"]["says"]


async def test_who_has_no_token_for_it_corrects_nothing(
    desk: Desk, kept: Kept, aiohttp_client: ClientMaker
) -> None:
    client = await aiohttp_client(desk.application)
    been(desk.ledger, 1, "ada")
    for token in ("", "a.b.c", desk.token(secret="t" * 32), desk.token(room_join=False)):
        status, answer = await correct(client, token, "Countess")
        assert (status, answer["code"]) == (401, "token")
    for elsewhere in (desk.token(room="attic"), desk.token("bob"), desk.token("ada%"), desk.token("Ada")):
        assert (await correct(client, elsewhere, "Countess"))[1]["code"] == "nothing_kept"
    assert await names(desk, kept) == ["ada"]


async def test_pages_of_other_origins_may_ask(desk: Desk, aiohttp_client: ClientMaker) -> None:
    client = await aiohttp_client(desk.application)
    answer = await client.options("/api/receipt", headers={"Origin": "https://app.example"})
    assert "PATCH" in answer.headers["Access-Control-Allow-Methods"]
    assert "content-type" in answer.headers["Access-Control-Allow-Headers"]


async def test_one_address_asks_only_so_often(desk: Desk, aiohttp_client: ClientMaker) -> None:
    """Corrections and erasures are counted together."""
    client = await aiohttp_client(desk.application)
    for _ in range(PER_MINUTE // 2):
        await correct(client, desk.token(), "Countess")
        await erase(client, desk.token())
    assert (await correct(client, desk.token(), "Countess"))[1]["code"] == "too_many"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "bad_request"),
        (b"null", 400, "bad_request"),
        (b'{"name": null}', 400, "bad_request"),
        (b'{"name": ["Countess"]}', 400, "bad_request"),
        (b'{"name": "\xff"}', 400, "bad_request"),
        (b'{"name": "\\ud800"}', 400, "bad_request"),
        (b"[" * MAX_BODY_BYTES, 400, "bad_request"),
        (b'{"name": "' + b"x" * MAX_BODY_BYTES + b'"}', 413, "too_long"),
    ],
)
async def test_what_cannot_be_read_is_refused(
    desk: Desk, aiohttp_client: ClientMaker, body: bytes, status: int, code: str
) -> None:
    client = await aiohttp_client(desk.application)
    been(desk.ledger, 1, "ada")
    found, answer = await correct(client, desk.token(), body)
    assert (found, answer["code"]) == (status, code)


async def test_whatever_is_sent_is_answered_and_a_name_that_is_kept_is_bounded_and_visible(
    desk: Desk, aiohttp_client: ClientMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await aiohttp_client(desk.application)
    monkeypatch.setattr("server.api.rate_limit.RateLimit.allows", lambda *_: True)

    async def skipped(*_: object) -> None:
        """Writing the file anew after each would take long and is tested elsewhere."""

    monkeypatch.setattr("server.metadata.requests.rewrite", skipped)
    loop = asyncio.get_running_loop()
    been(desk.ledger, 1, "ada")
    token = desk.token()

    async def once(body: bytes) -> None:
        nonlocal token
        status, answer = await correct(client, token, body)
        assert status in (200, 400, 409, 413), answer
        if status == 200:
            token, name = answer["token"], answer["correction"]["new_identity"]
            assert name.startswith("~")
            assert name[1:].strip() == name[1:]
            assert name.isprintable()
            assert 2 <= len(name) <= 65
            async with desk.ledger._engine.connect() as connection:
                whose = await connection.scalars(
                    select(events.c.identity).distinct().where(events.c.identity.is_not(None))
                )
                assert list(whose) == [name]
        else:
            assert set(answer) == {"error", "code"}

    bodies = st.one_of(
        st.binary(max_size=200),
        st.text(max_size=300).map(lambda name: json.dumps({"name": name}).encode()),
        st.recursive(st.none() | st.text(), lambda inner: st.dictionaries(st.just("name"), inner)).map(
            lambda value: json.dumps(value).encode()
        ),
    )

    @settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
    @given(bodies)
    def all_of_them(body: bytes) -> None:
        asyncio.run_coroutine_threadsafe(once(body), loop).result(10)

    await asyncio.to_thread(all_of_them)
