"""The desktop application in a call with a page in Chromium, on a screen that is not there."""

from __future__ import annotations

import asyncio
from pathlib import Path

from livekit import rtc
from playwright.async_api import Browser, expect

from tests.e2e.app_window import app_window
from tests.e2e.browser import join
from tests.e2e.encrypted import encrypted_user
from tests.e2e.serving import Server
from tests.e2e.test_client_encryption import enter

KEY = "a-key-that-nobody-guesses"


async def test_app_and_page_see_hear_and_write_to_each_other(
    shared_server: Server, shared_browser: Browser, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    ada = await join(shared_browser, shared_server.url, "Ada", "conservatory")
    async with app_window(shared_server.url, home=home) as app:
        await app.says("What this server guarantees", "✓ Recording is blocked here")
        await app.join("Desk", "conservatory")
        await asyncio.gather(ada.sees(1), ada.hears(1), app.sees("Ada"), app.sees("Desk (you)"), app.hears())
        await app.says("What this server guarantees", "✓ Recording is blocked here")
        await app.says("People", "Ada: microphone on, camera on")
        assert (await app.look())["nameless"] == []

        await app.open_tab("People and chat", 1)
        await app.write("Message", "hello from the desk")
        await app.press("Message", "Key_Return")
        await app.says("Messages", "hello from the desk")
        await ada.page.get_by_test_id("chat-button").click()
        await expect(ada.page.get_by_test_id("chat-message")).to_contain_text("hello from the desk")
        await ada.page.get_by_test_id("chat-text").fill("hello\nfrom the page")
        await ada.page.get_by_test_id("chat-text").press("Enter")
        await app.says("Messages", "    hello\n    from the page")
        await app.open_tab("People and chat", 0)

        await app.click("Mute")
        await app.has("Unmute")
        await ada.page.get_by_test_id("mic-button").click()
        await app.says("People", "Ada: muted, camera on")
        desk = ada.page.get_by_test_id("tile").filter(has_text="Desk")
        await expect(desk.get_by_text("Muted: ")).to_be_visible()

        await app.click("Share screen")
        await app.sees("Your screen")
        await ada.sees(2)
        await app.click("Stop sharing")
        await app.has("Share screen")
        await app.click("Stop video")
        await app.says("People", "Desk (you): muted, camera off")

        await app.click("What this server guarantees")
        await app.says("Evidence", "Signature: Ed25519, checked by this application")
        await app.says("Evidence", "This call: runs on relay")
        await app.close()

        await app.click("Leave")
        await app.says("After the call", "You left “conservatory”")
        await app.says("Summary", "You met 1 other person.")
        await app.says("Kept", "Kept about you in this room:")
        await app.click("Show what is kept")
        await app.says("Entries", "participant left")
        assert await ada.tiles() == 1
        await app.close()
        assert await asyncio.wait_for(app.process.wait(), 15) == 0
    assert [path.name for path in home.rglob("*") if path.is_file()] == []


async def test_an_invitation_with_a_key_leads_into_the_encrypted_call(
    shared_server: Server, shared_browser: Browser
) -> None:
    link = f"{shared_server.url}/#room=sealed-conservatory&key={KEY}"
    ada = await enter(shared_browser, link, "Ada")
    async with app_window(link) as app, app_window(link.replace(KEY, "another-key")) as stranger:
        for window, name in ((app, "Desk"), (stranger, "Stranger")):
            await window.write("Your name", name)
            await window.press("Your name", "Key_Return")
        await asyncio.gather(ada.sees(1), ada.hears(1), app.sees("Ada"), app.hears())
        await app.says("State", "Encrypted end to end.")
        await stranger.says("People", "Ada: microphone on, camera on")
        await app.says("People", "Stranger: ")
        await app.sees("Ada")  # for longer than the first pictures take, in both
        assert not (await stranger.look())["tiles"]["Ada"]
        assert not (await app.look())["tiles"]["Stranger"]
        await app.open_tab("People and chat", 1)
        await app.write("Message", "for those with the key")
        await app.press("Message", "Key_Return")
        await ada.page.keyboard.press("c")
        await expect(ada.page.get_by_test_id("chat-message")).to_contain_text("for those with the key")


async def test_no_devices_no_key_and_a_server_that_vanishes_are_told_in_words(server: Server) -> None:
    async with app_window(server.url, "--without-devices") as app:
        await app.join("Desk", "garden")
        await app.says("Problem", "No microphone and no speakers were found. You can still watch and write.")
        await app.says("Problem", "No camera was found. You can still watch, listen and speak.")
        await app.click("Start video")
        await app.says("Problem", "No camera was found. You can still watch, listen and speak.")
        await app.click("Share screen")
        await app.has("Stop sharing")  # by Qt, from the screen that is not there
        await app.shows("Your screen")
        await app.has("Support code")

        async with encrypted_user(server, server.token("garden", "sealed"), b"a key") as sealed:
            await sealed.publish(rtc.VideoCodec.VP8)
            await app.says("Problem", "sealed encrypts end to end, and you joined without a key")
            await app.says("People", "sealed: microphone on, camera on")
            assert not (await app.look())["tiles"]["sealed"]

        server.kill()
        server.stopped = True
        await app.says("State", "The connection is interrupted. Trying to get it back…")
        await app.click("Leave")  # before the SDK gives up, which ends the call, too
        await app.says("After the call", "You left “garden”")
        await app.says("What this server guarantees", "✕ No evidence right now", 30.0)
        await app.says("Kept", "The server does not say what it keeps about you right now.", 30.0)
        await app.click("Join")
        await app.says("Problem", "The server cannot be reached.")
