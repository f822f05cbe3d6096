"""How far it is, on standard error: a bar on a terminal, else a plain line now and then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

_LINES = 5
"""Plain lines per section."""


class Step(Protocol):
    """Told what is done now, of which section, and how many there are."""

    def __call__(self, section: str, done: int, total: int, what: str) -> None: ...


@contextmanager
def shown() -> Iterator[Step]:
    """Progress, one section after the other."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _plain(console)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[what]}"),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None, what="")

        def step(section: str, done: int, total: int, what: str) -> None:
            bar.update(task, description=section, completed=done, total=total, what=what)

        yield step


def _plain(console: Console) -> Step:
    told = ("", -1)

    def step(section: str, done: int, total: int, what: str) -> None:
        nonlocal told
        now = (section, done * _LINES // max(total, 1))
        if now != told:
            told = now
            console.print(f"{section}: {done} of {total}", highlight=False, soft_wrap=True)

    return step
