"""Digests of what is installed: anybody can make them again, and any changed file changes one."""

from __future__ import annotations

import asyncio
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from server.guarantee import installed
from server.guarantee.installed import InstalledSoftware, marks, platform, read
from server.guarantee.software import digest_of
from tests.unit.guaranteed import SOFTWARE

NOW = 1_700_000_000.0


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small one that uses no packages."""
    monkeypatch.setattr(installed, "_distributions", dict)
    monkeypatch.setattr(installed, "_package_paths", tuple)
    root = tmp_path / "server"
    for name, content in {
        "app.py": "one",
        "web/index.html": "two",
        "_native.abi3.so": "three",
        "__pycache__/app.pyc": "left out",
        "native/Cargo.toml": "left out",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return root


def test_the_digest_is_that_of_a_listing_by_sha256sum(server: Path) -> None:
    listing = "sha256sum server/app.py server/web/index.html | sha256sum | cut -d' ' -f1"
    made = subprocess.run(listing, shell=True, cwd=server.parent, capture_output=True, text=True, check=True)
    assert read(NOW, server).code == "sha256:" + made.stdout.strip()


@pytest.mark.parametrize(
    ("name", "code", "extension"),
    [
        ("app.py", True, False),
        ("web/index.html", True, False),
        ("new.py", True, False),
        ("_native.abi3.so", False, True),
        ("__pycache__/app.pyc", False, False),
        ("native/Cargo.toml", False, False),
    ],
)
def test_what_changes_a_digest(server: Path, name: str, code: bool, extension: bool) -> None:
    before, marked = read(NOW, server), marks(server)
    (server / name).write_text("changed")
    after = read(NOW, server)
    assert (before.code != after.code, before.extension != after.extension) == (code, extension)
    assert (marks(server) != marked) == (code or extension)
    assert before.is_same_as(after) == (not (code or extension))


def test_order_does_not_matter_and_names_do() -> None:
    assert digest_of({"a": "1", "b": "2"}) == digest_of({"b": "2", "a": "1"})
    assert digest_of({"a": "1"}) != digest_of({"b": "1"})


def test_the_packages_in_use_are_read_and_no_others() -> None:
    software = read(NOW)
    names = {package.name for package in software.packages}
    assert {"aiohttp", "aiortc", "cryptography", "pyopenssl", "msgspec", "greenlet"} <= names
    assert not names & {"offrecord", "pytest", "playwright", "av"}
    assert all(package.digest.startswith("sha256:") for package in software.packages)
    assert software.platform == platform()


async def test_a_change_on_disk_is_told_for_as_long_as_the_server_lives() -> None:
    content, times = [SOFTWARE], iter([1.0, 2.0, 3.0])
    touched = [0]
    watched = InstalledSoftware(
        read=lambda now: replace(content[0], read_at=now),
        marks=lambda: frozenset({("app.py", 1, 1, touched[0], 0)}),
        clock=lambda: next(times),
    )
    watching = asyncio.create_task(watched.watch())
    try:
        assert await watched.software() == replace(SOFTWARE, read_at=1.0)
        await watched.look_again()
        touched[0] = 1  # and the same inside
        await watched.look_again()
        assert (await watched.software()).changed_at is None
        content[0], touched[0] = replace(SOFTWARE, code="sha256:other"), 2
        await watched.look_again()
        changed = await watched.software()
        assert (changed.changed_at, changed.code) == (3.0, SOFTWARE.code)
        content[0], touched[0] = SOFTWARE, 3
        await watched.look_again()
        assert (await watched.software()).changed_at == 3.0
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
