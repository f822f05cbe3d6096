"""`offrecord verify`: attacks the lock, on a process that nobody needs.

The attacks run in a process of their own, in throw-away namespaces where the machine allows them. This side
counts, and knows which open ends are documented.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

import server
from server.control.messages import Level
from server.errors import OperatorError
from server.verify.report import REFUSED_AT_BIRTH, Report, Tried, summarise

SECONDS = 120.0
"""Bound of the whole; it takes a fifth of that."""
_LONGEST_LINE = 64 * 1024


class VerifyError(OperatorError):
    """The attacks could not be run, so nothing is known."""


class _SilentError(Exception):
    """The process that runs the attacks said nothing, on its standard output at least."""


class _Outcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    worked: bool
    how: str
    level: int


class _Alive(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    serve: _Outcome
    attacks: int = 0


class _Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    attack: str
    group: str
    host_measure: str | None
    from_before: bool  # the attack leaves itself something from before the lock
    control: _Outcome
    locked: _Outcome | None


ProgressOf = Callable[[Tried, int], None]
"""Told each attack and how many there are."""


async def _start(scratch: Path, left_out: frozenset[str]) -> asyncio.subprocess.Process:
    environment = {
        "PATH": os.defpath,
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": str(Path(server.__file__).parent.parent),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "server.verify.warden", str(scratch), *sorted(left_out)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=_LONGEST_LINE,
        cwd="/",
        env=environment,
    )


def _born(line: bytes, when: str) -> _Alive:
    """A process that does nothing wrong must live, or the failures of all others mean nothing."""
    alive = msgspec.json.decode(line, type=_Alive)
    if not alive.serve.worked:
        raise VerifyError(f"{when}, a locked process that does nothing wrong did not live: {alive.serve.how}")
    return alive


def _tried(line: bytes) -> Tried:
    one = msgspec.json.decode(line, type=_Line)
    locked = one.locked
    if locked is not None and locked.how.startswith(REFUSED_AT_BIRTH) and not one.from_before:
        raise VerifyError(f"{one.attack} was {locked.how}, though it brought nothing from before the lock")
    return Tried(
        one.attack,
        one.group,
        one.control.worked,
        one.control.how,
        locked is not None and locked.worked,
        locked.how if locked is not None else "",
        one.host_measure,
    )


async def _collect(warden: asyncio.subprocess.Process, progress: ProgressOf | None) -> Report:
    assert warden.stdout is not None, "it is a pipe"
    first = await warden.stdout.readline()
    if not first:
        raise _SilentError
    alive = _born(first, "before the attacks")
    tried: list[Tried] = []
    for _ in range(alive.attacks):
        one = _tried(await warden.stdout.readline())
        tried.append(one)
        if progress is not None:
            progress(one, alive.attacks)
    _born(await warden.stdout.readline(), "after the attacks")
    return summarise(Level(alive.serve.level), tried)


def _scratch() -> Path:
    """The mount point; what is mounted there has its own rights."""
    scratch = Path(tempfile.mkdtemp(prefix="offrecord-verify-"))
    scratch.chmod(0o755)
    return scratch


async def run(progress: ProgressOf | None = None, left_out: frozenset[str] = frozenset()) -> Report:
    """All attacks, each without the lock and with it. Raises VerifyError when nothing can be known.

    `left_out` are layers that the lock goes without ("limits", "identity", "landlock", "seccomp"), for
    tests that show that a missing one is noticed.
    """
    scratch = _scratch()
    try:
        warden = await _start(scratch, left_out)
        assert warden.stderr is not None, "it is a pipe"
        complaint = asyncio.create_task(warden.stderr.read(_LONGEST_LINE))
        try:
            return await asyncio.wait_for(_collect(warden, progress), SECONDS)
        except (TimeoutError, ValueError, msgspec.MsgspecError) as error:
            raise VerifyError("the process that runs the attacks did not finish them") from error
        except _SilentError:
            last = (await complaint).decode("utf-8", "replace").strip().rpartition("\n")[2]
            raise VerifyError(f"the process that runs the attacks did not start: {last}") from None
        finally:
            if warden.returncode is None:
                warden.kill()
            await warden.wait()
            await complaint
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _print(report: Report, tried: list[Tried]) -> None:
    console = Console()
    console.print(f"A disposable relay, level [bold]{report.level}[/bold]")
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("attack", "without the lock", "with the lock"):
        table.add_column(heading)
    group = ""
    for one in tried:
        if one.group != group:
            group = one.group
            table.add_section()
            table.add_row(f"[bold]{group}[/bold]")
        locked = f"[red]{one.locked}[/red]" if one.locked_worked else one.locked
        table.add_row(_plain(one.attack), one.control, locked)
    console.print(table)
    console.print(
        f"{report.tried} tried, {report.control_worked} work without the lock, "
        f"{report.blocked} of these are blocked, {len(report.open)} are open."
    )
    for found in report.open:
        known = f"known; closed by: {found.host_measure}" if found.documented else "NOT DOCUMENTED"
        console.print(f"  open: {_plain(found.attack)} ({known})")


async def _run_with_bar() -> Report:
    tried: list[Tried] = []
    columns = (TextColumn("attacking a disposable relay"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("")

        def step(one: Tried, total: int) -> None:
            tried.append(one)
            bar.update(task, completed=len(tried), total=total)

        report = await run(step)
    _print(report, tried)
    return report


def main(json: bool) -> int:
    """The exit status: 0 when nothing is open but what is documented. Raises VerifyError."""
    if not json:
        return 0 if asyncio.run(_run_with_bar()).holds else 1
    report = asyncio.run(run())
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n")
    return 0 if report.holds else 1
