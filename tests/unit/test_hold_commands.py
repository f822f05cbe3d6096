"""`offrecord hold`: only privacy officers hold anything; who does, reads or lifts is in the access log."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from server.metadata.retention import DAY
from server.metadata.store import Ledger
from server.metadata.words import Action
from tests.unit.test_operator_actions import Machine, machine
from tests.unit.test_rights import been

__all__ = ["machine"]
BY = ("--operator", "grace")
READS = (*BY, "--reason", "legal")


@pytest.fixture
def filled(machine: Machine) -> Machine:
    async def fill() -> None:
        ledger = await Ledger.open(machine.url, clock=lambda: time.time() - 20 * DAY)
        been(ledger, 1, "ada")
        been(ledger, 2, "bob")
        await ledger.close()

    asyncio.run(fill())
    return machine


def test_a_hold_is_placed_listed_exported_renewed_and_lifted(filled: Machine) -> None:
    placed = filled.run("hold", "place", "--identity", "ada", "--reason", "claim", "--json", *BY)
    told = json.loads(placed.output)
    assert (told["number"], told["identity"], told["reason"], told["rows"]) == (1, "ada", "claim", 2)
    [listed] = map(json.loads, filled.run("hold", "list", "--json", *READS).output.splitlines())
    assert listed == told
    shown = filled.run("hold", "list", *READS).output
    assert "Hold 1 (claim): identity 'ada'. 2 rows, 0 past their own time." in shown
    exported = filled.run("hold", "export", "1", "--json", *READS).output.splitlines()
    assert [json.loads(one)["identity"] for one in exported] == ["ada", "ada"]
    assert "participant joined" in filled.run("hold", "export", "1", *READS).output
    renewed = json.loads(filled.run("hold", "renew", "1", "--days", "200", "--json", *READS).output)
    assert renewed["ends_at"] > told["ends_at"]
    assert "Hold 1 is lifted" in filled.run("hold", "lift", "1", *READS).output
    assert filled.run("hold", "list", *READS).output == "There is no hold.\n"
    assert filled.noted() == [Action.HOLD_EXPORTED] * 2
    assert filled.looked() == [
        ("grace", "legal", "hold"),
        ("grace", "legal", "held"),
        ("grace", "legal", "held"),
        ("grace", "legal", "held"),
        ("grace", "legal", "held"),
        ("grace", "legal", "hold"),
        ("grace", "legal", "hold"),
        ("grace", "legal", "held"),
    ]


def test_the_access_log_has_whom_it_is_about_by_pseudonym(filled: Machine) -> None:
    filled.run("hold", "place", "--identity", "ada", "--reason", "investigation", *BY)
    begun, ended = filled.log.entries()
    assert begun.reason == "security"
    assert begun.identity in filled.log.pseudonyms(identity="ada")
    assert ended.rows == 2
    content = (filled.directory / "access" / "entries.jsonl").read_bytes()
    assert b'"ada"' not in content


def test_only_privacy_officers_hold_and_see_what_is_held(filled: Machine) -> None:
    filled.operator("add", "alan", "--role", "admin", "--password-stdin", by="alan")
    filled.operator("add", "vera", "--role", "viewer", "--password-stdin", by="alan")
    filled.operator("add", "grace", "--role", "privacy-officer", "--password-stdin", by="alan")
    filled.run("hold", "place", "--identity", "ada", "--reason", "claim", *BY)
    for name in ("alan", "vera"):
        by = ("--operator", name, "--reason", "legal")
        for words in (("list",), ("lift", "1"), ("export", "1"), ("renew", "1")):
            refused = filled.run("hold", *words, *by)
            assert "who may not do that" in str(refused.exception)
            assert refused.output == ""
    assert json.loads(filled.run("hold", "list", "--json", *READS).output)["rows"] == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("place", "--reason", "claim"), "about something"),
        (("place", "--reason", "claim", "--since", "2d"), "about something"),
        (("place", "--reason", "claim", "--room", "garden", "--since", "soon"), "is not a time"),
        (("lift", "7", "--reason", "legal"), "there is no hold 7"),
        (("list",), "say why you look"),
    ],
)
def test_what_cannot_be_done_is_said(filled: Machine, words: tuple[str, ...], says: str) -> None:
    assert says in str(filled.run("hold", *words, *BY).exception)


@pytest.mark.parametrize(
    "words",
    [
        ("place", "--room", "garden", "--reason", "curiosity"),
        ("place", "--room", "garden", "--reason", "claim", "--days", "366"),
        ("place", "--room", "garden", "--reason", "claim", "--days", "0"),
        ("place", "--room", "garden"),
    ],
)
def test_only_reasons_and_days_of_the_list_are_taken(filled: Machine, words: tuple[str, ...]) -> None:
    assert filled.run("hold", *words, *BY).exit_code == 2


def test_a_period_is_given_in_the_forms_of_the_other_commands(filled: Machine) -> None:
    words = ("--since", "30d", "--until", "10d", "--reason", "investigation", "--json")
    assert json.loads(filled.run("hold", "place", *words, *BY).output)["rows"] >= 4
    words = ("--since", "9d", "--until", "8d", "--reason", "investigation", "--json")
    assert json.loads(filled.run("hold", "place", *words, *BY).output)["rows"] == 0
