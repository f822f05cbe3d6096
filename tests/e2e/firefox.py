"""Debian's Firefox over WebDriver BiDi: joins through the page as a person does, with real clicks and keys.

Playwright drives only a Firefox of its own making; the little of BiDi that a call needs is here
(https://w3c.github.io/webdriver-bidi/).
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.e2e.browser import INBOUND, REMEMBER_PEERS, Inbound, Person, eventually

START_SECONDS = 60.0
PATIENCE_SECONDS = 30.0
ANSWER_SECONDS = 30.0
PREFERENCES = {
    "media.navigator.streams.fake": True,
    # Without a permission that lasts, Firefox looks for the way out of the machine only, never at loopback.
    "permissions.default.camera": 1,
    "permissions.default.microphone": 1,
    "media.peerconnection.ice.loopback": True,
    "media.autoplay.default": 0,  # allowed: a test hears without being asked
    # Nothing leaves this machine.
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.systemAddon.update.enabled": False,
    "extensions.update.enabled": False,
    "media.gmp-manager.updateEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "toolkit.telemetry.reportingpolicy.firstRun": False,
}


@dataclass
class Firefox:
    """A browser with one tab; commands are sent one at a time."""

    _socket: aiohttp.ClientWebSocketResponse
    _tab: str = ""
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def command(self, method: str, **params: Any) -> Any:
        """Sends a command and waits for its result."""
        async with self._turn, asyncio.timeout(ANSWER_SECONDS):
            number = next(self._numbers)
            await self._socket.send_json({"id": number, "method": method, "params": params})
            while True:
                answer = await self._socket.receive_json()
                if answer.get("id") == number:
                    break
        assert answer["type"] == "success", (method, answer)
        return answer["result"]

    async def start(self) -> None:
        """Begins the session; pages remember their peer connections from now on."""
        await self.command("session.new", capabilities={})
        await self.command("script.addPreloadScript", functionDeclaration=f"() => {{ {REMEMBER_PEERS} }}")
        self._tab = (await self.command("browsingContext.getTree"))["contexts"][0]["context"]

    async def open(self, url: str) -> None:
        await self.command("browsingContext.navigate", context=self._tab, url=url, wait="complete")

    async def evaluate(self, function: str) -> Any:
        """What a function returns in the page, through JSON."""
        result = await self.command(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({function})()) ?? 'null')()",
            target={"context": self._tab},
            awaitPromise=True,
        )
        assert result["type"] == "success", result
        return json.loads(result["result"]["value"])

    async def click(self, selector: str) -> None:
        """With a pointer, in the middle of the one element, once it is shown and enabled."""
        await eventually(lambda: self.visible(f"{selector}:enabled"), bool, PATIENCE_SECONDS)
        found = await self.command(
            "browsingContext.locateNodes", context=self._tab, locator={"type": "css", "value": selector}
        )
        (node,) = found["nodes"]
        await self.evaluate(f"() => document.querySelector({json.dumps(selector)}).scrollIntoView()")
        origin = {"type": "element", "element": {"sharedId": node["sharedId"]}}
        actions = [
            {"type": "pointerMove", "x": 0, "y": 0, "origin": origin},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        pointer = {"type": "pointer", "id": "mouse", "actions": actions}
        await self.command("input.performActions", context=self._tab, actions=[pointer])

    async def write(self, selector: str, text: str) -> None:
        """Into a field, key by key."""
        await self.click(selector)
        strokes = [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
        keys = {"type": "key", "id": "keyboard", "actions": strokes}
        await self.command("input.performActions", context=self._tab, actions=[keys])

    async def visible(self, selector: str) -> bool:
        found = f"document.querySelector({json.dumps(selector)})"
        return bool(await self.evaluate(f"() => {found}?.checkVisibility() ?? false"))

    async def count(self, selector: str) -> int:
        return int(await self.evaluate(f"() => {_all(selector)}.length"))


def _all(selector: str) -> str:
    """In the words of the page, everything that a selector finds."""
    return f"Array.from(document.querySelectorAll({json.dumps(selector)}))"


@dataclass
class FirefoxParticipant(Person):
    """A person at a Firefox."""

    browser: Firefox
    name: str

    async def inbound(self) -> list[Inbound]:
        return [Inbound(**entry) for entry in await self.browser.evaluate(INBOUND)]

    async def press(self, test_id: str) -> None:
        await self.browser.click(at(test_id))

    async def shows(self, selector: str, shown: bool = True) -> None:
        """Waits until an element is shown, or is not."""
        await eventually(lambda: self.browser.visible(selector), lambda seen: seen is shown, PATIENCE_SECONDS)

    async def reads(self, test_id: str) -> list[str]:
        """The texts of all that carry a test id."""
        return list(await self.browser.evaluate(f"() => {_all(at(test_id))}.map((each) => each.textContent)"))

    async def leave(self) -> None:
        await self.press("leave-button")
        await self.shows(at("join-button"))


def at(test_id: str, more: str = "") -> str:
    """A selector of what carries a test id, `more` narrowing it."""
    return f'[data-testid="{test_id}"]{more}'


async def join(browser: Firefox, url: str, name: str, room: str) -> FirefoxParticipant:
    """Through the join page, by hand."""
    await browser.open(url)
    person = FirefoxParticipant(browser, name)
    await browser.write(at("join-name"), name)
    await browser.write(at("join-room"), room)
    await person.press("join-button")
    await person.shows(at("leave-button"))
    return person


@contextlib.asynccontextmanager
async def firefox() -> AsyncIterator[Firefox]:
    """Headless, with a profile of its own that goes with it."""
    executable = shutil.which("firefox-esr") or shutil.which("firefox")
    if executable is None:
        pytest.fail("Firefox is not installed; scripts/debian.sh installs it where it can")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        preferences = [
            f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()
        ]
        Path(profile, "user.js").write_text("\n".join(preferences))
        log = Path(profile, "output")
        with log.open("wb") as output:
            process = subprocess.Popen(
                [executable, "--headless", "--profile", profile, "--remote-debugging-port", "0"],
                env={**os.environ, "HOME": profile, "MOZ_CRASHREPORTER_DISABLE": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            address = await _address(process, Path(profile, "WebDriverBiDiServer.json"), log)
            async with (
                aiohttp.ClientSession() as session,
                session.ws_connect(f"{address}/session", max_msg_size=0) as socket,
            ):
                running = Firefox(socket)
                await running.start()
                yield running
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


async def _address(process: subprocess.Popen[bytes], written: Path, log: Path) -> str:
    """Where Firefox listens for commands, once it has written that into its profile."""

    async def look() -> dict[str, Any]:
        if process.poll() is not None:
            pytest.fail(f"Firefox left ({process.returncode}):\n{log.read_text(errors='replace')}")
        with contextlib.suppress(OSError, ValueError):
            return dict(json.loads(written.read_text()))
        return {}

    place = await eventually(look, bool, START_SECONDS)
    return f"ws://{place['ws_host']}:{place['ws_port']}"
