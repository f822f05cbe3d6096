"""docs/ledger.md is what the declaration says: rows, fields, bounds, purposes, grounds, expiry, audience."""

from __future__ import annotations

from server.metadata.described import rows
from server.metadata.event import EVENT_TYPES, declarations, name_of
from tests.unit import ledger_page


def test_the_page_is_written_from_the_declaration() -> None:
    """Written again by `python -m tests.unit.ledger_page`."""
    assert ledger_page.PAGE.read_text("utf-8").partition(ledger_page.MARK)[2] == ledger_page.written()


def test_every_row_says_what_it_is_and_describes_every_field() -> None:
    described = {row.name: row for row in rows()}
    assert set(described) == set(map(name_of, EVENT_TYPES))
    for kind in EVENT_TYPES:
        row = described[name_of(kind)]
        assert row.says.endswith("."), row.name
        assert {field.name: field.declared for field in row.fields} == declarations(kind)
        assert all(field.holds for field in row.fields)


def test_a_field_with_another_purpose_changes_the_page() -> None:
    written = ledger_page.written()
    assert "| `sdk` | a word of [Sdk](#sdk) | compatibility | legitimate interest, art. 6(1)(f) |" in written
    assert "deleted after `detail_days`, 7 days unless set" in written
