"""Writes the tables of docs/lock.md from the policy: `python -m tests.promise.lock_page`."""

from __future__ import annotations

import platform
from itertools import groupby
from pathlib import Path

from server import _native

PAGE = Path(__file__).parents[2] / "docs" / "lock.md"
MARK = "<!-- from here on written by: python -m tests.promise.lock_page -->\n"
ARCHITECTURE = "x86_64"
"""The one that is written down; others differ in numbers and in old calls they never had."""
_TITLES = {
    "stage_0": "Stage 0: seems absent from the first moment on",
    "allowed": "Allowed",
    "absent": "Seems absent after the lock",
    "tripwires": "Tripwires: the relay is killed",
}


def applies() -> bool:
    return platform.machine() == ARCHITECTURE


def _condition(one: tuple[int, int, str, int, int]) -> str:
    argument, bits, test, mask, value = one
    if test == "own_pid":
        return f"argument {argument} is its own process id"
    whole = mask == (1 << bits) - 1
    name = f"argument {argument}" if whole else f"argument {argument} & {mask:#x}"
    return f"{name} {'is not' if test == 'not' else 'is'} {value:#x}"


def _when(rule: _native.PolicyRule) -> str:
    return "; or ".join(" and ".join(map(_condition, checks)) for checks in rule.any) or "always"


def _why(rule: _native.PolicyRule) -> str:
    return f"{rule.reason}. Not seen in a call: {rule.unseen}" if rule.unseen else rule.reason


def written() -> str:
    """The part of the page after the mark."""
    parts = [f"\nDigest on {ARCHITECTURE}: `{_native.filter_digest().hex()}`\n"]
    for name, rules in groupby(_native.policy(), lambda rule: rule.table):
        parts.append(f"\n### {_TITLES[name]}\n\n| Call | When | Why |\n|---|---|---|\n")
        parts += [f"| `{rule.name}` | {_when(rule)} | {_why(rule)} |\n" for rule in rules]
    return "".join(parts)


def main() -> None:
    kept = PAGE.read_text("utf-8").partition(MARK)[0]
    PAGE.write_text(kept + MARK + written(), "utf-8")


if __name__ == "__main__":
    main()
