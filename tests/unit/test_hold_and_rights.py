"""While rows are held, nobody has them erased or changed, and whoever asks is told why and until when."""

from __future__ import annotations

from typing import Any

import pytest

from server.guarantee import jws
from server.metadata.backup import back_up
from server.metadata.holding import Holding
from server.metadata.holds import Criteria
from server.metadata.retention import DAY, Retention
from server.metadata.rows.rights import SubjectRequest
from server.metadata.words import HoldReason
from tests.unit.ledger import START, Kept, joined, published
from tests.unit.signaling import ClientMaker
from tests.unit.test_hold import _left
from tests.unit.test_receipt import DAYS, Desk, ask, desk
from tests.unit.test_rights import been, erase, rows
from tests.unit.test_rights_correct import correct
from tests.unit.test_rights_objection import objects

__all__ = ["desk"]

UNTIL = "2024-02-12T22:13:20Z"  # 90 days after START


async def hold(desk: Desk, kept: Kept, criteria: Criteria, days: int = 90) -> int:
    await desk.ledger.flush()
    async with Holding(kept.url, Retention(), desk.time) as holding:
        return (await holding.place(criteria, HoldReason.CLAIM, days)).number


async def lift(desk: Desk, kept: Kept, number: int) -> None:
    async with Holding(kept.url, Retention(), desk.time) as holding:
        await holding.lift(number)


async def noted(desk: Desk, kept: Kept) -> list[tuple[str, int, str]]:
    await desk.ledger.flush()
    found = [one.event for one in await rows(kept.url, desk.time)]
    return [(one.right, one.rows, one.answer) for one in found if isinstance(one, SubjectRequest)]


async def test_what_is_held_is_not_erased_and_the_rest_is(
    desk: Desk, kept: Kept, aiohttp_client: ClientMaker
) -> None:
    """The hold is about a period, and about Ada's first session alone."""
    client = await aiohttp_client(desk.application)
    been(desk.ledger, 1, "ada")
    await desk.ledger.flush()
    desk.time.now += DAY
    been(desk.ledger, 2, "ada")
    await hold(desk, kept, Criteria(since=START - 1, until=START + 1))
    status, answer = await erase(client, desk.token())
    told = answer["erasure"]
    assert (status, told["erased"]) == (200, {"participant_joined": 1, "participant_left": 1})
    until = "2024-02-13T22:13:20Z"
    assert told["left"] == [{"code": "legal_hold", "rows": 2, "until": until}]
    assert (
        "2 of its rows have to stay because of a legal duty or a legal claim, until 2024-02-13"
        in told["says"]
    )
    _, receipt = await ask(client, desk.token())
    assert {one["fields"]["participant"] for one in receipt["receipt"]["kept"]} == {joined(1).participant}
    status, answer = await erase(client, desk.token())
    assert (status, answer["code"], answer["until"]) == (409, "legal_hold", until)
    assert "until 2024-02-13" in answer["error"]
    assert await noted(desk, kept) == [
        ("erase", 2, "done"),
        ("erase", 2, "legal_hold"),
        ("erase", 0, "legal_hold"),
    ]


async def test_once_it_is_lifted_all_of_it_can_be_erased(
    desk: Desk, kept: Kept, aiohttp_client: ClientMaker
) -> None:
    client = await aiohttp_client(desk.application)
    been(desk.ledger, 1, "ada-lovelace")
    number = await hold(desk, kept, Criteria(identity="ada-lovelace"))
    assert (await erase(client, desk.token("ada-lovelace")))[0] == 409
    await lift(desk, kept, number)
    assert (await erase(client, desk.token("ada-lovelace")))[0] == 200
    await desk.ledger.sweep()
    await desk.ledger.close()
    assert b"ada-lovelace" not in kept.on_disk()


async def test_a_receipt_says_so_and_is_asked_for_again_as_long_as_anything_stays(
    desk: Desk, kept: Kept, aiohttp_client: ClientMaker
) -> None:
    client = await aiohttp_client(desk.application)
    been(desk.ledger, 1, "ada")
    await hold(desk, kept, Criteria(identity="ada"))
    _, answer = await ask(client, desk.token())
    receipt = answer["receipt"]
    assert receipt["held"] == {"rows": 2, "expired": 0, "until": UNTIL}
    assert [one["deleted_at"] for one in receipt["kept"]] == [UNTIL] * 2
    assert receipt["valid_until"] == UNTIL
    assert (
        "2 entries have to stay because of a legal duty or a legal claim, until 2024-02-12" in receipt["says"]
    )
    claims = jws.decode(answer["jws"], desk.signer.jwks(), typ="offrecord-receipt+jws")
    assert claims["exp"] == int(START + 90 * DAY)
    desk.time.now = START + (DAYS + 40) * DAY
    status, later = await ask(client, answer["token"])
    assert (status, later["receipt"]["kept"]) == (200, [])
    assert later["receipt"]["held"] == {"rows": 2, "expired": 2, "until": UNTIL}
    assert later["receipt"]["says"].startswith("There is nothing else")
    assert "so far 2" in later["receipt"]["says"]
    desk.time.now = START + 90 * DAY + 120
    assert (await ask(client, answer["token"]))[0] == 401


async def test_what_is_held_is_not_corrected_in_halves(
    desk: Desk, kept: Kept, aiohttp_client: ClientMaker
) -> None:
    client = await aiohttp_client(desk.application)
    been(desk.ledger, 1, "ada")
    await desk.ledger.flush()
    desk.time.now += DAY
    been(desk.ledger, 2, "ada")
    await hold(desk, kept, Criteria(since=START - 1, until=START + 1))
    status, answer = await correct(client, desk.token(), "Countess")
    assert (status, answer["code"]) == (409, "legal_hold")
    _, receipt = await ask(client, desk.token())
    assert len(receipt["receipt"]["kept"]) == 4
    assert await noted(desk, kept) == [("correct", 0, "legal_hold")]


async def test_an_objection_reaches_what_is_not_held_and_what_is_to_come(
    desk: Desk, kept: Kept, aiohttp_client: ClientMaker
) -> None:
    client = await aiohttp_client(desk.application)
    desk.ledger.record(joined(1))
    desk.ledger.record(published(1))
    await hold(desk, kept, Criteria(identity="ada"))
    status, answer = await objects(client, desk.token())
    told = answer["objection"]
    assert (status, told["erased"], told["sessions"]) == (200, {}, 1)
    assert [one["code"] for one in told["left"]] == ["legal_hold"]
    desk.ledger.record(published(1))
    desk.ledger.record(_left(1, "ada"))
    _, receipt = await ask(client, desk.token())
    kinds = [one["event"] for one in receipt["receipt"]["kept"]]
    assert kinds == ["participant_joined", "track_published", "participant_left"]
    status, answer = await objects(client, desk.token())
    assert (status, answer["code"]) == (409, "legal_hold")


@pytest.mark.parametrize("who", ["bob", "nobody"])
async def test_others_are_not_told_of_it(
    desk: Desk, kept: Kept, aiohttp_client: ClientMaker, who: str
) -> None:
    client = await aiohttp_client(desk.application)
    been(desk.ledger, 1, "ada")
    been(desk.ledger, 2, "bob")
    await hold(desk, kept, Criteria(identity="ada"))
    _, answer = await ask(client, desk.token(who))
    assert answer["receipt"]["held"] is None
    assert (await erase(client, desk.token(who)))[1]["erasure"]["left"] == []
    assert "legal" not in str(answer["receipt"]["says"])


async def test_a_copy_keeps_what_is_held_and_no_hold_that_is_over(
    desk: Desk, tmp_path: Any, aiohttp_client: ClientMaker, kept: Kept
) -> None:
    if not kept.url.startswith("sqlite"):
        pytest.skip("PostgreSQL has its own program for copies")
    been(desk.ledger, 1, "ada-lovelace")
    been(desk.ledger, 2, "bob-the-builder")
    been(desk.ledger, 3, "carol")
    await hold(desk, kept, Criteria(identity="ada-lovelace"))
    await lift(desk, kept, await hold(desk, kept, Criteria(identity="secret-agent")))
    desk.time.now += 40 * DAY
    copy = tmp_path / "copy.db"
    back_up(kept.url, copy, desk.time.now)
    assert b"ada-lovelace" in copy.read_bytes()
    for gone in (b"bob-the-builder", b"secret-agent"):
        assert gone not in copy.read_bytes()
    async with Holding(f"sqlite:///{copy}", Retention(), desk.time) as holding:
        assert [one.rows for one in await holding.active()] == [2]
