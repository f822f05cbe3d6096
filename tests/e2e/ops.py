"""Operators at the console in a real browser, and what axe says of the pages."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, StorageState, expect

from tests.e2e.serving import COMMAND, ROOT, Server

PASSWORD = "correct horse battery"
ROLES = {"grace": "viewer", "priya": "privacy-officer", "adam": "admin"}
_AXE = ROOT / "client_demo/node_modules/axe-core/axe.min.js"
_FOUND = """
async () => {
  const found = await axe.run(document, { resultTypes: ['violations'] });
  return found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(' | ')}`);
}
"""


def name_operators(directory: Path) -> None:
    """Grace looks, Priya answers for privacy, Adam names operators."""
    for name, role in sorted(ROLES.items(), key=lambda one: one[1] != "admin"):
        words = [str(COMMAND), "operator", "add", name, "--role", role, "--password-stdin"]
        words += ["--operator", "adam"]
        subprocess.run(words, cwd=directory, input=PASSWORD + "\n", text=True, check=True)


def address(server: Server, path: str = "") -> str:
    return f"{server.url}/console/{path}"


_signed_in: dict[tuple[str, str, str], StorageState] = {}
"""By server, name and reason. All tests come from one address, which may not sign in as often as they
would."""


async def operator(
    browser: Browser, server: Server, name: str = "grace", reason: str = "Support", **options: Any
) -> Page:
    """Somebody who is signed in and has said why; goes on with the session that an earlier test has left."""
    who = (server.url, name, reason)
    context = await browser.new_context(
        timezone_id="Europe/Berlin", locale="en-GB", storage_state=_signed_in.get(who), **options
    )
    page = await context.new_page()
    heading = page.get_by_role("heading", level=1)
    await page.goto(address(server))
    if await heading.inner_text() == "Sign in":
        await sign_in(page, server, name)
        await page.get_by_role("radio", name=reason).check()
        await page.get_by_role("button", name="Continue").click()
        _signed_in[who] = await context.storage_state()
    await expect(heading).to_have_text("Overview")
    return page


async def sign_in(page: Page, server: Server, name: str, password: str = PASSWORD) -> None:
    await page.goto(address(server))
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Sign in").click()


async def accessible(page: Page) -> None:
    """Axe finds nothing. Through the protocol of the browser: the page itself lets no such script in."""
    await page.evaluate(await asyncio.to_thread(_AXE.read_text, "utf-8"))
    found = await page.evaluate(_FOUND)
    assert found == [], found
