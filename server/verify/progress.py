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
    """Told what is done now, and how many there are."""

    def __call__(self, done: int, total: int, what: str) -> None: ...


@contextmanager
def shown(section: str) -> Iterator[Step]:
    """Progress through one section."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _plain(console, section)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[what]}"),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(section, what="")

        def step(done: int, total: int, what: str) -> None:
            bar.update(task, completed=done, total=total, what=what)

        yield step


def _plain(console: Console, section: str) -> Step:
    told = -1

    def step(done: int, total: int, what: str) -> None:
        nonlocal told
        part = done * _LINES // max(total, 1)
        if part != told:
            told = part
            console.print(f"{section}: {done} of {total}", highlight=False, soft_wrap=True)

    return step
