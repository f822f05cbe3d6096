"""The two places that can hold a ledger; what uses `kept` or `url` runs on both."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from server.metadata import asking
from tests.postgres import Cluster, programs
from tests.unit.ledger import Kept, KeptInDatabase, KeptInFile

THREAD_SECONDS = 10.0


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is no failure; tests of questions that take too long bring a time of their own."""
    monkeypatch.setattr(asking, "STATEMENT_SECONDS", 20.0)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """One server for the whole run, each test with a database of its own."""
    found = programs()
    if found is None:
        pytest.skip("PostgreSQL is not installed (Debian package postgresql)")
    cluster = Cluster(found)
    yield cluster
    cluster.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
async def kept(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Kept]:
    """An empty place for a ledger."""
    if request.param == "sqlite":
        yield KeptInFile(tmp_path)
        await asyncio.to_thread(_join_threads_of_connections)
        return
    database = KeptInDatabase(request.getfixturevalue("postgres"))
    yield database
    database.give_back()


def _join_threads_of_connections() -> None:
    """The driver lets go of a connection that fails without waiting for its thread, which tells the loop of
    its end: the loop must be there until then. All are closed by now."""
    for thread in threading.enumerate():
        if "_connection_worker_thread" in thread.name:
            thread.join(THREAD_SECONDS)
            assert not thread.is_alive(), "a connection is left open"


@pytest.fixture
def url(kept: Kept) -> str:
    return kept.url
