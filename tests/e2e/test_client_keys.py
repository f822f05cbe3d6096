"""Keys that do what buttons do, and are nobody's while somebody writes."""

from __future__ import annotations

from playwright.async_api import Browser, expect

from tests.e2e.browser import join
from tests.e2e.serving import Server


async def test_keys_act_except_while_writing(shared_server: Server, shared_browser: Browser) -> None:
    page = (await join(shared_browser, shared_server.url, "Ada", "keys")).page
    microphone, chat = page.get_by_test_id("mic-button"), page.get_by_test_id("chat-panel")
    await expect(microphone).to_have_text("Mute")
    await page.keyboard.press("m")
    await expect(microphone).to_have_text("Unmute")
    await expect(page.get_by_test_id("news")).to_have_text("You are muted.")

    await page.keyboard.press("c")
    await expect(page.get_by_test_id("chat-text")).to_be_focused()
    await page.keyboard.type("mmm lcp?")
    await expect(page.get_by_test_id("chat-text")).to_have_value("mmm lcp?")
    await expect(microphone).to_have_text("Unmute")
    await expect(page.get_by_test_id("keys")).to_be_hidden()
    await page.keyboard.press("Escape")
    await expect(chat).to_be_hidden()
    await expect(page.get_by_test_id("chat-button")).to_be_focused()

    await page.keyboard.press("?")
    keys = page.get_by_test_id("keys")
    await expect(keys).to_contain_text("Mute or unmute")
    await page.keyboard.press("m")
    await keys.get_by_label("Use these keys").uncheck()
    await page.keyboard.press("Escape")
    await expect(keys).to_be_hidden()
    await page.keyboard.press("c")
    await page.keyboard.press("m")
    await expect(chat).to_be_hidden()
    await expect(microphone).to_have_text("Unmute")


async def test_the_space_bar_talks_while_it_is_held(shared_server: Server, shared_browser: Browser) -> None:
    page = (await join(shared_browser, shared_server.url, "Ada", "talk")).page
    microphone, news = page.get_by_test_id("mic-button"), page.get_by_test_id("news")
    await expect(microphone).to_have_text("Mute")
    await microphone.click()
    await expect(microphone).to_have_text("Unmute")
    # The button that was clicked has the focus, and is not pressed by it.
    await page.keyboard.down(" ")
    await expect(microphone).to_have_text("Mute")
    await expect(news).to_have_text("You are heard while you hold the space bar.")
    await page.keyboard.down(" ")  # held: it repeats
    await page.keyboard.up(" ")
    await expect(microphone).to_have_text("Unmute")
    await expect(news).to_have_text("You are muted again.")

    # Reached by keys, a button is pressed by the same bar.
    await page.keyboard.press("Tab")
    await expect(page.get_by_test_id("camera-button")).to_be_focused()
    await page.keyboard.press(" ")
    await expect(page.get_by_test_id("camera-button")).to_have_text("Start video")
    await expect(microphone).to_have_text("Unmute")
    await page.get_by_test_id("chat-button").click()
    await page.keyboard.type("a b")
    await expect(page.get_by_test_id("chat-text")).to_have_value("a b")
    await expect(microphone).to_have_text("Unmute")
