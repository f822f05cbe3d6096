"""A person at the desktop application: it runs in a process of its own on a screen that is not there."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e.browser import eventually

ROOT = Path(__file__).parents[2]
ANSWER_SECONDS = 60.0
"""The first includes starting: Qt, the SDK and its codecs on a machine that does much else."""
STOP_SECONDS = 15.0


@dataclass
class AppWindow:
    """`look` is what a person can see and hear there."""

    process: asyncio.subprocess.Process
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def _ask(self, **wanted: Any) -> dict[str, Any]:
        assert self.process.stdin
        assert self.process.stdout
        async with self._asking:
            self.process.stdin.write(json.dumps(wanted).encode() + b"\n")
            await self.process.stdin.drain()
            line = await asyncio.wait_for(self.process.stdout.readline(), ANSWER_SECONDS)
        assert line, "the application ended"
        answer: dict[str, Any] = json.loads(line)
        assert "failed" not in answer, answer["failed"]
        return answer

    async def look(self) -> dict[str, Any]:
        return await self._ask(do="look")

    async def click(self, name: str) -> None:
        await self._ask(do="click", name=name)

    async def write(self, name: str, text: str) -> None:
        await self._ask(do="type", name=name, text=text)

    async def press(self, name: str, key: str) -> None:
        await self._ask(do="press", name=name, key=key)

    async def open_tab(self, name: str, place: int) -> None:
        await self._ask(do="tab", name=name, place=place)

    async def resize(self, width: int, height: int) -> None:
        await self._ask(do="resize", width=width, height=height)

    async def grab(self, path: Path) -> None:
        await self._ask(do="grab", path=str(path))

    async def close(self) -> None:
        """The window that is in front, by its frame."""
        await self._ask(do="close")

    async def says(self, name: str, words: str, seconds: float = 20.0) -> None:
        """Waits until the control of that name says so."""

        async def said() -> str:
            return str((await self.look())["seen"].get(name, ""))

        await eventually(said, lambda seen: words in seen, seconds)

    async def has(self, name: str, seconds: float = 20.0) -> None:
        """Waits for a control."""

        async def seen() -> list[str]:
            return sorted((await self.look())["seen"])

        await eventually(seen, lambda names: name in names, seconds)

    async def shows(self, who: str, seconds: float = 20.0) -> None:
        """Waits for a picture in the tile of that title."""

        async def shown() -> dict[str, str]:
            return dict((await self.look())["tiles"])

        await eventually(shown, lambda tiles: bool(tiles.get(who)), seconds)

    async def sees(self, who: str, seconds: float = 40.0) -> None:
        """Three different pictures come in the tile of that title."""
        shown: set[str] = set()

        async def look() -> int:
            shown.add((await self.look())["tiles"].get(who, ""))
            return len(shown - {""})

        await eventually(look, lambda different: different >= 3, seconds)

    async def hears(self, seconds: float = 40.0) -> None:
        """Sound, not silence, comes from now on."""
        before = float((await self.look())["heard"])

        async def heard() -> float:
            return float((await self.look())["heard"]) - before

        await eventually(heard, lambda energy: energy > 1e-3, seconds)

    async def join(self, name: str, room: str) -> None:
        """As a person does, with the keyboard."""
        await self.write("Your name", name)
        await self.write("Room", room)
        await self.press("Room", "Key_Return")
        await self.has("Leave", 40.0)


@contextlib.asynccontextmanager
async def app_window(address: str, *flags: str, home: Path | None = None) -> AsyncIterator[AppWindow]:
    """`--without-devices`: with those of this machine, which has none. `home`: where programs keep files."""
    place = {"HOME": str(home), "XDG_RUNTIME_DIR": str(home), "TMPDIR": str(home)} if home else {}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.e2e.driven_app",
        address,
        *flags,
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONDONTWRITEBYTECODE": "1", **place},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=4_000_000,
    )
    try:
        yield AppWindow(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
