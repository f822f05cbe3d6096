"""Bounded reading of /proc, proc(5). Everything raises `InspectionError` where /proc does not show it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from server.errors import RelayError

PROC: Final = Path("/proc")
UNLIMITED: Final = 2**64 - 1  # RLIM_INFINITY
_LONGEST: Final = 4 * 1024 * 1024  # bytes of one file


class InspectionError(RelayError):
    """The process is gone, or /proc does not show it to us."""


def hidden(error: OSError) -> InspectionError:
    """What an error of the file system means here."""
    return InspectionError(f"/proc does not show the relay (errno {error.errno})")


def read(path: Path) -> str:
    """A file's text, up to a bound."""
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST).decode("utf-8", "replace")
    except OSError as error:
        raise hidden(error) from None


def names(path: Path) -> list[str]:
    """What a directory lists."""
    try:
        return os.listdir(path)
    except OSError as error:
        raise hidden(error) from None


def owner(path: Path) -> int:
    """The user whom a file belongs to."""
    try:
        return path.stat().st_uid
    except OSError as error:
        raise hidden(error) from None


def fields(text: str) -> dict[str, str]:
    """`Name:  value` lines by name."""
    pairs = (line.partition(":") for line in text.splitlines())
    return {name: value.strip() for name, _, value in pairs}


def limit(limits: str, name: str) -> int:
    """Of /proc/PID/limits: the larger of soft and hard, so that 0 means neither allows anything."""
    for line in limits.splitlines():
        if line.startswith(name):
            soft, hard = line[len(name) :].split()[:2]
            return max(UNLIMITED if value == "unlimited" else int(value) for value in (soft, hard))
    return UNLIMITED
