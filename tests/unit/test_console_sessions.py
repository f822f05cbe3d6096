"""Searching connections in the console: what is found, in pages, and taken along; each look is counted."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pytest_aiohttp.plugin import AiohttpClient

from server.access.entry import Asked, Entry
from server.access.log import AccessLog
from server.console import search
from server.console.place import PATH
from server.errors import OperatorError
from server.metadata.outcome import AttemptCause, QualityStep, Stage
from server.metadata.store import Ledger
from server.metadata.words import Browser, LeaveReason, Sdk
from tests.unit.attempted import Attempted
from tests.unit.desk import Client, Desk, desk_in, page, sign_in
from tests.unit.ledger import Clock

HOSTILE = '<script>alert(1)</script>"\u202e'
FORMULA = '=HYPERLINK("https://evil.example";"x")'


@dataclass
class Scene:
    """A desk with a ledger that a test fills, and somebody who is signed in."""

    desk: Desk
    ledger: Ledger
    clock: Clock
    attempted: Attempted
    client: Client

    async def written(self) -> None:
        """A minute after what happened last, when it is in the file."""
        await self.ledger.flush()
        self.desk.now = self.clock.now + 60

    async def ended_look(self) -> tuple[Entry, Entry]:
        """The last look, and how it ended: that is written when everything is sent."""
        async with asyncio.timeout(10):
            while not (looks := self.desk.looks()) or looks[-1].of is None:
                await asyncio.sleep(0.02)
        return looks[-2], looks[-1]

    async def page(self, path: str, status: int = 200) -> str:
        return await page(self.client, path, status)


@pytest.fixture
async def scene(tmp_path: Path, aiohttp_client: AiohttpClient) -> AsyncIterator[Scene]:
    desk, clock = desk_in(tmp_path), Clock()
    ledger = await Ledger.open(desk.config.metadata.url, clock=clock)
    client = await desk.serve(aiohttp_client)
    await sign_in(client)
    yield Scene(desk, ledger, clock, Attempted(ledger, clock), client)
    await ledger.close()


async def test_sessions_and_failures_are_found(scene: Scene) -> None:
    scene.attempted.joins("lovelace", "garden")
    scene.attempted.joins("turing", "hall", browser=Browser.NONE, sdk=Sdk.PYTHON, leaves=None)
    scene.attempted.joins("hopper", "hall", ready=False, leaves=LeaveReason.NEVER_READY, stage=Stage.ICE)
    scene.attempted.is_refused("mallory", AttemptCause.ROOM_FULL)
    scene.attempted.are_refused(7)
    await scene.written()
    html = await scene.page("sessions")
    for text in ("lovelace", "turing", "hopper", "mallory", "nobody in particular", "7 times", "python SDK"):
        assert text in html
    assert "5 sessions match" in html
    assert html.index("nobody in particular") < html.index("mallory") < html.index("lovelace")
    assert "excellent, at worst good" in html
    assert "after ice" in html.replace("\n", " ")
    look = scene.desk.looks()[-1]
    assert (look.asked, look.rows, look.room) == (Asked.SESSIONS, 5, None)


async def test_a_connection_that_was_always_the_same_is_told_once(scene: Scene) -> None:
    scene.attempted.joins("lovelace", worst=QualityStep.EXCELLENT)
    await scene.written()
    html = await scene.page("sessions")
    assert "excellent" in html
    assert "at worst" not in html


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("room=garden", {"lovelace"}),
        ("identity=turing", {"turing"}),
        ("code=aaaa-0003", {"hopper"}),
        ("outcome=never_ready", {"hopper"}),
        ("stage=ice", {"hopper"}),
        ("client=python", {"turing"}),
        ("failed=1", {"hopper"}),
        ("failed=1&room=garden", set()),
        ("period=1h&room=hall", {"turing", "hopper"}),
        ("from=2023-11-14T22:00", set()),
    ],
)
async def test_each_field_restricts(
    scene: Scene,
    query: str,
    names: set[str],
) -> None:
    scene.attempted.joins("lovelace", "garden")
    scene.attempted.joins("turing", "hall", browser=Browser.NONE, sdk=Sdk.PYTHON)
    scene.attempted.joins("hopper", "hall", ready=False, leaves=LeaveReason.NEVER_READY, stage=Stage.ICE)
    await scene.written()
    if query.startswith("from"):
        scene.desk.now += 86_400 * 2
        query = "period=24h"
    html = await scene.page(f"sessions?{query}")
    found = {name for name in ("lovelace", "turing", "hopper") if f">{name}<" in html}
    assert found == names
    if not names:
        assert "Nothing that matches is kept" in html


async def test_whom_one_looked_for_is_in_the_log(scene: Scene) -> None:
    scene.attempted.joins("lovelace", "garden")
    await scene.written()
    await scene.page("sessions?identity=lovelace&room=garden")
    look = scene.desk.looks()[-1]
    assert look.identity is not None
    assert look.room is not None


async def test_pages_follow_each_other_both_ways(
    scene: Scene,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(search, "PAGE", 3)
    for number in range(8):
        scene.attempted.joins(f"person-{number}")
    await scene.written()

    def shown(html: str) -> list[int]:
        return [number for number in range(8) if f">person-{number}<" in html]

    first = await scene.page("sessions?period=7d")
    assert shown(first) == [5, 6, 7]
    assert "8 sessions match" in first
    second = await scene.page(_link(first, "next"))
    assert shown(second) == [2, 3, 4]
    third = await scene.page(_link(second, "next"))
    assert shown(third) == [0, 1]
    assert 'rel="next"' not in third
    assert shown(await scene.page(_link(third, "prev"))) == [2, 3, 4]
    assert [look.rows for look in scene.desk.looks()] == [3, 3, 2, 3]


@pytest.mark.parametrize("place", ["x", "1_2_3", "1e99_1", "-1_1", "1.0_" + "9" * 40, "\udcff", "';--"])
async def test_a_place_that_is_none_is_the_first_page(scene: Scene, place: str) -> None:
    scene.attempted.joins("lovelace")
    await scene.written()
    answer = await scene.client.get(
        f"{PATH}/sessions", params={"older": place.encode("utf-8", "replace").decode()}
    )
    assert answer.status == 200
    assert "lovelace" in await answer.text()


async def test_names_are_text_and_cannot_break_out(scene: Scene) -> None:
    scene.attempted.joins(HOSTILE, HOSTILE)
    await scene.written()
    for path in ("sessions", "sessions?room=" + "%22%3E%3Cscript%3Ealert(1)%3C/script%3E%E2%80%AE"):
        html = await scene.page(path)
        assert "<script>alert" not in html
        assert "\u202e" not in html.replace('value="', "") or "value=" in html


async def test_what_cannot_be_asked_is_told_and_no_look(scene: Scene) -> None:
    html = await scene.page("sessions?code=bad&from=yesterday", 400)
    assert "A support code has eight letters" in html
    assert "is not a time" in html
    assert (await scene.client.get(f"{PATH}/sessions.csv?code=bad")).status == 400
    assert scene.desk.looks() == []


@pytest.mark.parametrize("first", ["=", "+", "-", "@"])
def test_no_name_is_a_formula(first: str) -> None:
    assert search.csv_line([f"{first}cmd|'/C calc'!A0"]).startswith(("'", "\"'"))
    assert search.csv_line([f"\t{first}1", f"\r{first}1"]) == f"\ufffd{first}1,\ufffd{first}1\r\n"
    assert search.csv_line([-1, "a=1"]) == "-1,a=1\r\n"


async def test_what_is_found_is_taken_along_as_csv(scene: Scene) -> None:
    scene.attempted.joins("lovelace", 'a "room", with\ncommas')
    scene.attempted.joins(FORMULA, "hall", leaves=None)
    await scene.written()
    answer = await scene.client.get(f"{PATH}/sessions.csv?period=7d")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="sessions.csv"'
    assert answer.content_type == "text/csv"
    rows = list(csv.DictReader(io.StringIO(await answer.text())))
    assert [row["identity"] for row in rows] == [f"'{FORMULA}", "lovelace"], "no spreadsheet computes a name"
    assert rows[1]["room"] == 'a "room", with\N{REPLACEMENT CHARACTER}commas'
    assert rows[1]["joined_at"].endswith("Z")
    assert (rows[0]["left_at"], rows[0]["outcome"], rows[0]["failed"]) == ("", "", "false")
    began, ended = await scene.ended_look()
    assert (began.asked, ended.of, ended.rows) == (Asked.EXPORT, began.number, 2)


async def test_and_as_json_lines(scene: Scene) -> None:
    scene.attempted.joins(HOSTILE)
    scene.attempted.are_refused(3)
    await scene.written()
    text = await (await scene.client.get(f"{PATH}/sessions.jsonl?period=7d")).text()
    assert "\u202e" not in text
    refused, session = [json.loads(line) for line in text.splitlines()]
    assert list(session) == list(search.COLUMNS)
    assert session["identity"] == HOSTILE
    assert (refused["identity"], refused["attempts"], refused["outcome"]) == (None, 3, "expired")


async def test_what_is_taken_along_is_bounded(
    scene: Scene,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(search, "MOST_EXPORTED", 5)
    monkeypatch.setattr(search, "EXPORTED_AT_ONCE", 2)
    for number in range(9):
        scene.attempted.joins(f"person-{number}")
    await scene.written()
    text = await (await scene.client.get(f"{PATH}/sessions.jsonl?period=7d")).text()
    assert [json.loads(line)["identity"] for line in text.splitlines()] == [
        f"person-{number}" for number in (8, 7, 6, 5, 4)
    ]
    _, ended = await scene.ended_look()
    assert ended.rows == 5


async def test_nothing_is_taken_along_where_the_look_cannot_be_written(
    scene: Scene,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*args: object, **more: object) -> int:
        raise OperatorError("the disk is full")

    scene.attempted.joins("lovelace")
    await scene.written()
    monkeypatch.setattr(AccessLog, "append", full)
    for path in ("sessions", "sessions.csv", "sessions.jsonl", "failures"):
        html = await scene.page(path, 503)
        assert "the disk is full" in html
        assert "lovelace" not in html


def _link(html: str, rel: str) -> str:
    before, _, _ = html.partition(f'" rel="{rel}"')
    return before.rpartition('href="./')[2].replace("&amp;", "&")
