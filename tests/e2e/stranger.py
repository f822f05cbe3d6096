"""A desktop participant in a process of its own, so that it can vanish: `python -m tests.e2e.stranger`.

Prints a line once it is in the room.
"""

from __future__ import annotations

import asyncio
import sys

from tests.e2e.desktop import desktop


async def main(url: str, token: str) -> None:
    async with desktop(url, token) as participant:
        await participant.publish()
        print("in", flush=True)  # noqa: T201 - this is how its parent knows
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
