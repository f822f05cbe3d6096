"""The two places that can hold a ledger; what uses `kept` or `url` runs on both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from server.metadata import asking
from tests.postgres import Cluster, programs
from tests.unit.ledger import Kept, KeptInDatabase, KeptInFile


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
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    """An empty place for a ledger."""
    if request.param == "sqlite":
        yield KeptInFile(tmp_path)
        return
    database = KeptInDatabase(request.getfixturevalue("postgres"))
    yield database
    database.give_back()


@pytest.fixture
def url(kept: Kept) -> str:
    return kept.url
