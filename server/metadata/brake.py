"""Stops a statement of SQLite where it is, from another thread than the one in which it runs."""

from __future__ import annotations

from typing import Any, Final

_STEPS = 10_000
"""Of SQLite's virtual machine, between two looks: about a millisecond."""


class Brake:
    """Of one connection. While it is `pulled`, every statement of it ends with an error."""

    KEY: Final = "brake"

    def __init__(self) -> None:
        self.pulled = False

    def fit(self, connection: Any) -> None:
        """`connection` is the adapted one of SQLAlchemy's driver.

        https://www.sqlite.org/c3ref/progress_handler.html
        """
        connection.run_async(lambda driver: driver.set_progress_handler(lambda: self.pulled, _STEPS))
