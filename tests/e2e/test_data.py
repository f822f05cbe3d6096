"""Data between participants through their SDKs: messages, streams and remote calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.e2e.browser import eventually
from tests.e2e.data_users import TOPIC, User, browser_user, desktop_user
from tests.e2e.serving import Server

FILE_BYTES = 400_000  # a reader that is more than 512 KiB behind would lose messages, on a busy machine too


@pytest_asyncio.fixture(loop_scope="session", params=["two desktops", "a desktop and a browser"])
async def pair(
    request: pytest.FixtureRequest, shared_server: Server, shared_browser: Browser
) -> AsyncIterator[tuple[User, User]]:
    room: str = request.param
    async with desktop_user(shared_server, room, "desk") as desk:
        other = (
            desktop_user(shared_server, room, "lap")
            if request.param == "two desktops"
            else browser_user(shared_browser, shared_server, room, "page")
        )
        async with other as second:
            yield desk, second


async def test_messages_streams_and_calls_cross_both_ways(pair: tuple[User, User]) -> None:
    await _everything_crosses(*pair)
    await _everything_crosses(*pair[::-1])


async def _everything_crosses(sender: User, receiver: User) -> None:
    numbers = [f"{number}" for number in range(50)]
    for text in numbers:
        await sender.send_data(text)
    heard = await eventually(receiver.heard, lambda heard: len(heard.data) >= len(numbers))
    assert heard.data == [(sender.identity, text, TOPIC) for text in numbers]

    long = "ä word, " * 20_000
    await sender.send_text(long, [receiver.identity])
    heard = await eventually(receiver.heard, lambda heard: bool(heard.texts))
    assert heard.texts == [(sender.identity, long)]

    await sender.send_bytes(FILE_BYTES, [receiver.identity])
    heard = await eventually(receiver.heard, lambda heard: bool(heard.bytes))
    assert heard.bytes == [(sender.identity, FILE_BYTES)]

    assert await sender.call(receiver.identity, "abc") == f"{sender.identity}:cba"
    await sender.send_data("lossy", reliable=False)
    await eventually(receiver.heard, lambda heard: (sender.identity, "lossy", TOPIC) in heard.data)


async def test_a_destination_hears_and_others_do_not(shared_server: Server, shared_browser: Browser) -> None:
    async with (
        desktop_user(shared_server, "destinations", "desk") as desk,
        desktop_user(shared_server, "destinations", "lap") as lap,
        browser_user(shared_browser, shared_server, "destinations", "page") as page,
    ):
        await desk.send_data("for the page", to=["page"])
        await desk.send_data("for everybody")
        everybody = ("desk", "for everybody", TOPIC)
        heard, overheard = await asyncio.gather(
            eventually(page.heard, lambda heard: everybody in heard.data),
            eventually(lap.heard, lambda heard: everybody in heard.data),
        )
        assert heard.data == [("desk", "for the page", TOPIC), everybody]
        assert overheard.data == [everybody]


async def test_what_is_sent_while_somebody_joins_waits_for_its_channel(shared_server: Server) -> None:
    """The receiver's channel opens only after its join: everything from the announcement on arrives."""
    async with desktop_user(shared_server, "greeted", "desk") as desk:
        joined = asyncio.Event()
        desk.room.on("participant_connected", lambda _: joined.set())

        async def greet() -> None:
            await joined.wait()
            for number in range(20):
                await desk.send_data(f"{number}")

        greeting = asyncio.create_task(greet())
        async with desktop_user(shared_server, "greeted", "lap") as lap:
            heard = await eventually(lap.heard, lambda heard: len(heard.data) >= 20)
            assert [text for _, text, _ in heard.data] == [f"{number}" for number in range(20)]
        await greeting
