"""The page encrypts: who has the key sees and hears, who has another is told, and the server gets no key."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from livekit import rtc
from playwright.async_api import Browser, Page, Request, WebSocket, expect

from tests.e2e.axe import violations
from tests.e2e.browser import Participant, eventually, new_page
from tests.e2e.client_page import REMEMBER_VIOLATIONS
from tests.e2e.encrypted import encrypted_user
from tests.e2e.serving import Server

KEY = "mOLrgJgKv0wZ5ZkzVt5NTA"
WRONG = "another-key-than-theirs"


@dataclass
class Sent:
    """Everything that pages have sent over HTTP and WebSockets, as text."""

    texts: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("request", self._note)
        page.on("websocket", self._follow)

    def _follow(self, socket: WebSocket) -> None:
        self.texts.append(socket.url)
        socket.on(
            "framesent", lambda frame: self.texts.append(frame if isinstance(frame, str) else repr(frame))
        )

    def _note(self, request: Request) -> None:
        self.texts += [request.url, repr(request.headers), request.post_data or ""]


async def enter(
    browser: Browser,
    address: str,
    name: str,
    room: str = "",
    *,
    encrypt: bool = False,
    sent: Sent | None = None,
) -> Participant:
    """Through the join page at an address, which may be an invitation."""
    page = await new_page(browser, REMEMBER_VIOLATIONS)
    if sent is not None:
        sent.watch(page)
    await page.goto(address)
    await page.get_by_test_id("join-name").fill(name)
    if room:
        await page.get_by_test_id("join-room").fill(room)
    if encrypt:
        await page.get_by_test_id("encrypt").check()
    await page.get_by_test_id("join-button").click()
    await page.get_by_test_id("leave-button").wait_for()
    return Participant(page, name)


async def invitation(person: Participant) -> str:
    return await person.page.locator("[data-part=link]").input_value()


def key_of(link: str) -> str:
    (key,) = parse_qs(urlsplit(link).fragment)["key"]
    return key


# Fake cameras are green. A decoder without the key takes ciphertext for a picture now and then: grey noise.
SHOWS_A_CAMERA = """
(tile) => {
  const video = tile.querySelector('video');
  if (!video?.videoWidth) return false;
  const context = Object.assign(document.createElement('canvas'), { width: 8, height: 8 }).getContext('2d');
  context.drawImage(video, 0, 0, 8, 8);
  const { data } = context.getImageData(0, 0, 8, 8);
  let greener = 0;
  for (let at = 0; at < data.length; at += 4) greener += data[at + 1] - Math.max(data[at], data[at + 2]);
  return greener / 64 > 40;
}
"""


async def frames(person: Participant) -> int:
    return sum(stream.frames for stream in await person.inbound())


async def write(person: Participant, text: str) -> None:
    if not await person.page.get_by_test_id("chat-panel").is_visible():
        await person.page.get_by_test_id("chat-button").click()
    await person.page.get_by_test_id("chat-text").fill(text)
    await person.page.get_by_test_id("chat-text").press("Enter")


def found_below(directory: Path, text: str) -> list[str]:
    return [
        path.name for path in directory.rglob("*") if path.is_file() and text.encode() in path.read_bytes()
    ]


async def test_who_has_the_key_is_in_the_call_and_who_has_another_is_told(
    shared_server: Server, shared_browser: Browser
) -> None:
    sent = Sent()
    url = shared_server.url
    ada = await enter(shared_browser, url, "Ada", "sealed-page", encrypt=True, sent=sent)
    link = await invitation(ada)
    key = key_of(link)
    assert re.fullmatch(r"[A-Za-z0-9_-]{22,}", key), "128 bits or more"
    bob = await enter(shared_browser, link, "Bob", sent=sent)
    await ada.sees(1)
    await ada.hears(1)
    await bob.sees(1)
    await bob.hears(1)
    for person in (ada, bob):
        await expect(person.page.get_by_test_id("encryption-state")).to_have_text("Encrypted end to end")
        await expect(person.page.get_by_test_id("tile-lock")).to_have_text(["encrypted end to end"] * 2)
        assert key not in person.page.url
        assert await person.page.evaluate("window.violationsOfThisPage") == []

    cy = await enter(shared_browser, link.replace(key, WRONG), "Cy")
    differ = cy.page.get_by_test_id("keys-differ")
    await expect(differ).to_contain_text("You cannot see or hear Ada and Bob: your key differs from theirs.")
    await expect(ada.page.get_by_test_id("keys-differ")).to_contain_text("cannot see or hear Cy: your key")
    await write(ada, "for those with the key")
    await expect(bob.page.get_by_test_id("unread")).to_have_text("1")
    assert await frames(cy) == 0
    await expect(cy.page.get_by_test_id("unread")).to_be_hidden()
    assert await violations(cy.page) == []

    await cy.page.get_by_test_id("other-key").click()
    assert await violations(cy.page) == []
    await cy.page.get_by_test_id("call-key").fill(key)
    await cy.page.get_by_test_id("use-key").click()
    await cy.sees(2)
    await cy.hears(2)
    await ada.sees(2)
    await expect(differ).to_be_hidden()
    await expect(ada.page.get_by_test_id("keys-differ")).to_be_hidden()
    await write(ada, "for everybody")
    await expect(cy.page.get_by_test_id("unread")).to_have_text("1")
    await cy.page.get_by_test_id("chat-button").click()
    await expect(cy.page.get_by_test_id("chat-message")).to_contain_text("for everybody")
    await expect(cy.page.get_by_test_id("chat-message")).not_to_contain_text("not encrypted")

    assert not [text for text in sent.texts if key in text]
    assert any("/api/guest-token" in text for text in sent.texts)
    assert any("a=fingerprint:" in text for text in sent.texts), "what goes over the WebSocket is looked at"
    assert found_below(shared_server.directory, key) == []
    assert found_below(shared_server.directory, "sealed-page") != [], "the ledger is among what was searched"


async def test_a_desktop_app_with_the_same_key_is_in_the_call(
    shared_server: Server, shared_browser: Browser
) -> None:
    room = "sealed-with-desk"
    ada = await enter(shared_browser, f"{shared_server.url}/#room={room}&key={KEY}", "Ada")
    async with encrypted_user(shared_server, shared_server.token(room, "desk"), KEY.encode()) as desk:
        await desk.publish(rtc.VideoCodec.VP8)
        await ada.sees(1)
        await ada.hears(1)

        async def decoded() -> tuple[int, float]:
            return desk.others, desk.tone + desk.noise

        await eventually(decoded, lambda now: now[0] > 10 and now[1] > 1)
        await ada.page.get_by_test_id("hand-button").click()

        async def read() -> list[bytes]:
            return desk.data

        await eventually(read, lambda now: b'{"hand":"up","for":0}' in now)
        await expect(ada.page.get_by_test_id("encryption-state")).to_have_text("Encrypted end to end")


async def test_a_reload_goes_on_with_the_key(shared_server: Server, shared_browser: Browser) -> None:
    """At the join page and in the call, without a key in the address; leaving keeps it for coming back."""
    page = await new_page(shared_browser)
    await page.goto(f"{shared_server.url}/?moderate#room=garden&key={WRONG}")
    await expect(page.get_by_test_id("join-key")).to_have_value(WRONG)
    assert page.url == f"{shared_server.url}/?moderate#room=garden&key="
    await page.reload()
    await expect(page.get_by_test_id("encrypt")).to_be_checked()
    await expect(page.get_by_test_id("join-key")).to_have_value(WRONG)
    assert await page.evaluate("localStorage.length + sessionStorage.length") == 0

    ada = await enter(shared_browser, f"{shared_server.url}/#room=garden&key={WRONG}", "Ada")
    await ada.page.reload()
    await expect(ada.page.get_by_test_id("join-key")).to_have_value(WRONG)
    # Another room is another call.
    await ada.page.goto(f"{shared_server.url}/#room=elsewhere&key=")
    await expect(ada.page.get_by_test_id("join-room")).to_have_value("elsewhere")
    await expect(ada.page.get_by_test_id("join-key")).to_have_value("")
    await ada.page.get_by_test_id("join-name").fill("Ada")
    await ada.page.get_by_test_id("join-button").click()
    await expect(ada.page.get_by_test_id("error")).to_contain_text("Type the key")


async def test_a_key_in_the_query_is_none(shared_server: Server, shared_browser: Browser) -> None:
    page = await new_page(shared_browser)
    await page.goto(f"{shared_server.url}/?room=garden&key={WRONG}")
    await expect(page.get_by_test_id("join-room")).to_have_value("garden")
    await expect(page.get_by_test_id("encrypt")).not_to_be_checked()


async def test_who_does_not_encrypt_is_marked_and_gets_nothing(
    shared_server: Server, shared_browser: Browser
) -> None:
    ada = await enter(shared_browser, shared_server.url, "Ada", "half-sealed", encrypt=True)
    bob = await enter(shared_browser, shared_server.url, "Bob", "half-sealed")
    await ada.sees(1)
    await expect(ada.page.get_by_test_id("encryption-state")).to_have_text("Not everybody encrypts")
    tile = ada.page.get_by_test_id("tile").filter(has_text="Bob")
    await expect(tile.get_by_test_id("tile-lock")).to_have_text("not encrypted end to end")
    await write(bob, "in the clear")
    await ada.page.get_by_test_id("chat-button").click()
    await expect(ada.page.get_by_test_id("chat-message")).to_contain_text("not encrypted end to end")
    await expect(bob.page.get_by_test_id("keys-differ")).to_contain_text("you joined without a key")
    await eventually(lambda: tile.evaluate(SHOWS_A_CAMERA), bool)
    assert not await bob.page.get_by_test_id("tile").filter(has_text="Ada").evaluate(SHOWS_A_CAMERA)


async def test_a_browser_that_cannot_says_so_before_joining(
    shared_server: Server, shared_browser: Browser
) -> None:
    cannot = "delete RTCRtpSender.prototype.createEncodedStreams; delete window.RTCRtpScriptTransform;"
    page = await new_page(shared_browser, cannot)
    await page.goto(f"{shared_server.url}/#room=garden&key={WRONG}")
    await expect(page.get_by_test_id("encryption-hindrance")).to_contain_text(
        "cannot encrypt calls end to end"
    )
    await page.get_by_test_id("join-name").fill("Ada")
    await page.get_by_test_id("join-button").click()
    await expect(page.get_by_test_id("error")).to_contain_text("cannot encrypt calls end to end")
