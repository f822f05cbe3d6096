"""A whole server as a subprocess, as an operator would start it, on free ports of loopback."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from livekit.api import AccessToken, VideoGrants

ROOT = Path(__file__).parents[2]
COMMAND = Path(sys.executable).with_name("offrecord")
WHO = ("--operator", "tester", "--reason", "operation")
"""Who looks at the ledger, and why: it goes to the access log."""
KEY, SECRET = "devkey", "secret"
FIRST_PORT = 10_000
START_SECONDS = 30.0
STOP_SECONDS = 15.0
BUSY_WAKE_UPS = 150


def free_tcp_port() -> int:
    return _free_ports(socket.SOCK_STREAM, 1)


def free_udp_ports(count: int) -> int:
    """The first of `count` neighbouring free ports, one per relay."""
    return _free_ports(socket.SOCK_DGRAM, count)


def _free_ports(kind: socket.SocketKind, count: int) -> int:
    """None that the kernel gives to whoever asks for any: between now and the start of the server that is to
    have it, browsers take dozens of those."""
    given = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    room = max(given - count - FIRST_PORT, 10_000)
    for _ in range(100):
        first = FIRST_PORT + secrets.randbelow(room)
        with contextlib.ExitStack() as probes, contextlib.suppress(OSError):
            for port in range(first, first + count):
                probes.enter_context(socket.socket(type=kind)).bind(("127.0.0.1", port))
            return first
    raise RuntimeError("no free ports")


def descendants(pid: int) -> list[int]:
    """Processes below `pid`, itself left out."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                parents.setdefault(parent, []).append(int(entry.name))
    found: list[int] = []
    waiting = [pid]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def is_alive(pid: int) -> bool:
    """False for a zombie too: it holds nothing."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except OSError:
        return False


def wake_ups(pid: int) -> int:
    """How often the threads of a process have waited and gone on: with every few packets, in a relay."""
    total = 0
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        total += int(lines["voluntary_ctxt_switches"])
    return total


@dataclass
class Server:
    """A running server; `stop` asserts that it leaves as it should."""

    http_port: int
    udp_port: int
    directory: Path
    process: subprocess.Popen[bytes]
    log: Path
    words: Sequence[str] = ()
    wrapped: bool = False  # by strace or make: the server is below the process
    stopped: bool = field(default=False, init=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.http_port}"

    @property
    def udp_ports(self) -> range:
        """One of each relay."""
        return range(self.udp_port, self.udp_port + (os.cpu_count() or 1))

    def pid(self) -> int:
        """Of the signaling process."""
        if not self.wrapped:
            return self.process.pid
        below = descendants(self.process.pid)
        return next(pid for pid in below if "serve" in command_line(pid) and "offrecord" in command_line(pid))

    def relay_pids(self) -> list[int]:
        return [pid for pid in descendants(self.process.pid) if "server.relay" in command_line(pid)]

    def output(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def token(self, room: str, identity: str) -> str:
        """As an application's own back end would make it."""
        grants = VideoGrants(room_join=True, room=room)
        return (
            AccessToken(KEY, SECRET).with_identity(identity).with_name(identity).with_grants(grants).to_jwt()
        )

    async def ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS * (10 if self.wrapped else 1)
        async with aiohttp.ClientSession() as session:
            while time.monotonic() < deadline:
                if self.process.poll() is not None:
                    raise AssertionError(f"the server left ({self.process.returncode}):\n{self.output()}")
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(self.url + "/") as answer:
                        if answer.status == 200:
                            return
                await asyncio.sleep(0.05)
        raise AssertionError(f"no answer in time:\n{self.output()}")

    async def stop(self) -> None:
        """SIGTERM, then exit 0 with nothing left behind."""
        if self.stopped:
            return
        self.stopped = True
        family = [*descendants(self.process.pid), self.process.pid]
        os.kill(self.pid(), signal.SIGTERM)
        try:
            status = await asyncio.to_thread(self.process.wait, STOP_SECONDS)
            left = [command_line(pid) for pid in family if is_alive(pid)]
        finally:
            for pid in family:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        assert left == []
        assert status == 0, self.output()

    async def crash_and_return(self) -> None:
        """The signaling process is killed; its relays leave by themselves; the same command runs again."""
        relays = self.relay_pids()
        os.kill(self.pid(), signal.SIGKILL)
        await asyncio.to_thread(self.process.wait, STOP_SECONDS)
        deadline = time.monotonic() + STOP_SECONDS
        while any(is_alive(pid) for pid in relays):
            assert time.monotonic() < deadline, "a relay outlives its server"
            await asyncio.sleep(0.02)
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.words,
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        await self.ready()

    async def relay_of_the_call(self) -> int:
        """Process id of the relay that packets pass through now; of several, all but one are idle."""
        before = {pid: wake_ups(pid) for pid in self.relay_pids()}
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            since = sorted((wake_ups(pid) - count, pid) for pid, count in before.items())
            (others, _), (most, busy) = since[-2] if len(since) > 1 else (0, 0), since[-1]
            if most > BUSY_WAKE_UPS and most > 3 * others:
                return busy
            await asyncio.sleep(0.05)
        raise AssertionError(f"no relay works clearly more than the others: {since}")

    def kill(self) -> None:
        """After a failure: nothing stays."""
        for pid in [*descendants(self.process.pid), self.process.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()


@contextlib.asynccontextmanager
async def serving(
    directory: Path,
    *,
    prefix: Sequence[str] = (),
    installed: Sequence[str] = (),
    command: Sequence[str] = (),
    environment: dict[str, str] | None = None,
) -> AsyncIterator[Server]:
    """Starts, waits for `GET /` to answer 200, and stops.

    `installed` replaces the command of this environment; `command` is run in the sources and has the
    server below it; `{http}` and `{udp}` in them are the ports.
    """
    http_port, udp_port = free_tcp_port(), free_udp_ports(os.cpu_count() or 1)
    ports = ["--http-port", "{http}", "--udp-port", "{udp}"]
    words = installed or command or [str(COMMAND), "serve", "--dev", *ports]
    words = [*prefix, *(word.format(http=http_port, udp=udp_port) for word in words)]
    log = directory / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            words,
            cwd=ROOT if command else directory,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
        )
    server = Server(http_port, udp_port, directory, process, log, words, wrapped=bool(prefix or command))
    try:
        await server.ready()
        yield server
        await server.stop()
    finally:
        if server.process.poll() is None:
            server.kill()
