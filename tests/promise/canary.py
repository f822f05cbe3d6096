"""Searching a machine for bytes that should be nowhere: files, shared memory, and the memory of processes."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path

CHUNK = 8 << 20


@dataclass(frozen=True)
class Find:
    """Which of the things looked for, and where. Never the bytes themselves."""

    what: str
    where: str


def in_files(wanted: dict[str, bytes], places: Sequence[Path], since: float) -> list[Find]:
    """Files below `places` that changed since `since` (seconds since the epoch)."""
    longest = max(len(mark) for mark in wanted.values())
    found = []
    for path in _files(places):
        try:
            status = path.lstat()
            if not stat.S_ISREG(status.st_mode) or status.st_ctime < since or status.st_size == 0:
                continue
            names = set()
            with path.open("rb", 0) as file:
                for content in _pieces(file, longest):
                    names |= {name for name, mark in wanted.items() if mark in content}
        except FileNotFoundError:
            continue  # gone meanwhile
        found += [Find(name, str(path)) for name in sorted(names)]
    return found


def in_memory(wanted: dict[str, bytes], pids: Iterable[int]) -> list[Find]:
    """Every readable mapping of the processes. Needs the right to trace them: root."""
    longest = max(len(mark) for mark in wanted.values())
    found = []
    for pid in pids:
        kinds = set()
        for content in _memory(pid, longest):
            kinds |= {name for name, mark in wanted.items() if mark in content}
        found += [Find(name, f"memory of {pid}") for name in sorted(kinds)]
    return found


def _files(places: Sequence[Path]) -> Iterator[Path]:
    for place in places:
        if place.is_dir():
            for folder, _, names in os.walk(place, onerror=None):
                yield from (Path(folder, name) for name in names)
        elif place.exists():
            yield place


def _pieces(file: RawIOBase, overlap: int) -> Iterator[bytes]:
    """A file from here to its end, each piece beginning with the end of the one before."""
    tail = b""
    while piece := file.read(CHUNK):
        yield tail + piece
        tail = piece[-overlap:]


def _memory(pid: int, overlap: int) -> Iterator[bytes]:
    """Pieces, each beginning with the end of the one before."""
    read = 0
    with Path(f"/proc/{pid}/maps").open() as maps, Path(f"/proc/{pid}/mem").open("rb", 0) as memory:
        for line in maps:
            span, rights, *_ = line.split()
            if "r" not in rights or line.rstrip().endswith(("[vvar]", "[vsyscall]", "[vvar_vclock]")):
                continue
            start, end = (int(part, 16) for part in span.split("-"))
            tail = b""
            while start < end:
                memory.seek(start)
                try:
                    piece = memory.read(min(CHUNK, end - start))
                except OSError:
                    break  # a hole: a guard page, or a mapping that went away
                if not piece:
                    break
                yield tail + piece
                tail = piece[-overlap:]
                start += len(piece)
                read += len(piece)
    assert read > 1 << 20, f"hardly anything could be read of process {pid}"
