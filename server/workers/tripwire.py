"""Which system call a relay died of, where the kernel's log may be read.

The kernel writes an audit record of type 1326 (AUDIT_SECCOMP, linux/audit.h) for a process that a filter
kills, and without an audit daemon that record goes to /dev/kmsg. Of it only the number of the call is
taken, and of that only the name in our own policy: nothing that a relay can choose the text of.
"""

from __future__ import annotations

import asyncio
import errno
import os
import platform
import re
import signal
from functools import cache
from pathlib import Path
from typing import Final

from server import _native
from server.workers.faults import UNKNOWN_CALL

KMSG: Final = Path("/dev/kmsg")
FOREIGN_ABI: Final = "foreign_abi"
"""A call of the 32-bit or x32 interface, whatever it asks for."""
PATIENCE: Final = 0.3
"""Seconds that the record may come after the end of the process: the kernel writes it in a thread."""
MOST_RECORDS: Final = 10_000
"""Read at one death; the whole log of most kernels, some ten milliseconds."""
_LONGEST_RECORD: Final = 8192
_AGAIN: Final = 0.02
_X32: Final = 0x4000_0000
_FIRST_PID_NAMESPACE: Final = 0xEFFF_FFFC  # PROC_PID_INIT_INO, linux/proc_ns.h
_AUDIT_ARCHITECTURE: Final = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7}
# Priority and facility, sequence, microseconds, flags; then the record. Text that a process chooses is quoted
# or in hexadecimal there, and what processes write into the log has another facility than 0.
_RECORD: Final = re.compile(
    rb"[0-7],\d+,\d+,[^;]*;audit: type=1326 audit\([\d.:]+\): auid=\d+ uid=\d+ gid=\d+ ses=\d+ (?:subj=\S+ )?"
    rb"pid=(\d{1,10}) comm=\S+ exe=\S+ sig=%d arch=([0-9a-f]{1,8}) syscall=(\d{1,10}) " % signal.SIGSYS
)


@cache
def _names() -> dict[int, str]:
    return dict(_native.tripwires())


def call_of(record: bytes, pid: int) -> str | None:
    """The name of the call that killed `pid`, if this record of /dev/kmsg says so."""
    found = _RECORD.match(record)
    if found is None or int(found[1]) != pid:
        return None
    number = int(found[3])
    if int(found[2], 16) != _AUDIT_ARCHITECTURE.get(platform.machine()) or number & _X32:
        return FOREIGN_ABI
    return _names().get(number, UNKNOWN_CALL)


@cache
def _numbers_are_the_kernels() -> bool:
    """In a namespace of processes, as in a container, our process ids are not those of the log."""
    try:
        return os.stat("/proc/self/ns/pid").st_ino == _FIRST_PID_NAMESPACE
    except OSError:
        return False


class KernelLog:
    """Reads what the kernel says from now on. Where that is not allowed, it says nothing."""

    def __init__(self, path: Path = KMSG) -> None:
        self._descriptor: int | None = None
        if not _numbers_are_the_kernels():
            return
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            os.lseek(self._descriptor, 0, os.SEEK_END)
        except OSError:
            self.close()

    def is_readable(self) -> bool:
        """Whether it may say something at all."""
        return self._descriptor is not None

    def close(self) -> None:
        """Idempotent."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    async def call_that_killed(self, pid: int) -> str:
        """The name of the call, or "unknown". Waits for the record, not longer than `PATIENCE`."""
        try:
            async with asyncio.timeout(PATIENCE):
                while self._descriptor is not None:
                    call = self._search(pid)
                    if call is not None:
                        return call
                    await asyncio.sleep(_AGAIN)
        except TimeoutError:
            pass
        return UNKNOWN_CALL

    def _search(self, pid: int) -> str | None:
        for _ in range(MOST_RECORDS):
            record = self._next()
            if not record:
                return None
            if call := call_of(record, pid):
                return call
        self.close()  # too much was said; the rest is not looked at
        return None

    def _next(self) -> bytes:
        """A record; empty when there is none yet, or none any more."""
        assert self._descriptor is not None, "asked before"
        try:
            return os.read(self._descriptor, _LONGEST_RECORD)
        except BlockingIOError:
            return b""
        except OSError as error:
            if error.errno == errno.EPIPE:
                return b"overwritten before it was read"
            self.close()
            return b""
