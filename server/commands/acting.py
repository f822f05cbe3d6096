"""What was done by a command, as a row of the ledger; by whom, the access log has."""

from __future__ import annotations

import asyncio

from server.config import Config
from server.metadata.words import Action


def note(config: Config, action: Action) -> None:
    """Once it was done. Nothing where there is no ledger yet. Raises LedgerError where it cannot be told."""
    from server.metadata import noting
    from server.metadata.retention import Retention
    from server.metadata.rows.actions import OperatorAction

    retention = Retention.configured(config.metadata)
    asyncio.run(noting.note(config.metadata.url, OperatorAction(action=action), retention))
