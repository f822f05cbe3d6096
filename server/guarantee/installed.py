"""Reads the installed files of this server and of the packages it uses, for their digests.

Slow, about half a second: for a thread. Compiled Python files are left out: each machine makes its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from importlib import metadata
from pathlib import Path

from server.guarantee.software import Package, Software, digest_of

SERVER = Path(__file__).resolve().parents[1]
LOOK_AGAIN_SECONDS = 60.0
PROJECT = "offrecord"
# Comes with aiortc, is kept out of every process, and would be more than half of what is read.
_NEVER_LOADED = frozenset({"av"})
_NO_SOURCES = frozenset({"native", "__pycache__"})
# Written by whatever installs a package, and different from machine to machine.
_OF_THE_INSTALLER = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"})
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9._-]+)\s*(?:\[([^\]]*)\])?")
_EXTRA = re.compile(r"""extra\s*==\s*["']([^"']+)["']""")

Mark = tuple[str, int, int, int, int]


def version() -> str:
    """Of this server; "0" where it runs without having been installed."""
    try:
        return metadata.version(PROJECT)
    except metadata.PackageNotFoundError:
        return "0"


def platform() -> str:
    """Interpreter, system and architecture: what compiled files are made for."""
    return f"{sys.implementation.cache_tag}-{sysconfig.get_platform()}"


def read(now: float, server: Path = SERVER) -> Software:
    """Reads everything. A file that has vanished meanwhile is left out, and so changes the digest."""
    files = _hashes(server.parent, _own_files(server))
    extension = {path: digest for path, digest in files.items() if path.endswith(".so")}
    return Software(
        version=version(),
        platform=platform(),
        code=digest_of({path: digest for path, digest in files.items() if path not in extension}),
        extension=digest_of(extension),
        packages=tuple(_package(name, found) for name, found in sorted(_distributions().items())),
        read_at=now,
    )


def marks(server: Path = SERVER) -> frozenset[Mark]:
    """Path, inode, size and times of every file that `read` reads: other marks, other files perhaps."""
    seen = set[Mark]()
    for path in (*_own_files(server), *_package_paths()):
        with contextlib.suppress(OSError):
            at = path.stat()
            seen.add((str(path), at.st_ino, at.st_size, at.st_mtime_ns, at.st_ctime_ns))
    return frozenset(seen)


class InstalledSoftware:
    """The software as it was read at the start, and whether its files have changed on disk since.

    A relay that is replaced loads what is there then, so a change stays told until the server restarts.
    """

    def __init__(
        self,
        read: Callable[[float], Software] = read,
        marks: Callable[[], frozenset[Mark]] = marks,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._read = read
        self._marks = marks
        self._clock = clock
        self._seen: frozenset[Mark] = frozenset()
        self._software: Software | None = None
        self._known = asyncio.Event()

    async def software(self) -> Software:
        """Waits for the first reading. Needs `watch` to be running."""
        await self._known.wait()
        assert self._software is not None, "set with the event"
        return self._software

    async def watch(self) -> None:
        """Reads now, and looks for changes for as long as it is not cancelled."""
        # The marks first: a file that changes between the two is then seen as changed.
        self._seen = await asyncio.to_thread(self._marks)
        self._software = await asyncio.to_thread(self._read, self._clock())
        self._known.set()
        while True:
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
            await self.look_again()

    async def look_again(self) -> None:
        """Reads again where marks have changed; what was read at the start stays what is told."""
        at_start = await self.software()
        seen = await asyncio.to_thread(self._marks)
        if at_start.changed_at is not None or seen == self._seen:
            return
        self._seen = seen
        now = self._clock()
        if not at_start.is_same_as(await asyncio.to_thread(self._read, now)):
            self._software = replace(at_start, changed_at=now)


def _own_files(server: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(server):
        folders[:] = [name for name in folders if name not in _NO_SOURCES]
        yield from (Path(folder, name) for name in names if not name.endswith(".pyc"))


def _hashes(root: Path, paths: Iterator[Path]) -> dict[str, str]:
    found = {}
    for path in paths:
        digest = _hash(path)
        if digest is not None:
            found[path.relative_to(root).as_posix()] = digest
    return found


def _hash(path: Path) -> str | None:
    with contextlib.suppress(OSError), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
    return None


def _distributions() -> dict[str, metadata.Distribution]:
    """What this server requires, directly and through others, as far as it is installed; by name."""
    found: dict[str, metadata.Distribution] = {}
    waiting: list[tuple[str, frozenset[str]]] = [(PROJECT, frozenset())]
    while waiting:
        name, extras = waiting.pop()
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # for another system, or this is no installation
        name = _normal(distribution.metadata["Name"])
        if name in found or name in _NEVER_LOADED:
            continue
        found[name] = distribution
        waiting += _required(distribution.requires or [], extras)
    found.pop(PROJECT, None)  # its files are read where they run from
    return found


def _required(requirements: list[str], extras: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    for requirement in requirements:
        wanted, _, marker = requirement.partition(";")
        only_for = set(_EXTRA.findall(marker))
        named = _REQUIREMENT.match(wanted)
        if named is not None and (not only_for or only_for & extras):
            yield named[1], frozenset(one.strip() for one in (named[2] or "").split(",") if one.strip())


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _package_files(distribution: metadata.Distribution) -> dict[str, Path]:
    """Files by the path that RECORD lists, commands and what the installer writes left out."""
    return {
        file.as_posix(): Path(str(distribution.locate_file(file)))
        for file in distribution.files or ()
        if file.suffix != ".pyc"
        and ".." not in file.parts
        and not (file.parts[0].endswith(".dist-info") and file.name in _OF_THE_INSTALLER)
    }


@cache
def _package_paths() -> tuple[Path, ...]:
    """Remembered: what was installed at the start is what counts, and finding it is what takes long."""
    return tuple(path for found in _distributions().values() for path in _package_files(found).values())


def _package(name: str, distribution: metadata.Distribution) -> Package:
    hashes = {path: _hash(place) for path, place in _package_files(distribution).items()}
    listed = {path: digest for path, digest in hashes.items() if digest is not None}
    return Package(name, distribution.version, digest_of(listed))
