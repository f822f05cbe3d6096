"""Writes the tables of docs/ledger.md from the declaration: `python -m tests.unit.ledger_page`."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Column

from server.config import Metadata
from server.metadata.database import tables
from server.metadata.declared import GROUNDS, Purpose
from server.metadata.described import FieldDescription, RowDescription, rows

PAGE = Path(__file__).parents[2] / "docs" / "ledger.md"
MARK = "<!-- from here on written by: python -m tests.unit.ledger_page -->\n"


WIDTH = 119
SHORT = 8
"""More words than that are listed at the end of the page, once."""


def written() -> str:
    """The part of the page after the mark."""
    fields = [field for row in rows() for field in row.fields]
    used = {field.declared.purpose for field in fields}
    lists = {field.vocabulary: field.words for field in fields if len(field.words) > SHORT}
    return "".join(
        (
            "\n| Purpose | In words | Legal ground (GDPR) |\n|---|---|---|\n",
            *(
                f"| {one.name.lower()} | {one.value} | {GROUNDS[one].value} |\n"
                for one in Purpose
                if one in used
            ),
            *map(_table, rows()),
            "\n### Columns\n\n| Table | Column | What it is |\n|---|---|---|\n",
            *(f"| `{column.table.name}` | `{column.name}` | {_is(column)} |\n" for column in columns()),
            *(f"\n### {name}\n\n{_wrapped(_listed(words))}\n" for name, words in sorted(lists.items())),
        )
    )


def columns() -> list[Column[Any]]:
    """Every column of every table of a ledger."""
    return [column for table in tables.sorted_tables for column in table.columns]


def _is(column: Column[Any]) -> str:
    if column.doc:
        return column.doc
    told = column.table.name == "connections"
    return "the field of that name, told again" if told else "the field of that name, to search by"


def _table(row: RowDescription) -> str:
    setting = row.expiry.value
    days = msgspec.structs.asdict(Metadata())[setting]
    kept = f"Class {row.expiry.name.lower()}: deleted after `{setting}`, {days} days unless set."
    head = f"\n### `{row.name}`\n\n{_wrapped(f'{row.says} {kept}')}\n"
    if not row.fields:
        return head + "\nIt has no fields.\n"
    of_people = any(field.name == "identity" for field in row.fields)
    lines = "".join(_line(field, of_people=of_people) for field in row.fields)
    return (
        f"{head}\n| Field | Holds | Purpose | Legal ground | Who may see it |\n|---|---|---|---|---|\n{lines}"
    )


def _line(field: FieldDescription, *, of_people: bool) -> str:
    declared = field.declared
    cells = (
        f"`{field.name}`",
        _holds(field),
        declared.purpose.name.lower(),
        declared.ground.value,
        ("the person it is about, " if of_people else "") + declared.audience.value,
    )
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |\n"


def _holds(field: FieldDescription) -> str:
    if len(field.words) > SHORT:
        return f"{field.holds} of [{field.vocabulary}](#{field.vocabulary.lower()})"
    if field.words:
        return f"{field.holds}: {_listed(field.words)}"
    said, of_form, pattern = field.holds.partition(" of the form ")
    return f"{said}{of_form}`{pattern}`" if of_form else said


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def main() -> None:
    kept = PAGE.read_text("utf-8").partition(MARK)[0]
    PAGE.write_text(kept + MARK + written(), "utf-8")


if __name__ == "__main__":
    main()
