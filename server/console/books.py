"""The ledger, opened to be read when somebody asks for the first time."""

from __future__ import annotations

from collections.abc import Callable

from server.metadata.sessions import Reader


class Books:
    """One reader for all operators: a question waits for the one before it."""

    def __init__(self, url: str, clock: Callable[[], float]) -> None:
        self._url = url
        self._clock = clock
        self._reader: Reader | None = None

    @property
    def reader(self) -> Reader:
        """Raises LedgerError where there is no ledger."""
        if self._reader is None:
            self._reader = Reader(self._url, clock=self._clock)
        return self._reader

    async def aclose(self) -> None:
        if self._reader is not None:
            await self._reader.aclose()
