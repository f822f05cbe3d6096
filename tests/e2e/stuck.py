"""What became of the pages of a test that failed: whether they answer and draw is seen in no other way."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Browser, Error, Page

FAILED = pytest.StashKey[bool]()
"""In the stash of a test that has."""
ANSWER_SECONDS = 5.0
ANSWERS = "document.visibilityState"
DRAWS = "new Promise((drawn) => requestAnimationFrame(() => drawn('draws')))"


async def tell(request: pytest.FixtureRequest, browser: Browser) -> None:
    """Shown beside the failure, by pytest; nothing where there is none."""
    if FAILED not in request.node.stash:
        return
    told: list[str] = []
    for page in [page for context in browser.contexts for page in context.pages]:
        told.append(
            f"{page.url.partition('#')[0]}: {await _asked(page, ANSWERS)}, {await _asked(page, DRAWS)}"
        )
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_text(errors="replace").replace("\0", " ")
            state, *numbers = (process / "stat").read_text(errors="replace").rpartition(") ")[2].split()
        except OSError:
            continue  # it ended meanwhile
        if "--type=" in words:
            kind = words.partition("--type=")[2].partition(" ")[0]
            told.append(
                f"process {process.name}, {kind}: {state}, {int(numbers[10]) + int(numbers[11])} ticks"
            )
    request.node.add_report_section("teardown", "browser", "\n".join(told))


async def _asked(page: Page, question: str) -> str:
    try:
        return str(await asyncio.wait_for(page.evaluate(question), ANSWER_SECONDS))
    except TimeoutError:
        return f"nothing within {ANSWER_SECONDS:g} s"
    except Error as error:
        return error.message
