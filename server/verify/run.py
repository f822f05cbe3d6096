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
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

import server
from server.control.messages import Level
from server.errors import OperatorError
from server.verify import settings, show, untested
from server.verify.layers import WHOLE, Layers
from server.verify.measures import MEASURES
from server.verify.planted.plants import GROUP, PLANTS
from server.verify.progress import shown
from server.verify.report import REFUSED_AT_BIRTH, Report, summarise
from server.verify.strangers.attempts import ATTEMPTS
from server.verify.strangers.attempts import GROUP as STRANGERS
from server.verify.strangers.wire import Attempted
from server.verify.wire import NO_CALL, Alive, Line, Measured, Plan, Planted

SECONDS: Final = 120.0
"""Bound of the whole; it takes a tenth of that."""
MATRIX_SECONDS: Final = 900.0
"""The same with the matrix, which has seventeen times as many runs."""
_LONGEST_LINE = 64 * 1024


class VerifyError(OperatorError):
    """The attacks could not be run, so nothing is known."""


class _SilentError(Exception):
    """The process that runs the attacks said nothing, on its standard output at least."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for on the command line."""

    only: tuple[str, ...] = ()  # names of attacks and recorders; none: all
    matrix: bool = False
    host_settings: bool = False


ProgressOf = Callable[[Line | Planted, int], None]
"""Told each attack and each recorder, and how many there are."""


async def _last_words(process: asyncio.subprocess.Process) -> str:
    """The last line of what it complains of."""
    assert process.stderr is not None, "it is a pipe"
    kept = b""
    while more := await process.stderr.read(_LONGEST_LINE):
        kept = (kept + more)[-_LONGEST_LINE:]
    return kept.decode("utf-8", "replace").strip().rpartition("\n")[2]


@asynccontextmanager
async def helper(module: str, plan: msgspec.Struct) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process of ours with a clean environment that is told a plan and says lines; ended at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", module, msgspec.json.encode(plan).decode()),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=_LONGEST_LINE,
        cwd="/",
        env={
            "PATH": os.defpath,
            "LC_ALL": "C.UTF-8",
            "PYTHONPATH": str(Path(server.__file__).parent.parent),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
    )
    complaint = asyncio.create_task(_last_words(process))
    try:
        yield process
    except _SilentError:
        raise VerifyError(f"the process that runs the attacks did not start: {await complaint}") from None
    except (TimeoutError, ValueError, msgspec.MsgspecError) as error:
        with suppress(ProcessLookupError):
            process.kill()
        last = await complaint or type(error).__name__
        raise VerifyError(f"the process that runs the attacks did not finish them: {last}") from error
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await complaint


def _born(line: bytes, when: str) -> Alive:
    """A process that does nothing wrong must live, or the failures of all others mean nothing."""
    alive = msgspec.json.decode(line, type=Alive)
    if not alive.serve.worked:
        raise VerifyError(f"{when}, a locked process that does nothing wrong did not live: {alive.serve.how}")
    if alive.lifeless:
        raise VerifyError(f"{when}, a process that does nothing wrong did not live with {alive.lifeless}")
    return alive


def _tried(line: bytes) -> Line:
    one = msgspec.json.decode(line, type=Line)
    locked = one.locked
    if locked is not None and locked.how.startswith(REFUSED_AT_BIRTH) and not one.from_before:
        raise VerifyError(f"{one.attack} was {locked.how}, though it brought nothing from before the lock")
    return one


async def _collect(
    warden: asyncio.subprocess.Process, progress: ProgressOf | None
) -> tuple[int, list[Line], list[Measured]]:
    """The level that was held, what came of each attack, and what is limited only."""
    assert warden.stdout is not None, "it is a pipe"
    first = await warden.stdout.readline()
    if not first:
        raise _SilentError
    alive = _born(first, "before the attacks")
    lines: list[Line] = []
    for _ in range(alive.attacks):
        lines.append(_tried(await warden.stdout.readline()))
        if progress is not None:
            progress(lines[-1], alive.attacks)
    after = _born(await warden.stdout.readline(), "after the attacks")
    limits = [msgspec.json.decode(await warden.stdout.readline(), type=Measured) for _ in range(after.limits)]
    return alive.serve.level, lines, limits


@contextmanager
def _scratch() -> Iterator[Path]:
    """The mount point; what is mounted there has its own rights."""
    scratch = Path(tempfile.mkdtemp(prefix="offrecord-verify-"))
    scratch.chmod(0o755)
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


async def run(
    wanted: Wanted = Wanted(), progress: ProgressOf | None = None, layers: Layers = WHOLE
) -> Report:
    """The attacks, each without the lock and with it. Raises VerifyError when nothing can be known.

    `layers` are fewer than all in tests that show that a missing one is noticed.
    """
    with _scratch() as scratch, settings.put_back() if wanted.host_settings else nullcontext():
        plan = Plan(str(scratch), wanted.only or None, layers, wanted.matrix, wanted.host_settings)
        async with (
            helper("server.verify.warden", plan) as warden,
            asyncio.timeout(MATRIX_SECONDS if wanted.matrix else SECONDS),
        ):
            level, lines, limits = await _collect(warden, progress)
    planted = await plant(wanted, progress) if layers == WHOLE else []
    strangers = await attempt(wanted) if layers == WHOLE else []
    untested_here = untested.everywhere() if not wanted.only else []
    return summarise(
        Level(level),
        lines,
        MEASURES,
        planted,
        untested_here,
        strangers=strangers,
        limits=limits,
        matrix=wanted.matrix,
    )


async def plant(wanted: Wanted, progress: ProgressOf | None = None) -> list[Planted]:
    """The recorders, each in a relay with a call, without the lock and with it. Raises VerifyError."""
    names = [plant.name for plant in PLANTS if not wanted.only or plant.name in wanted.only]
    if not names:
        return []
    found: list[Planted] = []
    with _scratch() as scratch:
        plan = Plan(str(scratch), tuple(names))
        async with helper("server.verify.planted", plan) as gardener, asyncio.timeout(SECONDS):
            assert gardener.stdout is not None, "it is a pipe"
            while len(found) < len(names):
                line = await gardener.stdout.readline()
                if not line:
                    raise _SilentError
                found.append(msgspec.json.decode(line, type=Planted))
                if progress is not None:
                    progress(found[-1], len(names))
    if silent := [one.recorder for one in found if one.control.worked and one.locked.how == NO_CALL]:
        raise VerifyError(f"{silent[0]}: {NO_CALL} with the lock, so nothing is known of it")
    return sorted(found, key=lambda one: names.index(one.recorder))


async def attempt(wanted: Wanted) -> list[Attempted]:
    """What a locked process reaches by its UDP socket, without the host measure and with it.

    Raises VerifyError when nothing can be known: where a participant was cut off, a refusal proves nothing.
    """
    names = [one.name for one in ATTEMPTS if not wanted.only or one.name in wanted.only]
    if not names:
        return []
    with _scratch() as scratch:
        plan = Plan(str(scratch), tuple(names))
        async with helper("server.verify.strangers", plan) as prober, asyncio.timeout(SECONDS):
            assert prober.stdout is not None, "it is a pipe"
            lines = [await prober.stdout.readline() for _ in names]
            if not lines[0]:
                raise _SilentError
            found = [msgspec.json.decode(line, type=Attempted) for line in lines]
    if cut_off := [one.attempt for one in found if not (one.skipped or one.participant_reached)]:
        raise VerifyError(f"{cut_off[0]}: a participant was not reached")
    return found


async def _run_shown(wanted: Wanted) -> tuple[Report, list[Line]]:
    lines: list[Line] = []
    recorders = 0
    with shown() as step:

        def told(one: Line | Planted, total: int) -> None:
            nonlocal recorders
            if isinstance(one, Line):
                lines.append(one)
                step("attacks", len(lines), total, one.attack)
            else:
                recorders += 1
                step("planted recorders", recorders, total, one.recorder)

        return await run(wanted, told), lines


def names() -> list[tuple[str, str]]:
    """Name and group of every attack, recorder and attempt."""
    from server.verify.attacks import ATTACKS

    return [
        *((attack.name, attack.group) for attack in ATTACKS),
        *((plant.name, GROUP) for plant in PLANTS),
        *((one.name, STRANGERS) for one in ATTEMPTS),
    ]


def main(wanted: Wanted, *, json: bool) -> int:
    """The exit status: 0 when nothing is open but what is documented and every recorder was caught, else 1.

    Raises VerifyError when nothing can be known, OperatorError for a name that no attack has.
    """
    unknown = set(wanted.only) - {name for name, _ in names()} if wanted.only else set[str]()
    if unknown:
        raise OperatorError(
            f"no attack is called {', '.join(sorted(unknown))}: offrecord verify --list names them"
        )
    report, lines = asyncio.run(_run_shown(wanted))
    if json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n")
    else:
        show.report(report, lines)
    return 0 if report.holds else 1
