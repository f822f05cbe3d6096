"""`offrecord audit` passes a running server, and refuses answers that were changed or kept from before."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from tests.e2e.serving import COMMAND, Server, free_tcp_port

PROXY = Path(__file__).with_name("tampering_proxy.py")


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(COMMAND), *words], capture_output=True, text=True, check=False, timeout=60)


async def _audit(url: str, *words: str) -> tuple[int, dict[str, Any]]:
    done = await asyncio.to_thread(_run, "audit", url, "--json", *words)
    assert done.returncode in {0, 1}, done.stderr
    return done.returncode, json.loads(done.stdout)


def _faults(report: dict[str, Any]) -> set[str]:
    return {finding["name"] for finding in report["findings"] if finding["held"] is False}


@contextlib.asynccontextmanager
async def tampered(server: Server, how: str) -> AsyncIterator[str]:
    """The address of a proxy before the server."""
    port = free_tcp_port()
    words = [sys.executable, str(PROXY), str(port), server.url, how]
    process = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert (await process.stdout.readline()).strip() == b"ready"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        await process.wait()


async def test_an_honest_server_passes_with_the_manifest_of_its_release(server: Server) -> None:
    manifest = server.directory / "manifest.json"
    written = await asyncio.to_thread(_run, "manifest", "--out", str(manifest))
    assert written.returncode == 0, written.stderr
    status, report = await _audit(server.url, "--manifest", str(manifest))
    assert _faults(report) == set()
    assert (status, report["passed"]) == (0, True)
    assert report["statement"]["level"] == "full"
    assert {"code", "extension", "packages", "filters"} <= {one["name"] for one in report["findings"]}

    other = json.loads(manifest.read_text())
    other["code"] = "sha256:" + "00" * 32
    manifest.write_text(json.dumps(other))
    status, report = await _audit(server.url, "--manifest", str(manifest))
    assert (status, _faults(report)) == (1, {"code"})

    for how, finding in {"signed": "statement", "stale": "statement", "unsigned": "same content"}.items():
        async with tampered(server, how) as url:
            status, report = await _audit(url)
        assert (how, status, _faults(report)) == (how, 1, {finding})

    shown = await asyncio.to_thread(_run, "audit", server.url)
    assert shown.returncode == 0
    for words in ("All is as demanded", "Not proven", "a modified server could lie"):
        assert words in " ".join(shown.stdout.split())


async def test_a_server_that_does_not_answer_is_told_by_the_exit_code() -> None:
    done = await asyncio.to_thread(_run, "audit", f"http://127.0.0.1:{free_tcp_port()}")
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot be read" in done.stderr
