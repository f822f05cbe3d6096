"""One wheel serves where there is neither Rust nor Node, and is what its manifest says."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.e2e.browser import join
from tests.e2e.serving import ROOT, serving


@pytest.fixture(scope="module")
def wheel() -> Path:
    """From `make wheel`; quick when the extension is already built."""
    subprocess.run(["make", "--no-print-directory", "wheel"], cwd=ROOT, check=True, capture_output=True)
    return max((ROOT / "dist").glob("offrecord-*.whl"), key=lambda path: path.stat().st_mtime)


@pytest.mark.timeout(900)
async def test_wheel_serves_without_rust_and_node(wheel: Path, tmp_path: Path, browser: Browser) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert any(name.startswith("server/_native") and name.endswith(".so") for name in names)
    assert {"server/web/index.html", "server/web/assets/console.css", "server/web/assets/console.js"} <= set(
        names
    )
    assert "server/console/templates/base.html" in names
    assert [name for name in names if name.startswith(("tests/", "bench/", "client_demo/"))] == []
    assert [name for name in names if name.endswith(".rs")] == []
    [about] = [name for name in names if name.endswith(".dist-info/METADATA")]
    assert "pyside" not in zipfile.ZipFile(wheel).read(about).decode().lower()

    fresh = tmp_path / "fresh"
    venv.create(fresh, with_pip=True)
    bare = {"PATH": str(fresh / "bin"), "HOME": str(tmp_path)}
    install = [str(fresh / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for words in (["--require-hashes", "-r", str(ROOT / "requirements.lock")], ["--no-deps", str(wheel)]):
        installing = await asyncio.create_subprocess_exec(*install, *words, cwd=tmp_path)
        assert await installing.wait() == 0

    place = tmp_path / "place"
    place.mkdir()
    command = str(fresh / "bin/offrecord")
    assert sys.prefix not in command
    script = [command, "serve", "--dev", "--http-port", "{http}", "--udp-port", "{udp}"]
    async with serving(place, installed=script, environment=bare) as server:
        ada = await join(browser, server.url, "Ada", "garden")
        alan = await join(browser, server.url, "Alan", "garden")
        await asyncio.gather(ada.sees(1), ada.hears(1), alan.sees(1), alan.hears(1))
        manifest = wheel.with_suffix(".manifest.json")
        words = [command, "audit", server.url, "--manifest", str(manifest)]
        audited = await asyncio.to_thread(subprocess.run, words, capture_output=True, text=True, check=False)
        assert audited.returncode == 0, audited.stdout + audited.stderr
