"""Each `offrecord` command that the documentation shows exists, with the options that it shows."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from server.cli import app

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_FENCE = re.compile(r"^```[a-z]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`(offrecord [^`]+)`")


def shown(page: Path) -> list[str]:
    """Command lines, without what follows a comment, a pipe or a redirection."""
    text = page.read_text("utf-8")
    lines = [line for block in _FENCE.findall(text) for line in block.splitlines()]
    found = [line for line in lines if line.startswith("offrecord ")] + _INLINE.findall(text)
    return [re.split(r" #|\||>|\[|…|;", line)[0].strip() for line in found]


def understood(line: str) -> None:
    """Fails with what is not there."""
    words = shlex.split(line)[1:]
    command = typer.main.get_command(app)
    while words and words[0] in (below := _below(command)):
        command = below[words.pop(0)]
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    assert {word.split("=")[0] for word in words if word.startswith("-")} <= known, line
    if below := _below(command):
        # A group alone, or several at once: `offrecord subject export|correct` is cut at the bar.
        assert not words, f"{line}: there are {', '.join(below)}"


def _below(command: Any) -> dict[str, Any]:
    """The commands of a group; none for a command. Typer's own kind of click has no public name."""
    return getattr(command, "commands", {})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_is_shown_is_there(page: Path) -> None:
    for line in shown(page):
        understood(line)


def test_commands_are_found_in_the_documentation() -> None:
    assert sum(len(shown(page)) for page in PAGES) > 60
    with pytest.raises(AssertionError):
        understood("offrecord policy check --jason")
    with pytest.raises(AssertionError):
        understood("offrecord polish")
