"""Which privacy policy the running server serves, and that it can be another without an end of calls.

On SIGHUP the file is read again. One that cannot be used changes nothing: the one before is served still.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from server.config import Config
from server.errors import OperatorError
from server.policy import own
from server.policy.document import Policy
from server.room.metadata import PolicyNotice

logger = logging.getLogger(__name__)


class ServedPolicy:
    """`policy` is None where the operator has published none. Raises PolicyError for a file that cannot be
    used."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._listeners: list[Callable[[], None]] = []
        self.policy: Policy | None = own.read(config)

    @property
    def version(self) -> str:
        """Empty where none is published."""
        return self.policy.version if self.policy else ""

    @property
    def notice(self) -> PolicyNotice | None:
        """What clients are told."""
        return own.notice(self._config, self.policy) if self.policy else None

    def on_change(self, listener: Callable[[], None]) -> None:
        """To be called, in this order, whenever another policy is served."""
        self._listeners.append(listener)

    def read_again(self) -> None:
        """Serves what the file says now; keeps to what is served where that cannot be used, and logs why."""
        try:
            policy = own.read(self._config)
        except OperatorError as error:
            logger.error("the policy that was served before is served: %s", error)
            return
        if policy == self.policy:
            logger.info("the policy is the one that is served already")
            return
        self.policy = policy
        for listener in self._listeners:
            listener()
        logger.info("another policy is served")
