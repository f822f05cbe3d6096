"""LiveKit's server and this one, one after the other under the same load: LiveKit's own load test.

Both programs, `lk` of livekit-cli and `livekit-server`, are looked for in PATH, or where LK and
LIVEKIT_SERVER say. Where they are not found nothing is measured, and that is said.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import aiohttp

from bench.figure import rounds, show
from bench.relays import TICKS, cpu_seconds
from tests.e2e.serving import KEY, SECRET, descendants, free_tcp_port, free_udp_ports, serving

ROUNDS: Final = 3
STARTED: Final = b"Finished connecting to room"
SETTLING: Final = 18.0
"""Seconds until every estimate of a path has found what there is, and joining is over: fifteen seconds after
somebody came a server may still write down whether they got media."""
MEASURED: Final = 15.0
PER_SECOND: Final = 10  # who join
START_SECONDS: Final = 20.0
JOIN_SECONDS: Final = 90.0

SCENARIOS: Final = {
    "livestream": ("--video-publishers", "1", "--subscribers", "40", "--video-codec", "vp8"),
    "meeting": (
        "--video-publishers",
        "6",
        "--audio-publishers",
        "6",
        "--subscribers",
        "6",
        "--video-codec",
        "vp8",
    ),
    "audio": ("--audio-publishers", "6", "--subscribers", "40"),
}

OF_LIVEKIT: Final = """
port: {http}
bind_addresses: ["127.0.0.1"]
rtc:
  udp_port: {udp}
  tcp_port: {tcp}
  use_external_ip: false
  node_ip: 127.0.0.1
  enable_loopback_candidate: true
  interfaces:
    includes: [lo]
keys:
  {key}: {secret}
logging:
  level: error
"""


@dataclass(frozen=True)
class Loaded:
    """What a server did for a load, from when everybody had been there for a while."""

    datagrams: int
    """That any socket of this machine took meanwhile: what the server had, and what it sent on."""
    cpu_seconds: float
    """Of all its processes."""
    lost: int
    """Packets of media, in the whole call."""
    tracks: tuple[int, int]
    """That came, of those there are."""


def _found(name: str, variable: str) -> str | None:
    return os.environ.get(variable) or shutil.which(name)


def _cpu_seconds(pids: Sequence[int]) -> float:
    return sum(cpu_seconds(pid) for pid in pids)


def _datagrams() -> int:
    names, numbers = (
        line.split() for line in Path("/proc/net/snmp").read_text().splitlines() if line[:4] == "Udp:"
    )
    return int(numbers[names.index("InDatagrams")])


@contextlib.asynccontextmanager
async def _ours(directory: Path) -> AsyncIterator[tuple[str, list[int]]]:
    async with serving(directory) as server:
        yield server.ws_url, [server.pid(), *server.relay_pids()]


@contextlib.asynccontextmanager
async def _livekit(program: str, directory: Path) -> AsyncIterator[tuple[str, list[int]]]:
    http, tcp, udp = free_tcp_port(), free_tcp_port(), free_udp_ports(1)
    settings = directory / "livekit.yaml"
    settings.write_text(OF_LIVEKIT.format(http=http, tcp=tcp, udp=udp, key=KEY, secret=SECRET.ljust(32, "x")))
    with (directory / "livekit.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(program, "--config", settings, stdout=log, stderr=log)
    try:
        async with asyncio.timeout(START_SECONDS), aiohttp.ClientSession() as session:
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(f"http://127.0.0.1:{http}/") as answer:
                        if answer.status == 200:
                            break
                await asyncio.sleep(0.1)
        yield f"ws://127.0.0.1:{http}", [process.pid, *descendants(process.pid)]
    finally:
        process.terminate()
        await process.wait()


async def _load(lk: str, url: str, secret: str, pids: list[int], words: Sequence[str]) -> Loaded:
    """Raises RuntimeError where not everybody came."""
    seconds = SETTLING + MEASURED + 3
    process = await asyncio.create_subprocess_exec(
        lk, "--url", url, "--api-key", KEY, "--api-secret", secret, "perf", "load-test", *words,
        "--num-per-second", str(PER_SECOND), "--duration", f"{seconds:.0f}s",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout is not None
    told = b""
    try:
        async with asyncio.timeout(JOIN_SECONDS):
            while STARTED not in told:
                line = await process.stdout.readline()
                if not line:
                    raise RuntimeError(f"the load test ended: {told[-500:].decode(errors='replace')}")
                told += line
        await asyncio.sleep(SETTLING)
        datagrams, spent = _datagrams(), _cpu_seconds(pids)
        await asyncio.sleep(MEASURED)
        datagrams, spent = _datagrams() - datagrams, _cpu_seconds(pids) - spent
        async with asyncio.timeout(JOIN_SECONDS):
            told += await process.stdout.read()
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    return Loaded(datagrams, spent, *_told(told.decode(errors="replace")))


def _told(text: str) -> tuple[int, tuple[int, int]]:
    """Lost packets and tracks, of the line for all subscribers."""
    total = re.search(r"Total\s*│\s*(\d+)/(\d+)\s*│[^│]*│\s*(\d+) \(", text)
    if total is None:
        raise RuntimeError(f"the load test does not say how it went: {text[-500:]}")
    came, there, lost = (int(number) for number in total.groups())
    return lost, (came, there)


async def _once(lk: str, livekit: str, name: str) -> tuple[float, float]:
    """Datagrams per CPU-second of LiveKit's server, and of this one."""
    figures: list[float] = []
    for server in ("livekit", "offrecord"):
        with tempfile.TemporaryDirectory() as directory:
            made = _livekit(livekit, Path(directory)) if server == "livekit" else _ours(Path(directory))
            secret = SECRET.ljust(32, "x") if server == "livekit" else SECRET
            async with made as (url, pids):
                loaded = await _load(lk, url, secret, pids, SCENARIOS[name])
        figures.append(loaded.datagrams / max(loaded.cpu_seconds, 1 / TICKS))
        show(
            "datagrams_per_cpu_second",
            figures[-1],
            "datagrams/s",
            server=server,
            scenario=name,
            datagrams=loaded.datagrams,
            server_cpu_seconds=round(loaded.cpu_seconds, 2),
            lost=loaded.lost,
            tracks=f"{loaded.tracks[0]}/{loaded.tracks[1]}",
        )
    return figures[0], figures[1]


async def run() -> None:
    lk, livekit = _found("lk", "LK"), _found("livekit-server", "LIVEKIT_SERVER")
    if not lk or not livekit:
        print(
            "peers: lk and livekit-server are not found, so nothing is compared; see docs/performance.md",
            file=sys.stderr,
        )
        return
    for name in SCENARIOS:
        ratios = []
        for _ in range(rounds(ROUNDS)):
            theirs, ours = await _once(lk, livekit, name)
            ratios.append(ours / theirs)
        show("times_of_livekit", median(ratios), "x", scenario=name, rounds=[round(one, 2) for one in ratios])
