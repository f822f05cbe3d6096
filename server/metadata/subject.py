"""What the ledger holds about one participant, for that participant."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from server.metadata.address import LedgerError
from server.metadata.query import Query
from server.metadata.sessions import HeldRows, KeptEvent, Reader

WRITTEN_SECONDS = 3.0
"""So long may it take until everything that happened before the question is in the file."""
MAX_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class Kept:
    """`rows`, oldest first, and whether these are all of them; `held` is what legal holds keep, of these and
    of rows whose own time is over."""

    rows: list[KeptEvent]
    held: HeldRows | None = None
    complete: bool = True


class Flushable(Protocol):
    """The ledger, as far as it is needed here."""

    async def flush(self) -> None: ...


class Subjects:
    """Looks people up in the ledger at `url`, beside the `ledger` that writes it."""

    def __init__(self, ledger: Flushable, url: str, clock: Callable[[], float]) -> None:
        """`clock` gives seconds since the epoch. Raises LedgerError when there is no such ledger."""
        self._ledger = ledger
        self._reader = Reader(url, clock=clock)

    async def kept_about(self, room: str, identity: str) -> Kept:
        """What there is about `identity` in `room`.

        Raises LedgerError when the ledger cannot be read, or is so far behind that the answer would be less
        than what is going to be kept.
        """
        try:
            async with asyncio.timeout(WRITTEN_SECONDS):
                await self._ledger.flush()
        except TimeoutError:
            raise LedgerError("the ledger is behind") from None
        held = await self._reader.held(room, identity)
        rows: list[KeptEvent] = []
        async for one in self._reader.events(Query(room=room, identity=identity)):
            if len(rows) == MAX_ROWS:
                return Kept(rows, held, complete=False)
            rows.append(one)
        return Kept(rows, held)

    async def aclose(self) -> None:
        await self._reader.aclose()
