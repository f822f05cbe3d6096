"""What the documentation links to is there, headings included."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
_LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s]+)\)")


def _anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings: lower case, words joined by hyphens, other signs left out."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in _LINK.findall(page.read_text("utf-8")):
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        if anchor:
            assert anchor in _anchors(target), link


def test_every_page_is_linked_from_the_start_page_or_from_the_page_for_operators() -> None:
    linked = {
        link.partition("#")[0].removeprefix("docs/")
        for page in (ROOT / "README.md", ROOT / "docs" / "operations.md", ROOT / "docs" / "hosting.md")
        for link in _LINK.findall(page.read_text("utf-8"))
    }
    assert {page.name for page in (ROOT / "docs").glob("*.md")} <= linked
