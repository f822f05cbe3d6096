"""Settings of the whole machine that `--host-settings` changes, put back whatever happens meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CORE_PATTERN = Path("/proc/sys/kernel/core_pattern")
"""Who receives cores, core(5)."""


@contextmanager
def put_back() -> Iterator[None]:
    """Each attack puts back what it changed; this is for a run that was killed in one."""
    before = CORE_PATTERN.read_bytes()
    try:
        yield
    finally:
        if CORE_PATTERN.read_bytes() != before:
            CORE_PATTERN.write_bytes(before)
