"""The access log of a running server: what has expired is cut off also where nobody looks."""

from __future__ import annotations

import asyncio
import logging

from server.access.log import AccessLog
from server.errors import OperatorError

logger = logging.getLogger(__name__)

EVERY_SECONDS = 3600.0


async def keep_expiring(log: AccessLog) -> None:
    """Until it is cancelled."""
    while True:
        try:
            await asyncio.to_thread(log.expire)
        except OperatorError:
            logger.warning("the access log cannot be cut: `offrecord access-log verify` says more")
        await asyncio.sleep(EVERY_SECONDS)
