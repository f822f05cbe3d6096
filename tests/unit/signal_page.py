"""Writes what becomes of each signal message into docs/protocol.md: `python -m tests.unit.signal_page`."""

from __future__ import annotations

from pathlib import Path

from server.protocol.requests import MEMBERS, Handled, Ignored, Member

PAGE = Path(__file__).parents[2] / "docs" / "protocol.md"
BEGIN = "<!-- written by: python -m tests.unit.signal_page -->\n"
END = "<!-- written until here by signal_page -->\n"


def _told(member: Member) -> str:
    if isinstance(member, Handled):
        return member.does
    return f"**{'ignored' if isinstance(member, Ignored) else 'refused'}**: {member.why}"


def written() -> str:
    """The part of the page between the marks."""
    lines = "".join(f"| `{name}` | {_told(member)} |\n" for name, member in MEMBERS.items())
    return f"\n| SignalRequest | What becomes of it |\n|---|---|\n{lines}\n"


def main() -> None:
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(before + BEGIN + written() + END + after, "utf-8")


if __name__ == "__main__":
    main()
