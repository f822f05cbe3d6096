"""A relay with something planted in it. Arguments: PLANT LOCK DIRECTORY KNOWN, and a relay's two descriptors.

It is the relay, by its own code, but for three things: the plant is prepared just before the lock; each
request for a key frame, which the call makes after each packet, lets it have the media that is in the
relay's memory; and with LOCK `off`, the control run, the steps of the lock do nothing.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from server import _native
from server.control.messages import FourWords, Level, Locked, Request, RequestKeyFrame, SelfTest
from server.relay import __main__ as relay
from server.relay import birth
from server.verify.planted.plants import PLANTS, Plant


class _Arena:
    """Where the packet thread keeps media: what any code in the process can read."""

    def __init__(self) -> None:
        self._maps: list[tuple[int, int]] = []

    def watch(self, make: Callable[..., Any]) -> Callable[..., Any]:
        """Remembers the memory that comes with the packet thread."""

        def made(*arguments: object) -> Any:
            before = set(_writable())
            thread = make(*arguments)
            self._maps = [each for each in _writable() if each not in before]
            return thread

        return made

    def media(self, known: bytes) -> bytes | None:
        for start, end in self._maps:
            memory = ctypes.string_at(start, end - start)
            found = memory.find(known)
            if found >= 0:
                return memory[found : found + len(known)]
        return None


def _writable() -> list[tuple[int, int]]:
    found = []
    for line in Path("/proc/self/maps").read_text().splitlines():
        words = line.split()
        if words[1] == "rw-p" and len(words) == 5:
            start, _, end = words[0].partition("-")
            found.append((int(start, 16), int(end, 16)))
    return found


def _plant(plant: Plant, known: bytes) -> None:
    arena = _Arena()
    setattr(_native, "PacketThread", arena.watch(_native.PacketThread))  # noqa: B010 - a class by its name
    settle = birth.settle

    def prepared() -> None:
        from server.relay.worker import Worker

        handle = Worker.handle

        def handled(worker: Worker, request: Request) -> None:
            handle(worker, request)
            media = arena.media(known) if isinstance(request, RequestKeyFrame) else None
            if media is not None:
                # A refusal is no reason to show oneself.
                with contextlib.suppress(OSError, ValueError):
                    plant.packet(media, worker._notices._send)

        setattr(Worker, "handle", handled)  # noqa: B010 - the plant
        plant.prepare()
        settle()

    birth.settle = prepared


def _unlock() -> None:
    """The control run: every step of the lock does nothing and says that all is well."""

    def unlocked(boot: object, arena_bytes: int, arena_locked: bool) -> Locked:
        return Locked(Level.NONE, 0, 0, FourWords(0, 0, 0, 0), False, arena_bytes, arena_locked, 0)

    def nothing() -> None:
        return None

    birth.stage0 = birth.finish = nothing
    birth.settle = nothing
    birth.lock = unlocked  # type: ignore[assignment] # the same call, without its last parameter
    birth.self_test = lambda: SelfTest(True, True, True)


def main(arguments: list[str]) -> NoReturn:
    name, lock, directory, known = arguments[:4]
    plant = next(each for each in PLANTS if each.name == name)(Path(directory))
    plant.early()
    if lock == "off":
        _unlock()
    _plant(plant, known.encode())
    sys.argv[1:] = arguments[4:]
    relay.main()


if __name__ == "__main__":
    main(sys.argv[1:])
