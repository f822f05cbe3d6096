"""The page at the door: guests wait; a moderator lets them in, refuses, mutes, bans, and lays down rules."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import jwt
import pytest
from livekit import api
from livekit.protocol import models
from playwright.async_api import Browser, Route, expect

from tests.e2e.axe import violations
from tests.e2e.browser import Participant, eventually, join, new_page
from tests.e2e.serving import KEY, SECRET, Server, serving

ROOM = "garden"
SETTINGS = '[guests]\nmoderator_passcode = "chair"\n[rooms]\nlobby = ["*"]\n'


@pytest.fixture
async def moderated(tmp_path: Path) -> AsyncIterator[Server]:
    (tmp_path / "config.toml").write_text(SETTINGS)
    async with serving(tmp_path) as running:
        yield running


async def chair(browser: Browser, server: Server) -> Participant:
    """Joins as a moderator, by the passcode of moderators, and looks at the people."""
    page = await new_page(browser)
    await page.goto(f"{server.url}/?moderate")
    await page.get_by_test_id("join-name").fill("Mona")
    await page.get_by_test_id("join-room").fill(ROOM)
    await page.get_by_test_id("join-passcode").fill("chair")
    await page.get_by_test_id("join-button").click()
    await page.get_by_test_id("leave-button").wait_for()
    await page.get_by_test_id("people-button").click()
    return Participant(page, "Mona")


async def test_a_guest_waits_is_let_in_and_moderated(moderated: Server, browser: Browser) -> None:
    mona = await chair(browser, moderated)
    await expect(mona.page.get_by_test_id("rules")).to_be_visible()
    await expect(mona.page.get_by_test_id("rule-lobby")).to_be_checked()
    bob = await join(browser, moderated.url, "Bob", ROOM)
    await expect(bob.page.get_by_test_id("outside")).to_be_visible()
    await expect(bob.page.get_by_test_id("status")).to_have_text("Waiting to be let in")
    assert await bob.tiles() == 1
    line = mona.page.get_by_test_id("waiting-person").filter(has_text="Bob")
    await expect(line).to_be_visible()
    await expect(mona.page).to_have_title(f"(1 waiting) {ROOM} · Offrecord")
    assert await mona.tiles() == 1, "who waits has no tile"
    assert await violations(mona.page) == []
    await expect(mona.page.get_by_test_id("person")).to_have_count(1)

    await line.get_by_test_id("admit").click()
    await expect(line).to_have_count(0)
    await bob.sees(1)
    await bob.hears(1)
    await mona.sees(1)
    await mona.hears(1)
    await expect(bob.page.get_by_test_id("outside")).to_be_hidden()
    await expect(bob.page.get_by_test_id("rules")).to_be_hidden()
    await expect(bob.page.get_by_test_id("share-button")).to_be_visible()

    await keeps_what_was_asked_for(mona, bob)
    await expect(bob.page.get_by_test_id("share-button")).to_be_hidden()
    await expect(mona.page.get_by_test_id("share-button")).to_be_visible()
    await asks_with_the_token_of_now(moderated, bob)

    person = mona.page.get_by_test_id("person").filter(has_text="Bob")
    await person.get_by_test_id("mixer-button").click()
    await person.get_by_test_id("act-mute").click()
    await expect(person.get_by_test_id("person-muted")).to_be_visible()
    await expect(bob.page.get_by_test_id("news")).to_contain_text("A moderator muted you.")
    await expect(bob.page.get_by_test_id("mic-button")).to_have_text("Unmute")
    assert await violations(mona.page) == []

    await bob.page.keyboard.press("h")
    await expect(person.get_by_test_id("person-hand")).to_be_visible()
    await person.get_by_test_id("act-lower-hand").click()
    await expect(person.get_by_test_id("person-hand")).to_be_hidden()
    await expect(bob.page.get_by_test_id("news")).to_have_text("Mona lowered your hand.")
    await expect(bob.page.get_by_test_id("hand-button")).to_have_text("Raise hand")

    await person.get_by_test_id("act-remove").click()
    question = mona.page.get_by_test_id("question")
    await expect(question).to_contain_text("Remove Bob?")
    await expect(question.get_by_test_id("question-no")).to_be_focused()
    assert await violations(mona.page) == []
    await mona.page.keyboard.press("Escape")
    await expect(question).to_be_hidden()
    await expect(mona.page.get_by_test_id("person")).to_have_count(2)

    await person.get_by_test_id("act-ban").click()
    await expect(question).to_contain_text("Ban Bob?")
    await question.get_by_test_id("question-yes").click()
    await expect(bob.page.locator("[data-part=summary]")).to_contain_text("removed you from the room")
    await expect(mona.page.get_by_test_id("person")).to_have_count(1)


async def keeps_what_was_asked_for(mona: Participant, bob: Participant) -> None:
    """A rule is laid down; whatever the page draws before the server answers does not take it back."""
    answers = asyncio.Event()

    async def hold(route: Route) -> None:
        await answers.wait()
        await route.continue_()

    await mona.page.route("**/api/moderation", hold)
    box = mona.page.get_by_test_id("rule-screens")
    await box.check()
    muted = mona.page.get_by_test_id("person").filter(has_text="Bob").get_by_test_id("person-muted")
    microphone = bob.page.get_by_test_id("mic-button")
    await microphone.click()
    await expect(muted).to_be_visible()
    await expect(microphone).to_have_attribute("aria-busy", "false")
    await microphone.click()
    await expect(muted).to_be_hidden()
    assert await box.is_checked()
    await expect(bob.page.get_by_test_id("share-button")).to_be_visible()
    answers.set()
    await expect(box).to_be_enabled()
    await expect(box).to_be_checked()


async def asks_with_the_token_of_now(server: Server, bob: Participant) -> None:
    """The server renews a token, here since Bob may do something else; the page goes on with the new one."""
    async with api.LiveKitAPI(server.url, KEY, SECRET) as administration:
        people = await administration.room.list_participants(api.ListParticipantsRequest(room=ROOM))
        (identity,) = (person.identity for person in people.participants if person.name == "Bob")
        allowed = models.ParticipantPermission(
            can_publish=True, can_subscribe=True, can_publish_data=True, can_update_metadata=True
        )
        change = api.UpdateParticipantRequest(room=ROOM, identity=identity, permission=allowed)
        await administration.room.update_participant(change)

    async def granted() -> dict[str, bool]:
        button = bob.page.get_by_test_id("people-button")
        async with bob.page.expect_request("**/receivers") as asked:
            await button.click()
        await button.click()
        authorization = await (await asked.value).header_value("authorization") or ""
        token = authorization.removeprefix("Bearer ")
        grants: dict[str, bool] = jwt.decode(token, options={"verify_signature": False})["video"]
        return grants

    await eventually(granted, lambda grants: grants.get("canUpdateOwnMetadata") is True)


async def test_a_guest_is_refused_and_a_locked_room_says_so(moderated: Server, browser: Browser) -> None:
    mona = await chair(browser, moderated)
    bob = await join(browser, moderated.url, "Bob", ROOM)
    line = mona.page.get_by_test_id("waiting-person").filter(has_text="Bob")
    await line.get_by_test_id("refuse").click()
    await expect(bob.page.locator("[data-part=summary]")).to_contain_text("A moderator did not let you in")

    await mona.page.get_by_test_id("rule-locked").check()
    cid = await new_page(browser)
    await cid.goto(moderated.url)
    await cid.get_by_test_id("join-name").fill("Cid")
    await cid.get_by_test_id("join-room").fill(ROOM)
    await cid.get_by_test_id("join-button").click()
    await expect(cid.get_by_test_id("error")).to_contain_text("the room is locked")
