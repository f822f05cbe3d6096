"""Every reason for which a request about somebody's rows is refused stands in the documentation."""

from __future__ import annotations

from pathlib import Path

from server.api.refusals import Code
from server.metadata.refusals import RefusalCode
from server.metadata.words import Answer

DOCS = Path(__file__).parents[2] / "docs"


def section(page: str, heading: str) -> str:
    return (DOCS / page).read_text().partition(heading)[2].partition("\n## ")[0]


def first_column(text: str, title: str) -> set[str]:
    """Of the table whose head begins with `title`."""
    lines = text.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith(f"| {title} |"))
    found: set[str] = set()
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            return found
        found |= {word.strip(" `") for word in line.split("|")[1].split(",")}
    return found


def test_every_code_of_the_api_is_in_the_table_and_no_other() -> None:
    table = first_column(section("receipt.md", "## When it is refused"), "`code`")
    assert table == {*Code, *RefusalCode}


def test_every_code_of_the_command_is_in_the_table_and_no_other() -> None:
    page = (DOCS / "privacy.md").read_text()
    assert first_column(page, "`--code`") == {one for one in Answer if one is not Answer.DONE}
    assert first_column(page, "Code") == set(RefusalCode)
