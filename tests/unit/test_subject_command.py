"""`offrecord subject`: an operator answers a request beside a running server; whose it was is not noted."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from server.access.log import AccessLog
from server.cli import app
from server.metadata.rows.rights import SubjectRequest
from server.metadata.store import Ledger
from tests.unit.ledger import Kept, joined
from tests.unit.test_rights import been, rows

BY = ["--operator", "grace", "--reason", "own_request"]


class Office:
    """A ledger with a server that writes it, and the command beside it."""

    def __init__(self, kept: Kept, directory: Path, ledger: Ledger) -> None:
        self.kept = kept
        self.ledger = ledger
        self.directory = directory
        self._config = directory / "elsewhere.toml"
        self._config.write_text(
            f'[metadata]\nurl = "{kept.url}"\naccess_log = "{directory}/access"\n'
            f'[guarantee]\nsigning_key = "{directory}/key.pem"\n'
        )

    async def __call__(self, *words: str, typed: str = "") -> tuple[int, str]:
        await self.ledger.flush()
        full = ["subject", *words, "--config", str(self._config)]
        result = await asyncio.to_thread(CliRunner().invoke, app, full, input=typed)
        failed = result.exception is not None and not isinstance(result.exception, SystemExit)
        return (2, str(result.exception)) if failed else (result.exit_code, result.output)

    async def noted(self) -> list[dict[str, Any]]:
        found = [one.event for one in await rows(self.kept.url, time.time)]
        return [
            {"right": one.right.value, "reason": one.reason.value, "rows": one.rows}
            for one in found
            if isinstance(one, SubjectRequest)
        ]


@pytest.fixture
async def office(kept: Kept, tmp_path_factory: pytest.TempPathFactory) -> Any:
    ledger = await Ledger.open(kept.url)
    been(ledger, 1, "ada-lovelace")
    been(ledger, 2, "bob")
    been(ledger, 3, "ada-lovelace", "attic")
    yield Office(kept, tmp_path_factory.mktemp("office"), ledger)
    await ledger.close()


async def test_everything_about_one_person_is_shown(office: Office) -> None:
    code, text = await office("export", "--identity", "ada-lovelace", "--json", *BY)
    assert code == 0, text
    shown = json.loads(text)
    assert [one["room"] for one in shown["receipts"]] == ["attic", "garden"]
    assert [len(one["kept"]) for one in shown["receipts"]] == [2, 2]
    code, text = await office("export", "--identity", "ada-lovelace", "--room", "attic", *BY)
    assert (code, text.count("participant joined: ")) == (0, 1)
    for told in (
        "deleted",
        "reason 'client_left'",
        "milliseconds: to tell participants and",
        "Not kept: sound",
    ):
        assert told in text
    note = {"right": "export", "reason": "own_request", "rows": 2}
    assert await office.noted() == [note] * 3


async def test_a_wrong_name_is_corrected_and_the_old_one_is_gone_from_the_disk(
    office: Office,
) -> None:
    words = ["correct", "--identity", "ada-lovelace", "--to", "person-7", *BY]
    code, text = await office(*words, "--dry-run")
    assert (code, text.count("2 rows would be corrected")) == (0, 2)
    code, _ = await office(*words)
    assert code == 0
    _, text = await office("export", "--identity", "person-7", "--json", *BY)
    assert [len(one["kept"]) for one in json.loads(text)["receipts"]] == [2, 2]
    assert (await office("export", "--identity", "ada-lovelace", *BY))[1].startswith("Nothing is kept")
    await office.ledger.close()
    assert b"ada-lovelace" not in office.kept.on_disk()


@pytest.mark.parametrize(
    ("identity", "to", "reason"),
    [
        ("ada-lovelace", "bob", "name_taken"),
        ("nobody", "somebody", "nothing_kept"),
        ("bob", "", "name_unfit"),
        ("bob", "x" * 257, "name_unfit"),
        ("bob", "~robert", "name_unfit"),  # as if Bob had chosen it
        ("carol", "carla", "session_open"),
    ],
)
async def test_a_correction_that_would_be_wrong_is_refused_with_a_reason(
    office: Office, identity: str, to: str, reason: str
) -> None:
    office.ledger.record(joined(9, "carol"))
    words = ["correct", "--identity", identity, "--room", "garden", "--to", to, "--json", *BY]
    code, text = await office(*words)
    assert (code, json.loads(text)["rooms"][0]["refused"]) == (1, reason)
    assert await office.noted() == []


async def test_one_person_is_erased_and_nobody_else(office: Office) -> None:
    words = ["erase", "--identity", "ada-lovelace", *BY]
    code, text = await office(*words, "--dry-run")
    assert (code, text.count("2 rows would be erased")) == (0, 2)
    code, _ = await office(*words, typed="n\n")
    assert code == 1
    assert await office.noted() == []
    code, text = await office(*words, "--json", "--yes")
    assert code == 0
    assert [(one["room"], one["total"]) for one in json.loads(text)["rooms"]] == [("attic", 2), ("garden", 2)]
    assert {one["right"] for one in await office.noted()} == {"erase"}
    assert (await office(*words, "--yes"))[1].startswith("Nothing is kept")
    await office.ledger.sweep()
    await office.ledger.close()
    disk = office.kept.on_disk()
    assert b"ada-lovelace" not in disk
    assert b"bob" in disk


async def test_a_report_about_a_child_is_answered_and_noted_as_such(office: Office) -> None:
    by = ["--operator", "grace", "--reason", "child_report"]
    code, text = await office("erase", "--identity", "bob", "--child", *by, typed="y\n")
    assert code == 0
    assert "parent's consent" in text
    assert (await office.noted())[0]["right"] == "erase_child"


async def test_a_session_that_goes_on_is_not_torn(office: Office) -> None:
    office.ledger.record(joined(9, "carol"))
    code, text = await office("erase", "--identity", "carol", "--yes", *BY)
    assert code == 1
    assert "session_open" in text


async def test_who_did_what_to_whom_is_in_the_access_log_by_pseudonym(office: Office) -> None:
    await office("export", "--identity", "bob", *BY)
    await office("erase", "--identity", "bob", "--yes", *BY[:2], "--reason", "legal_order")
    log = AccessLog(office.directory / "access", office.directory / "key.pem", 365)
    read, shown, erasing, erased = log.entries()
    assert {one.operator for one in (read, shown, erasing, erased)} == {"grace"}
    assert {one.asked.value for one in (read, erasing)} == {"subject"}
    assert [one.reason.value for one in (read, erasing)] == ["subject_request", "legal"]
    assert {read.identity, erasing.identity} <= log.pseudonyms(identity="bob")
    assert (shown.rows, erased.rows) == (2, 2)
    assert log.verify().intact


@pytest.mark.parametrize("name", ["", "Grace Hopper", "g" * 65, "g\x1b[2J"])
async def test_who_does_it_must_be_named_in_few_letters(office: Office, name: str) -> None:
    code, text = await office("export", "--identity", "bob", "--operator", name, "--reason", "own_request")
    assert code == 2
    assert "operator" in text
    assert await office.noted() == []


async def test_why_must_be_said(office: Office) -> None:
    assert (await office("erase", "--identity", "bob", "--yes", "--operator", "g"))[0] == 2
    assert (await office("erase", "--identity", "bob", "--yes", "--operator", "g", "--reason", "fun"))[0] == 2
    assert await office.noted() == []
