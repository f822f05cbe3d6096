"""The network emulator as a child process: a bad network on loopback, in front of relays.

The words are those of `server/native/netem/src/proxy/words.rs`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

from tests.e2e.serving import ROOT

MANIFEST = ROOT / "server/native/Cargo.toml"
PROGRAM = ROOT / "server/native/target/release/offrecord-netem"
SEED = 7
STOP_SECONDS = 5.0


@dataclass(frozen=True)
class Conditions:
    """One direction of an access. Shares are of all packets, from 0 to 1; rates count IP headers too."""

    blackout: bool = False
    loss: float = 0.0
    burst_packets: float | None = None  # mean; without it, packets are lost each by itself
    burst_loss: float | None = None  # lost inside a burst; all
    duplicates: float = 0.0
    delay_ms: float = 0.0
    jitter_ms: float = 0.0  # added evenly from nothing up to this
    jitter_reorders: bool = False
    reordering: float = 0.0
    held_back_ms: float = 0.0
    rate_kbps: float | None = None
    queue_ms: float | None = None  # 200 where no bound is told
    queue_bytes: int | None = None

    def words(self) -> dict[str, Any]:
        """As the emulator is told: what is as on a perfect network is left out."""
        told = {field.name: (getattr(self, field.name), field.default) for field in fields(self)}
        return {name: value for name, (value, default) in told.items() if value != default}


class EmulatorError(RuntimeError):
    """The emulator did not understand, or is gone."""


class Emulator:
    """A running emulator. Everything raises EmulatorError with the emulator's words."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._turn = asyncio.Lock()

    async def say(self, **command: Any) -> dict[str, Any]:
        """One command and its answer; None is left out."""
        words = {name: value for name, value in command.items() if value is not None}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        async with self._turn:
            self._process.stdin.write(json.dumps(words).encode() + b"\n")
            answer = await self._process.stdout.readline()
        if not answer:
            raise EmulatorError("the emulator has ended")
        content: dict[str, Any] = json.loads(answer)
        if "error" in content:
            raise EmulatorError(content["error"])
        return content

    async def add_bottleneck(
        self, name: str, up: Conditions = Conditions(), down: Conditions = Conditions()
    ) -> None:
        """Something for several accesses to be behind; it has a rate and a queue only."""
        await self.say(do="bottleneck", name=name, up=up.words(), down=down.words())

    async def open(
        self, name: str, ports: Sequence[int], up: Conditions, down: Conditions, behind: str | None = None
    ) -> dict[int, int]:
        """Ports of a new access, by ports of relays."""
        answer = await self.say(
            do="open", name=name, ports=list(ports), behind=behind, up=up.words(), down=down.words()
        )
        return {int(port): int(opened) for port, opened in answer["ports"].items()}

    async def change(self, name: str, up: Conditions | None = None, down: Conditions | None = None) -> None:
        """An access or a bottleneck is otherwise from now on; None stays as it is."""
        await self.say(do="set", name=name, up=up and up.words(), down=down and down.words())

    async def plan(
        self, name: str, steps: Sequence[tuple[float, Conditions | None, Conditions | None]]
    ) -> None:
        """It will be otherwise: seconds from now, and the conditions up and down."""
        told = []
        for seconds, up, down in steps:
            step: dict[str, Any] = {"after_ms": seconds * 1000}
            if up is not None:
                step["up"] = up.words()
            if down is not None:
                step["down"] = down.words()
            told.append(step)
        await self.say(do="plan", name=name, steps=told)

    async def move(self, name: str) -> int:
        """The clients of an access appear from new ports; how many addresses that concerns."""
        return int((await self.say(do="move", name=name))["flows"])

    async def statistics(self) -> dict[str, Any]:
        """What became of packets since the start, or since they were cleared."""
        return await self.say(do="statistics")

    async def clear(self) -> None:
        """Statistics begin anew."""
        await self.say(do="clear")

    async def stop(self) -> None:
        """It ends with its input."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_SECONDS)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


async def build() -> None:
    """Cargo decides whether there is anything to do."""
    words = [
        "build",
        "--manifest-path",
        str(MANIFEST),
        "--locked",
        "--release",
        "--quiet",
        "-p",
        "offrecord-netem",
    ]
    cargo = await asyncio.create_subprocess_exec("cargo", *words)
    if await cargo.wait() != 0:
        raise EmulatorError("the emulator could not be built")


@contextlib.asynccontextmanager
async def emulator(seed: int = SEED) -> AsyncIterator[Emulator]:
    """Starts one, and stops it."""
    await build()
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(PROGRAM, str(seed), stdin=pipe, stdout=pipe)
    running = Emulator(process)
    try:
        yield running
    finally:
        await running.stop()
