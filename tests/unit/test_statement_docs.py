"""docs/statement.md says what a statement is: each field, check, rule and exit code; its commands work."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from server.audit import run
from server.guarantee.check import Told, Verdict
from server.guarantee.installed import SERVER, read
from server.guarantee.judge import INSPECTED_CHECKS, KERNEL_CHECKS, REPORTED_CHECKS
from server.guarantee.sign import Signer
from server.guarantee.statement import LIFETIME_SECONDS, TYPE, VERSION, RelayJson, RoomJson, Statement

TEXT = (Path(__file__).parents[2] / "docs/statement.md").read_text()
COMMANDS = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)


def _row(first: str) -> list[str]:
    """The words in code of a table row, by what stands in its first column."""
    (row,) = [line for line in TEXT.splitlines() if line.startswith(f"| `{first}`")]
    return re.findall(r"`([^`]+)`", row)


def test_every_field_is_described() -> None:
    table = TEXT.partition("| Field | What |")[2].partition("\n\n")[0]
    first_columns = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    described = {name for column in first_columns for name in re.findall(r"`(\w+)`", column)}
    assert described == set(Statement.__annotations__)
    assert set(_row("relays")[1:]) == set(RelayJson.__annotations__)
    assert set(_row("room")[1:]) == set(RoomJson.__annotations__)


def test_every_check_is_listed_with_its_source() -> None:
    for source, checks in (
        ("kernel", KERNEL_CHECKS),
        ("inspected", INSPECTED_CHECKS),
        ("self-reported", REPORTED_CHECKS),
    ):
        assert _row(source)[1:] == list(checks)


def test_every_rule_is_there_in_its_order() -> None:
    rules = TEXT.partition("## Checking")[2].partition("## Fields")[0]
    named = [word for word in re.findall(r"`(\w+)`", rules) if word in set(Verdict)]
    assert list(dict.fromkeys(named)) == list(Verdict)
    assert f"`typ` is `{TYPE}`" in rules
    assert f"`statement` is {VERSION}." in rules
    assert f"at most {LIFETIME_SECONDS} seconds" in rules
    needed = rules.partition("`malformed` again:")[2].partition(" are there")[0]
    assert set(re.findall(r"`(\w+)`", needed)) == set(Told.__annotations__)


def test_the_exit_codes_are_those_of_the_command() -> None:
    codes = TEXT.partition("| Exit code | Means |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| (\d) \|", codes, re.MULTILINE) == [str(run.AS_DEMANDED), str(run.FINDING), "2"]


def test_the_code_digest_is_made_again_by_the_command_that_is_given() -> None:
    made = subprocess.run(
        ["bash", "-c", COMMANDS[0]], cwd=SERVER.parent, capture_output=True, text=True, check=True
    )
    assert read(0.0).code == "sha256:" + made.stdout.split()[0]


def test_the_key_is_replaced_by_the_commands_that_are_given(tmp_path: Path) -> None:
    path = tmp_path / "offrecord-signing.pem"
    kids = [Signer.load_or_create(path).kid]
    for _ in range(2):
        subprocess.run(["bash", "-ec", COMMANDS[1]], cwd=tmp_path, capture_output=True, check=True)
        kids.insert(0, Signer.load_or_create(path).kid)
        assert [key["kid"] for key in Signer.load_or_create(path).jwks()["keys"]] == kids
