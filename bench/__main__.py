"""`make bench`: one JSON line per figure. Figures compare within a run, not with another machine's."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable

from bench import (
    churn,
    data,
    data_rooms,
    forwarding,
    idle,
    janus,
    joining,
    joins,
    layers,
    ledger,
    ledger_writing,
    lock,
    memory,
    overload,
    peers,
    recovery,
    sending,
    signaling,
)
from bench.figure import show_machine
from bench.media import parts as media
from bench.page import parts as page

PARTS: dict[str, Callable[[], Awaitable[None]]] = {
    "churn": churn.run,
    "data": data.run,
    "data-rooms": data_rooms.run,
    "forwarding": forwarding.run,
    "idle": idle.run,
    "janus": janus.run,
    "joining": joining.run,
    "joins": joins.run,
    "layers": layers.run,
    "ledger": ledger.run,
    "ledger-writing": ledger_writing.run,
    "lock": lock.run,
    "memory": memory.run,
    "overload": overload.run,
    "peers": peers.run,
    "recovery": recovery.run,
    "sending": sending.run,
    "signaling": signaling.run,
    **media.PARTS,
    **page.PARTS,
}


async def main(names: list[str]) -> None:
    show_machine()
    for name in names or PARTS:
        await PARTS[name]()


if __name__ == "__main__":
    unknown = set(sys.argv[1:]) - PARTS.keys()
    if unknown:
        sys.exit(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    asyncio.run(main(sys.argv[1:]))
