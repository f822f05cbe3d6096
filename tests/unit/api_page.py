"""Writes the methods of the server API into docs/protocol.md: `python -m tests.unit.api_page`."""

from __future__ import annotations

from pathlib import Path

from server.api.twirp.methods import REFUSED, ROOM_SERVICE, SERVED

PAGE = Path(__file__).parents[2] / "docs" / "protocol.md"
BEGIN = "<!-- written by: python -m tests.unit.api_page -->\n"
END = "<!-- written until here -->\n"


def written() -> str:
    """The part of the page between the marks."""
    served = "".join(f"| `{name}` | `{one.grant.value}` | {one.does} |\n" for name, one in SERVED.items())
    refused: dict[tuple[str, str], list[str]] = {}
    for (service, method), one in REFUSED.items():
        whose = service if service != ROOM_SERVICE else f"{service}: `{method}`"
        refused.setdefault((whose, one.why), []).append(f"`{method}`")
    lines = "".join(
        f"| {whose if ':' in whose else f'{whose}: ' + ', '.join(methods)} | {why} |\n"
        for (whose, why), methods in refused.items()
    )
    return (
        f"\n| RoomService | Grant | What it does |\n|---|---|---|\n{served}"
        f"\n| Refused | Why |\n|---|---|\n{lines}\n"
    )


def main() -> None:
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(before + BEGIN + written() + END + after, "utf-8")


if __name__ == "__main__":
    main()
