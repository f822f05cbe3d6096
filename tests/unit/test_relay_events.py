"""What the packet thread tells is taken at once after a rest, and nothing is missed meanwhile."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable

import pytest

from server.relay.events import REST, Events


class Thread:
    """Something that tells by a descriptor, as a packet thread does, and when that was taken."""

    def __init__(self) -> None:
        self.descriptor = os.eventfd(0, os.EFD_NONBLOCK)
        self.waiting = 0
        self.taken: list[int] = []
        self.was_taken = asyncio.Event()

    def tell(self) -> None:
        """As the mailbox does: who told before and was not heard yet does not wake again."""
        self.waiting += 1
        if self.waiting == 1:
            os.eventfd_write(self.descriptor, 1)

    def take(self) -> bool:
        try:
            os.eventfd_read(self.descriptor)
        except BlockingIOError:
            assert self.waiting == 0
        taken, self.waiting = self.waiting, 0
        if taken:
            self.taken.append(taken)
            self.was_taken.set()
        return taken > 0

    async def until(self, times: int) -> None:
        async with asyncio.timeout(5):
            while len(self.taken) < times:
                self.was_taken.clear()
                await self.was_taken.wait()


@pytest.fixture
async def thread() -> AsyncIterator[Thread]:
    made = Thread()
    yield made
    asyncio.get_running_loop().remove_reader(made.descriptor)
    os.close(made.descriptor)


async def test_what_comes_during_a_rest_comes_together(
    thread: Thread, monkeypatch: pytest.MonkeyPatch
) -> None:
    rests: list[tuple[float, Callable[[], None]]] = []
    with monkeypatch.context() as patched:
        patched.setattr(asyncio.get_running_loop(), "call_later", lambda *rest: rests.append(rest))
        Events(thread.descriptor, thread.take).listen()
        thread.tell()
        await thread.until(1)
        for _ in range(5):
            thread.tell()
            await asyncio.sleep(0)
        assert thread.taken == [1]
        ((seconds, end),) = rests
        assert seconds == REST
        end()
        assert thread.taken == [1, 5]


async def test_after_a_rest_without_anything_it_listens_again(thread: Thread) -> None:
    Events(thread.descriptor, thread.take).listen()
    for number in range(1, 6):
        thread.tell()
        await thread.until(number)
        async with asyncio.timeout(5):
            while not is_listening(thread):
                await asyncio.sleep(0.001)
    assert thread.taken == [1] * 5


def is_listening(thread: Thread) -> bool:
    selector = asyncio.get_running_loop()._selector  # type: ignore[attr-defined]
    return thread.descriptor in selector.get_map()
