"""Who can no longer be reached over UDP is removed for the others, though its WebSocket still answers."""

from __future__ import annotations

import asyncio

import pytest

from server.metadata.rows.sessions import ParticipantLeft
from server.metadata.words import LeaveReason
from tests.relay.churn import HALL, hall

pytestmark = pytest.mark.waits

CONSENT_SECONDS = 60.0
"""RFC 7675 section 5.1: consent expires 30 seconds after the last check."""


@pytest.mark.timeout(120)
async def test_a_client_without_a_path_is_removed() -> None:
    async with hall(4) as place:
        watcher = await place.enter(HALL, "watcher")
        guest = await place.enter(HALL, "guest")
        await guest.publish(watcher, "guest")
        guest.fall_silent()
        async with asyncio.timeout(CONSENT_SECONDS):
            while "guest" in watcher.tracks:
                await asyncio.sleep(0.1)
        (left,) = [event for event in place.recorded if isinstance(event, ParticipantLeft)]
        assert (left.identity, left.reason) == ("guest", LeaveReason.CONNECTION_LOST)
        census = await place.census()
        assert (census.sessions, census.transports, census.producers, census.consumers) == (1, 2, 0, 0)
        await guest.end()
        await watcher.leave()
