"""Who is connected now: shown to whoever has said why, never before that stands in the access log."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from pytest_aiohttp.plugin import AiohttpClient

from server.access.entry import Asked, Reason
from server.access.log import AccessLog
from server.console import live
from server.console.place import PATH
from server.console.visit import Visit
from server.control.messages import Quality
from server.errors import OperatorError
from tests.unit.desk import Client, Desk, desk_in, page, person, post, room, sign_in

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
TURNED = "ada\u202egnp.exe\u2066\x07"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = desk_in(tmp_path)
    desk.rooms = [room("garden", person("lovelace", 1), person("alan", 2, quality=Quality.POOR, muted=True))]
    return desk


@pytest.fixture
async def client(desk: Desk, aiohttp_client: AiohttpClient) -> Client:
    return await desk.serve(aiohttp_client)


async def test_people_and_how_they_are_connected_are_shown(desk: Desk, client: Client) -> None:
    await sign_in(client)
    html = await page(client, "live")
    for text in (
        "garden",
        "lovelace",
        "excellent",
        "alan",
        "poor",
        "camera (muted)",
        "Firefox, Linux",
        "ABCD-EFGH",
    ):
        assert text in html
    assert "1 room open, 2 people connected" in html
    desk.rooms = []
    assert "No room is open" in await page(client, "live")


async def test_who_waits_to_be_let_in_is_shown_so(desk: Desk, client: Client) -> None:
    desk.rooms = [room("garden", replace(person("lovelace", quality=None), waits=True, sent=()))]
    await sign_in(client)
    assert "waiting to be let in" in await page(client, "live")


async def test_nobody_is_shown_before_a_reason_is_given(desk: Desk, client: Client) -> None:
    await sign_in(client, reason=None)
    answer = await client.get(f"{PATH}/live", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "./reason?next=live")
    assert (await client.get(f"{PATH}/live/stream", allow_redirects=False)).status == 303
    answer = await post(client, "reason", reason="curiosity")
    assert answer.status == 400
    assert "Choose why you look" in await answer.text()
    assert desk.looks() == []


async def test_a_look_is_in_the_log_with_who_why_and_how_much(desk: Desk, client: Client) -> None:
    await sign_in(client, "adam", reason="security")
    await page(client, "live")
    (look,) = desk.looks()
    assert (look.operator, look.reason, look.asked, look.rows) == ("adam", Reason.SECURITY, Asked.LIVE, 2)
    await post(client, "reason", reason="audit")
    await page(client, "live")
    assert desk.looks()[-1].reason is Reason.AUDIT


async def test_nothing_is_shown_where_the_look_cannot_be_written(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object, **more: object) -> int:
        raise OperatorError("the disk is full")

    await sign_in(client)
    monkeypatch.setattr(AccessLog, "append", full)
    for path in ("live", "live/stream"):
        html = await page(client, path, 503)
        assert "the disk is full" in html
        assert "lovelace" not in html
        assert "garden" not in html


async def test_the_look_is_written_before_anything_is_sent(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The write is held up: no byte of the answer comes meanwhile."""
    await sign_in(client)
    written = asyncio.Event()
    record = Visit.__dict__["looking"].fget

    class Waiting:
        def __init__(self, visit: Visit) -> None:
            self._looking = record(visit)

        async def record(self, asked: Asked, rows: int) -> None:
            await written.wait()
            await self._looking.record(asked, rows)

    monkeypatch.setattr(Visit, "looking", property(Waiting))
    asked = asyncio.create_task(client.get(f"{PATH}/live"))
    done, _ = await asyncio.wait({asked}, timeout=0.5)
    assert not done
    written.set()
    assert (await asked).status == 200


@pytest.mark.parametrize("name", [HOSTILE, TURNED, "{{ 7*7 }}", "\ud83d"])
async def test_names_are_shown_as_text(desk: Desk, client: Client, name: str) -> None:
    desk.rooms = [room(name, person(name))]
    await sign_in(client)
    html = await page(client, "live")
    assert "<script>alert" not in html
    assert "<img" not in html
    assert ">49<" not in html
    for sign in "\u202e\u2066\x07":
        assert sign not in html
    assert html.count('<bdi class="name">') == 2


async def test_a_page_follows_what_is_live(
    desk: Desk, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "EVERY_SECONDS", 0.02)
    await sign_in(client)
    stream = await client.get(f"{PATH}/live/stream", headers={"Accept": "text/event-stream"})
    assert stream.content_type == "text/event-stream"
    first = await _event(stream)
    assert "alan" in first
    link = 'href="./connections/PA_00000002"'
    assert link in first
    assert link in await page(client, "live"), "links are the same in the page and in what changes it"
    desk.rooms = [room("garden", person("lovelace", 1), person("<b>joan</b>", 3))]
    second = await _event(stream)
    assert "&lt;b&gt;joan&lt;/b&gt;" in second
    assert "alan" not in second
    stream.close()

    async def ended() -> int:
        while not any(look.of for look in desk.looks()):
            await asyncio.sleep(0.02)
        return next(look.rows or 0 for look in desk.looks() if look.of)

    assert await asyncio.wait_for(ended(), 10) == 3, "everybody whom it showed is counted once"


async def test_a_stream_ends_with_the_session(
    desk: Desk, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "EVERY_SECONDS", 0.02)
    await sign_in(client)
    stream = await client.get(f"{PATH}/live/stream")
    await _event(stream)
    desk.operators.remove("grace")
    assert await asyncio.wait_for(stream.content.read(), 10) is not None
    assert stream.content.at_eof()


async def test_a_session_follows_on_so_many_pages(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "EVERY_SECONDS", 0.02)
    await sign_in(client)
    streams = [await client.get(f"{PATH}/live/stream") for _ in range(live.STREAMS + 1)]
    assert [stream.status for stream in streams] == [200] * live.STREAMS + [429]
    for stream in streams:
        stream.close()


async def test_a_page_shows_so_many_people_and_says_so(desk: Desk, client: Client) -> None:
    people = [person(f"guest-{number}", number) for number in range(live.MOST_SHOWN + 7)]
    desk.rooms = [room("hall", *people), room("other", person("last", 9999), number=2)]
    await sign_in(client)
    html = await page(client, "live")
    assert html.count('role="rowheader"') == live.MOST_SHOWN
    assert "8 more are connected" in html
    assert desk.looks()[-1].rows == live.MOST_SHOWN


async def _event(stream: aiohttp.ClientResponse) -> str:
    """The next that is not a sign of life."""
    lines: list[str] = []
    while True:
        line = (await asyncio.wait_for(stream.content.readline(), 10)).decode()
        if line == "\n" and lines and not lines[0].startswith(":"):
            return "".join(lines)
        lines = [] if line == "\n" else [*lines, line]
