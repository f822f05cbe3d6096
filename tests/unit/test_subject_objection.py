"""`offrecord subject object`, and what the other commands do with rows that are held, beside a server."""

from __future__ import annotations

import json
import time

from server.metadata.holding import Holding
from server.metadata.holds import Criteria
from server.metadata.retention import Retention
from server.metadata.words import HoldReason
from tests.unit.ledger import joined, published
from tests.unit.test_rights import been
from tests.unit.test_subject_command import BY, Office, office

__all__ = ["office"]
BECAUSE = [*BY[:2], "--reason", "objection"]


async def hold(office: Office, identity: str) -> None:
    await office.ledger.flush()
    async with Holding(office.kept.url, Retention(), time.time) as holding:
        await holding.place(Criteria(identity=identity), HoldReason.CLAIM, 90)


async def test_details_go_and_no_more_are_written_by_the_server_beside_it(office: Office) -> None:
    office.ledger.record(joined(9, "carol"))
    office.ledger.record(published(9, "carol"))
    words = ["object", "--identity", "carol", *BECAUSE]
    code, text = await office(*words, "--dry-run")
    assert (code, "1 rows would be erased" in text) == (0, True), text
    code, text = await office(*words, "--json")
    assert code == 0, text
    [outcome] = json.loads(text)["rooms"]
    assert (outcome["rows"], outcome["sessions"]) == ({"track_published": 1}, 1)
    office.ledger.record(published(9, "carol"))
    code, text = await office("export", "--identity", "carol", "--json", *BY)
    [receipt] = json.loads(text)["receipts"]
    assert [one["event"] for one in receipt["kept"]] == ["participant_joined"]
    objected = {"right": "object", "reason": "objection", "rows": 1}
    assert objected in await office.noted()
    code, text = await office(*words)
    assert "no more of that is written" in text
    await office.ledger.close()
    assert published(9).track.encode() not in office.kept.on_disk()


async def test_what_is_held_is_left_and_said(office: Office) -> None:
    """Ada has two rooms; what is about the name is held in both. Bob is not held."""
    await hold(office, "ada-lovelace")
    code, text = await office("erase", "--identity", "ada-lovelace", "--yes", "--json", *BY)
    refused = json.loads(text)["rooms"]
    assert (code, {one["refused"] for one in refused}) == (1, {"legal_hold"})
    assert all(one["until"] for one in refused)
    code, text = await office("correct", "--identity", "ada-lovelace", "--to", "person-7", *BY)
    assert (code, text.count("refused (legal_hold)")) == (1, 2)
    code, text = await office("export", "--identity", "ada-lovelace", "--json", *BY)
    assert [one["held"]["rows"] for one in json.loads(text)["receipts"]] == [2, 2]
    assert "have to stay because of a legal duty" in json.loads(text)["receipts"][0]["says"]
    assert (await office("erase", "--identity", "bob", "--yes", *BY))[0] == 0


async def test_of_what_is_partly_held_the_rest_is_erased(office: Office) -> None:
    began = time.time()
    await office.ledger.flush()
    async with Holding(office.kept.url, Retention(), time.time) as holding:
        period = Criteria(room="garden", since=began - 3600, until=began)
        await holding.place(period, HoldReason.CLAIM, 90)
    await office("export", "--identity", "bob", *BY)
    been(office.ledger, 8, "bob")
    code, text = await office("erase", "--identity", "bob", "--yes", *BY)
    assert code == 0, text
    assert "2 rows erased. 2 rows are held until " in text
