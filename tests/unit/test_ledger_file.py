"""A ledger in a file: its owner's only, and not every address or file is one."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from server.metadata.address import LedgerError
from server.metadata.store import Ledger
from tests.unit.ledger import joined


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/ledger.db"


async def test_only_the_owner_can_read_the_file(url: str, tmp_path: Path) -> None:
    ledger = await Ledger.open(url)
    ledger.record(joined())
    await ledger.close()
    assert stat.S_IMODE((tmp_path / "ledger.db").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.db"]


@pytest.mark.parametrize("wrong", ["", "garden", "sqlite://", "sqlite:///:memory:", "sqlite:///x?mode=ro"])
async def test_an_address_that_is_no_file_is_refused(wrong: str) -> None:
    with pytest.raises(LedgerError, match=r"metadata\.url"):
        await Ledger.open(wrong)


async def test_a_file_that_is_no_ledger_is_refused(url: str, tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_text("my diary " * 1000)
    with pytest.raises(LedgerError, match="cannot be used"):
        await Ledger.open(url)
    assert (tmp_path / "ledger.db").read_text().startswith("my diary")


async def test_a_missing_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="cannot be opened"):
        await Ledger.open(f"sqlite:///{tmp_path}/none/ledger.db")
