"""The page of one person: for privacy officers, with a reason that fits; what is done is noted."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from pytest_aiohttp.plugin import AiohttpClient

from server.access.entry import Asked, Entry
from server.console.person import REQUEST_REASONS
from server.console.place import PATH
from server.metadata.query import Query
from server.metadata.rows.rights import SubjectRequest
from server.metadata.sessions import KeptEvent, Reader
from server.metadata.store import Ledger
from server.metadata.words import Answer, RequestReason, Right
from tests.unit.attempted import Attempted
from tests.unit.desk import Client, Desk, desk_in, origin_of, page, post, sign_in, token_of
from tests.unit.ledger import Clock


@dataclass
class Scene:
    """Ada has been in two rooms; Priya answers for privacy and is signed in."""

    desk: Desk
    ledger: Ledger
    client: Client

    async def does(self, what: str, **fields: str) -> aiohttp.ClientResponse:
        return await post(
            self.client, f"person/{what}", "person?identity=lovelace", identity="lovelace", **fields
        )

    async def rows(self, identity: str) -> list[KeptEvent]:
        reader = Reader(self.desk.config.metadata.url, clock=lambda: self.desk.now)
        try:
            return [kept async for kept in reader.events(Query(identity=identity))]
        finally:
            await reader.aclose()

    async def noted(self) -> list[SubjectRequest]:
        reader = Reader(self.desk.config.metadata.url, clock=lambda: self.desk.now)
        try:
            return [
                kept.event async for kept in reader.events(Query()) if isinstance(kept.event, SubjectRequest)
            ]
        finally:
            await reader.aclose()

    def of_subjects(self) -> list[Entry]:
        return [look for look in self.desk.looks() if look.asked is Asked.SUBJECT]


@pytest.fixture
async def scene(tmp_path: Path, aiohttp_client: AiohttpClient) -> AsyncIterator[Scene]:
    desk, clock = desk_in(tmp_path), Clock()
    ledger = await Ledger.open(desk.config.metadata.url, clock=clock)
    attempted = Attempted(ledger, clock)
    attempted.joins("lovelace", "garden")
    attempted.joins("lovelace", "hall")
    attempted.joins("turing", "hall")
    await ledger.flush()
    desk.now = clock.now + 60
    client = await desk.serve(aiohttp_client)
    await sign_in(client, "priya", reason="subject_request")
    yield Scene(desk, ledger, client)
    await ledger.close()


def test_every_reason_has_words() -> None:
    assert set(REQUEST_REASONS) == set(RequestReason)


async def test_what_is_kept_is_shown_by_room(scene: Scene) -> None:
    html = await page(scene.client, "person?identity=lovelace")
    assert "garden" in html
    assert "hall" in html
    assert "turing" not in html
    (look,) = scene.of_subjects()
    assert (look.operator, look.rows) == ("priya", 8)
    assert look.identity is not None
    assert "Nothing is kept about that name" in await page(scene.client, "person?identity=nobody")
    assert await scene.noted() == [], "looking is no answer to a request"


@pytest.mark.parametrize("name", ["grace", "adam"])
async def test_it_is_for_privacy_officers(scene: Scene, name: str) -> None:
    scene.client.session.cookie_jar.clear()
    await sign_in(scene.client, name, reason="subject_request")
    html = await page(scene.client, "person?identity=lovelace", 403)
    assert "garden" not in html
    token = token_of(await page(scene.client, "reason"))
    for what in ("export", "correct", "object", "erase", "refuse"):
        answer = await scene.client.post(
            f"{PATH}/person/{what}",
            data={"token": token, "identity": "lovelace", "because": "own_request", "confirm": "lovelace"},
            headers=origin_of(scene.client),
        )
        assert answer.status == 403
    assert len(await scene.rows("lovelace")) == 8
    assert scene.of_subjects() == []


async def test_the_reason_of_the_visit_has_to_fit(scene: Scene) -> None:
    await post(scene.client, "reason", reason="support")
    html = await page(scene.client, "person?identity=lovelace")
    assert "Change it" in html
    assert "garden" not in html
    answer = await scene.does("erase", because="own_request", confirm="lovelace")
    assert answer.status == 400
    assert len(await scene.rows("lovelace")) == 8
    assert scene.of_subjects() == []


async def test_it_is_taken_out_for_the_person(scene: Scene) -> None:
    answer = await scene.does("export", because="own_request")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="kept.json"'
    taken = json.loads(await answer.text())
    assert taken["identity"] == "lovelace"
    assert {one["room"]: len(one["kept"]) for one in taken["receipts"]} == {"garden": 4, "hall": 4}
    assert {(one.right, one.rows, one.answer) for one in await scene.noted()} == {
        (Right.EXPORT, 4, Answer.DONE)
    }
    assert scene.of_subjects()[-1].rows == 8


async def test_the_name_is_corrected(scene: Scene) -> None:
    html = await (await scene.does("correct", because="own_request", to="person-7")).text()
    assert "4 rows corrected." in html
    assert await scene.rows("lovelace") == []
    assert len(await scene.rows("person-7")) == 8
    answer = await post(
        scene.client, "person/correct", "person", identity="person-7", because="own_request", to="turing"
    )
    assert "refused (name_taken)" in await answer.text()


async def test_erasing_asks_for_the_name_once_more(scene: Scene) -> None:
    answer = await scene.does("erase", because="own_request", confirm="lovelac")
    assert answer.status == 400
    assert len(await scene.rows("lovelace")) == 8
    html = await (await scene.does("erase", because="guardian", confirm="lovelace", child="1")).text()
    assert "4 rows erased." in html
    assert await scene.rows("lovelace") == []
    assert len(await scene.rows("turing")) == 4
    assert {(one.right, one.reason) for one in await scene.noted()} == {
        (Right.ERASE_CHILD, RequestReason.GUARDIAN)
    }
    file = Path(scene.desk.config.metadata.url.removeprefix("sqlite:///"))
    assert b"lovelace" not in file.read_bytes()


async def test_a_refusal_is_noted_with_what_to_write(scene: Scene) -> None:
    answer = await scene.does("refuse", because="own_request", right="erase", code="legal_hold")
    html = await answer.text()
    assert "We do not do that, because the law obliges us to keep it for now" in html
    (noted,) = await scene.noted()
    assert (noted.right, noted.answer, noted.rows) == (Right.ERASE, Answer.LEGAL_HOLD, 0)


@pytest.mark.parametrize(
    ("what", "fields", "says"),
    [
        ("export", {}, "Say who asked"),
        ("export", {"because": "boredom"}, "Say who asked"),
        ("correct", {"because": "own_request", "to": ""}, "which name"),
        ("object", {}, "Say who asked"),
        ("refuse", {"because": "own_request", "right": "erase", "code": "done"}, "why it is refused"),
        ("refuse", {"because": "own_request", "right": "all", "code": "excessive"}, "what was asked for"),
    ],
)
async def test_what_a_form_does_not_say_is_told(
    scene: Scene, what: str, fields: dict[str, str], says: str
) -> None:
    answer = await scene.does(what, **fields)
    assert answer.status == 400
    assert says in await answer.text()
    assert await scene.noted() == []


async def test_names_are_text(scene: Scene) -> None:
    html = await page(scene.client, "person?identity=%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>alert" not in html
