"""A relay that makes a forbidden call is killed, kept in the ledger with the call, and replaced."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from server.chronicle import Chronicle
from server.guarantee.incidents import IncidentKind, Incidents
from server.metadata.event import Event
from server.metadata.rows.operation import RelayBorn, RelayLost, RelayTripped
from server.metadata.words import RelayLossReason
from server.workers import tripwire
from server.workers.faults import UNKNOWN_CALL
from server.workers.supervisor import Supervisor
from tests.relay.conftest import loopback
from tests.relay.tampered import FORBIDDEN, executable
from tests.relay.test_birth import Told


def readable_log() -> bool:
    """Whether the kernel says here what it kills for."""
    return tripwire._numbers_are_the_kernels() and os.access(tripwire.KMSG, os.R_OK) and os.geteuid() == 0


@pytest.mark.parametrize("log", ["as here", "unreadable"])
async def test_a_forbidden_call(log: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(executable(tmp_path, FORBIDDEN)))
    if log == "unreadable":
        monkeypatch.setattr(tripwire.KernelLog.__init__, "__defaults__", (tmp_path / "absent",))
    told, incidents, kept = Told(), Incidents(), list[Event]()
    supervisor = Supervisor(loopback(), told, Chronicle(kept.append, incidents, lambda: 1.0))
    await supervisor.start()
    try:
        first = supervisor.serving()[0]
        os.kill(supervisor.evidence()[0].pid, signal.SIGUSR1)
        async with asyncio.timeout(15):
            await told.changed.wait()
            while not supervisor.serving():
                await asyncio.sleep(0.02)
        assert told.lost == [first]
        assert supervisor.serving()[0].generation == 2
    finally:
        await supervisor.stop()
    call = "socket" if log == "as here" and readable_log() else UNKNOWN_CALL
    assert [event for event in kept if not isinstance(event, RelayBorn)] == [
        RelayTripped(relay=1, generation=1, call=call),
        RelayLost(relay=1, generation=1, reason=RelayLossReason.TRIPWIRE),
    ]
    assert [(one.kind, one.detail) for one in incidents.recent(1.0)] == [(IncidentKind.TRIPWIRE, call)]
