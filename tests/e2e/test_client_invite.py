"""The dialog to invite others: the link, and the same as a QR code that any phone reads."""

from __future__ import annotations

import segno
from playwright.async_api import Browser, expect

from tests.e2e.axe import violations
from tests.e2e.browser import join
from tests.e2e.serving import Server

MODULES = """
(path) => {
  const size = path.ownerSVGElement.viewBox.baseVal.width;
  const found = path.getAttribute('d').matchAll(/M([0-9]+) ([0-9]+)/g);
  const dark = new Set(Array.from(found, ([, x, y]) => `${x},${y}`));
  const each = Array.from({ length: size }, (_, index) => index);
  return each.map((y) => each.map((x) => Number(dark.has(`${x},${y}`))));
}
"""
QUIET_ZONE = 4
# Characters that version 4-M of ISO/IEC 18004 holds: libraries fill what is left over differently.
FULL = 62


def codes_of(link: str) -> list[list[list[int]]]:
    """The QR codes of this text, as another library makes them: with each of the eight masks."""
    made = [segno.make_qr(link, error="m", mask=mask, boost_error=False) for mask in range(8)]
    return [[list(row) for row in code.matrix_iter(border=QUIET_ZONE)] for code in made]


async def test_others_are_invited_by_link_and_code(shared_server: Server, shared_browser: Browser) -> None:
    start = f"{shared_server.url}/#room="
    room = "x" * (FULL - len(start))
    page = (await join(shared_browser, shared_server.url, "Ada", room)).page
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.get_by_test_id("invite-button").click()
    dialog, link = page.get_by_test_id("invite"), start + room
    await expect(dialog.get_by_test_id("invite-link")).to_have_value(link)
    await expect(dialog.get_by_test_id("invite-code")).to_be_visible()
    modules = await dialog.locator("[data-part=invite-code]").evaluate(MODULES)
    assert modules in codes_of(link)
    assert await violations(page) == []

    await dialog.get_by_test_id("invite-copy").click()
    await expect(dialog.get_by_test_id("invite-outcome")).to_have_text("Copied.")
    assert await page.evaluate("navigator.clipboard.readText()") == link
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await expect(page.get_by_test_id("invite-button")).to_be_focused()
