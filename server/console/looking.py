"""Every look of an operator goes to the access log before anything is shown.

Off the event loop: an entry is on the disk when it is written, and a call waits for no disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from server.access.entry import Asked, Reason
from server.access.operators import Operators
from server.access.reading import Accessor, Seen, configured, login_account, reading, record
from server.config import Config


@dataclass(frozen=True, slots=True)
class Looking:
    """One operator, who has said why. `account` is that of the server: nobody logged in to this machine."""

    config: Config
    operators: Operators
    operator: str
    reason: Reason

    async def record(
        self, asked: Asked, rows: int, *, room: str | None = None, identity: str | None = None
    ) -> None:
        """A look at `rows` rows that are in hand, and not shown yet.

        Raises OperatorError: show nothing then.
        """
        await asyncio.to_thread(self._record, asked, rows, room, identity)

    @asynccontextmanager
    async def counting(
        self, asked: Asked, *, room: str | None = None, identity: str | None = None
    ) -> AsyncIterator[Seen]:
        """A look whose rows are counted while they are shown, and written when it ends, however it ends.

        Raises OperatorError: show nothing then.
        """
        look = reading(self.config, self._who(), asked, room=room, identity=identity)
        seen = await asyncio.to_thread(look.__enter__)
        try:
            yield seen
        finally:
            await asyncio.shield(asyncio.to_thread(look.__exit__, None, None, None))

    def _record(self, asked: Asked, rows: int, room: str | None, identity: str | None) -> None:
        self.operators.check(self.operator, asked)
        record(configured(self.config), self._who(), asked, room=room, identity=identity, rows=rows)

    def _who(self) -> Accessor:
        return Accessor(self.operator, self.reason, login_account())
