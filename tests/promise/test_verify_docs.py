"""docs/verify.md says what the report and the command are."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from server.cli import app
from server.verify import report
from server.verify.layers import Layer

pytestmark = pytest.mark.promise

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "verify.md").read_text("utf-8")
OBJECTS: dict[str, type[msgspec.Struct]] = {
    "the report": report.Report,
    "of `open`": report.Open,
    "`closed_by`": report.Measure,
    "of `not_demonstrable`": report.NotDemonstrable,
    "of `untested`": report.Untested,
    "of `planted`": report.Recorder,
    "of `strangers`": report.Stranger,
    "of `limits`": report.Limit,
    "`matrix`": report.Matrix,
    "of its `layers`": report.LayerSummary,
    "of its `attacks`": report.Row,
}


def _rows(section: str) -> list[tuple[str, str]]:
    text = PAGE.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| (.+?) \| (.+) \|$", text, re.MULTILINE)[1:]


def test_every_field_of_the_report_is_named() -> None:
    told = {name: tuple(re.findall(r"`(\w+)`", fields)) for name, fields in _rows("JSON")}
    assert told == {name: kind.__struct_fields__ for name, kind in OBJECTS.items()}


def test_every_layer_is_named() -> None:
    assert [name.strip("`") for name, _ in _rows("Layers")] == list(Layer)


def test_every_option_is_named() -> None:
    shown = CliRunner().invoke(app, ["verify", "--help"], env={"COLUMNS": "200", "TERM": "dumb"}).output
    options = set(re.findall(r"--[a-z][a-z-]+", shown)) - {"--help"}
    assert options == set(re.findall(r"^offrecord verify (--[a-z-]+)", PAGE, re.MULTILINE))


def test_the_page_is_found() -> None:
    assert "(verify.md)" in (ROOT / "docs" / "hosting.md").read_text("utf-8")
