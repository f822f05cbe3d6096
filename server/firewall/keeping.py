"""The process that owns the table, from outside: started, asked within a bounded time, ended."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

import server
from server.errors import OffrecordError
from server.firewall.keeper import MOST_ANSWER, NO_LIBRARY, Answer, Order
from server.guarantee.host import FirewallState

ANSWER_SECONDS: Final = 5.0
"""A transaction takes milliseconds; the rest is for a busy machine."""


class FirewallError(OffrecordError):
    """The measure is not in place. `state` is the reason in closed words, the message more of it."""

    def __init__(self, state: FirewallState, message: str) -> None:
        super().__init__(message)
        self.state = state


class Keeping:
    """A running keeper. `on_end` is called when it has ended, whoever ended it."""

    def __init__(self, process: asyncio.subprocess.Process, on_end: Callable[[], None]) -> None:
        self._process = process
        self._waiting = asyncio.create_task(self._wait(on_end))
        self.ended = False

    @classmethod
    async def start(cls, on_end: Callable[[], None]) -> Keeping:
        """Raises FirewallError when no process could be started."""
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-s", "-P", "-B", "-m", "server.firewall.keeper"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                limit=MOST_ANSWER,
                env={"PYTHONPATH": str(Path(server.__file__).parent.parent), "LC_ALL": "C.UTF-8"},
                start_new_session=True,  # an interrupt at the terminal is signaling's to handle
            )
        except OSError as error:
            raise FirewallError(
                FirewallState.FAILED, f"its keeper did not start: {error.strerror}"
            ) from error
        return cls(process, on_end)

    async def _wait(self, on_end: Callable[[], None]) -> None:
        await self._process.wait()
        self.ended = True
        on_end()

    async def run(self, commands: str, *, terse: bool = False) -> str:
        """What the commands print, carried out as one transaction. Raises FirewallError."""
        order = Order(commands, terse)
        answer: Answer | None = None
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await self._ask(order)
        except TimeoutError:
            raise FirewallError(FirewallState.FAILED, "its keeper did not answer in time") from None
        except (OSError, ValueError, msgspec.MsgspecError) as error:
            raise FirewallError(FirewallState.LOST, "its keeper has ended") from error
        finally:
            if answer is None:
                self._end()  # an answer that comes later would be taken for that of the next question
        if not answer.done:
            raise _refusal(answer.output)
        return answer.output

    async def _ask(self, order: Order) -> Answer:
        assert self._process.stdin is not None, "a pipe was asked for"
        assert self._process.stdout is not None, "likewise"
        self._process.stdin.write(msgspec.json.encode(order) + b"\n")
        await self._process.stdin.drain()
        return msgspec.json.decode(await self._process.stdout.readline(), type=Answer)

    async def close(self) -> None:
        """Ends it, and with it the table. Idempotent."""
        self._end()
        await self._waiting

    def _end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()


def _refusal(output: str) -> FirewallError:
    if output == NO_LIBRARY:
        return FirewallError(FirewallState.NO_NFTABLES, "libnftables is not installed")
    if "Operation not permitted" in output:
        return FirewallError(FirewallState.NOT_PERMITTED, "the right CAP_NET_ADMIN is missing")
    line = next((line for line in output.splitlines() if line.strip()), "no reason given")
    return FirewallError(FirewallState.FAILED, f"nftables says {line[:200]!r}")
