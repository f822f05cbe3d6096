"""Plants every recorder in a relay of its own, without the lock and with it, and says what came out.

Started by `run` as a process of its own with a `Plan`; writes a `Planted` per recorder to standard output.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from pathlib import Path
from typing import Final

import msgspec

from server.verify import isolation
from server.verify.planted.call import attempt
from server.verify.planted.plants import PLANTS, Plant
from server.verify.wire import Plan, Planted

AT_ONCE: Final = 2
"""Recorders; each has a call with the lock and one without at the same time."""


async def _try_out(plant: type[Plant], scratch: Path, turn: asyncio.Semaphore) -> None:
    async with turn:
        control, locked = await asyncio.gather(attempt(plant, False, scratch), attempt(plant, True, scratch))
    said = Planted(plant.name, plant.what, control, locked)
    sys.stdout.buffer.write(msgspec.json.encode(said) + b"\n")
    sys.stdout.buffer.flush()


async def _all(plan: Plan) -> None:
    turn = asyncio.Semaphore(AT_ONCE)
    plants = [plant for plant in PLANTS if plan.only is None or plant.name in plan.only]
    await asyncio.gather(*(_try_out(plant, Path(plan.scratch), turn) for plant in plants))


def main(arguments: list[str]) -> None:
    """`arguments` are the plan, as JSON."""
    plan = msgspec.json.decode(arguments[0], type=Plan)
    isolation.enter(Path(plan.scratch))
    with contextlib.suppress(BrokenPipeError):
        asyncio.run(_all(plan))
    os._exit(0)  # the first process of a namespace takes all others with it


if __name__ == "__main__":
    main(sys.argv[1:])
