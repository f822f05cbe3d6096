"""What the kernel says of a relay, read from outside: signaling does not take a relay's word for its lock.

`inspect` needs a process that may still be inspected, which is why a relay becomes undumpable only
after it. `read_status` works for as long as the relay lives. Both read /proc, a few hundred
microseconds, and raise `InspectionError` when the process is gone or hides.
"""

from __future__ import annotations

import os
import re
import stat
import time
from enum import StrEnum
from functools import cache
from pathlib import Path

from server import _native
from server.control.messages import Level
from server.errors import RelayError
from server.guarantee.evidence import Inspection, KernelStatus
from server.workers.users import ROOT, least_trusted

UNLIMITED = 2**64 - 1  # RLIM_INFINITY
_SECCOMP_FILTER_MODE = 2
_LONGEST = 4 * 1024 * 1024  # bytes of one /proc file
_NULL = os.makedev(1, 3)
_ACCESS_MODE = 0o3
_STREAM = 1  # SOCK_STREAM, as /proc/net/unix writes it
_CAPABILITY_SETS = ("CapInh", "CapPrm", "CapEff", "CapAmb")
_EXPECTED_ANONYMOUS = frozenset({"anon_inode:[eventfd]", "anon_inode:[eventpoll]"})
_MEDIA_LIBRARY = re.compile(
    r"/(lib(av(codec|format|device|filter|util)|sw(scale|resample)|postproc|x26[45]|vpx|opus|aom|dav1d"
    r"|SvtAv1|mp3lame|vorbis|theora|speex|gst)[^/]*\.so|av\.libs/|site-packages/av/|aiortc/codecs/)"
)


class InspectionError(RelayError):
    """The process is gone, or /proc does not show it to us."""


class Fault(StrEnum):
    """Why a relay is not what it should be. A closed list: these go into logs."""

    GONE = "gone"
    NO_FILTERS = "no_filters"
    FEW_FILTERS = "few_filters"
    NEW_PRIVILEGES = "new_privileges"
    ROOT = "root"
    CAPABILITIES = "capabilities"
    FILE_SIZE_LIMIT = "file_size_limit"
    CORE_LIMIT = "core_limit"
    NOTHING_LOCKED = "nothing_locked"
    UNLOCKED_THREAD = "unlocked_thread"
    THREADS = "threads"
    WRITABLE_FILE = "writable_file"
    UNEXPECTED_DESCRIPTOR = "unexpected_descriptor"
    RING = "ring"
    SHARED_MAP = "shared_map"
    WRITABLE_CODE = "writable_code"
    MEDIA_LIBRARY = "media_library"


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST).decode("utf-8", "replace")
    except OSError as error:
        raise InspectionError(f"/proc does not show the relay (errno {error.errno})") from None


def _names(path: Path) -> list[str]:
    try:
        return os.listdir(path)
    except OSError as error:
        raise InspectionError(f"/proc does not show the relay (errno {error.errno})") from None


def _fields(text: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in text.splitlines())
    return {name: value.strip() for name, _, value in pairs}


def _limit(limits: str, name: str) -> int:
    """The larger of soft and hard, so that 0 means neither allows anything."""
    for line in limits.splitlines():
        if line.startswith(name):
            soft, hard = line[len(name) :].split()[:2]
            return max(UNLIMITED if value == "unlimited" else int(value) for value in (soft, hard))
    return UNLIMITED


@cache
def _expected_filters() -> int:
    """Those a relay sets, on top of those it inherits from us, in a container for example.

    Stage 0 alone looks like a filter too: the mode does not say that the others were set.
    """
    inherited = _fields(_read(Path("/proc/self/status"))).get("Seccomp_filters", "0")
    return int(inherited) + _native.filter_count()


def _task_locked(fields: dict[str, str]) -> bool:
    filtered = fields.get("Seccomp") == str(_SECCOMP_FILTER_MODE)
    whole = int(fields.get("Seccomp_filters", "0")) >= _expected_filters()
    return filtered and whole and fields.get("NoNewPrivs") == "1"


def _kib(fields: dict[str, str], name: str) -> int:
    return int(fields.get(name, "0 kB").split()[0])


def read_status(pid: int) -> KernelStatus:
    """From status, limits and every task. Raises InspectionError.

    The bounding set counts only where no_new_privs is off: with it, nothing can be gained from there, and
    an unprivileged process cannot empty it.
    """
    process = Path("/proc") / str(pid)
    fields = _fields(_read(process / "status"))
    limits = _read(process / "limits")
    tasks = [_fields(_read(process / "task" / task / "status")) for task in _names(process / "task")]
    try:
        no_new_privs = fields["NoNewPrivs"] == "1"
        capabilities = 0 if no_new_privs else int(fields["CapBnd"], 16)
        for name in _CAPABILITY_SETS:
            capabilities |= int(fields[name], 16)
        return KernelStatus(
            observed_at=time.time(),
            seccomp_mode=int(fields["Seccomp"]),
            seccomp_filters=int(fields["Seccomp_filters"]),
            expected_filters=_expected_filters(),
            no_new_privs=no_new_privs,
            capabilities=capabilities,
            uid=least_trusted(map(int, fields["Uid"].split()), _read(Path("/proc/self/uid_map"))),
            file_size_limit=_limit(limits, "Max file size"),
            core_limit=_limit(limits, "Max core file size"),
            swapped_kib=_kib(fields, "VmSwap"),
            locked_kib=_kib(fields, "VmLck"),
            every_task_locked=bool(tasks) and all(map(_task_locked, tasks)),
        )
    except (KeyError, ValueError, IndexError):
        # A zombie has neither filters nor memory to read.
        raise InspectionError("the kernel's account of the relay is incomplete") from None


def _sockets(process: Path) -> frozenset[str]:
    """Inodes of the sockets a relay may have: UDP, and nameless connected streams (the event loop's own).

    A UNIX datagram socket can write to any named socket, such as the system log, whatever it was for.
    """
    allowed: set[str] = set()
    for protocol in ("udp", "udp6"):
        path = process / "net" / protocol
        if path.exists():
            allowed.update(line.split()[9] for line in _read(path).splitlines()[1:] if len(line.split()) > 9)
    for line in _read(process / "net" / "unix").splitlines()[1:]:
        words = line.split()
        if len(words) == 7 and int(words[4], 16) == _STREAM:
            allowed.add(words[6])
    return frozenset(allowed)


def _carries_descriptors(process: Path, descriptor: str) -> bool:
    """Files wait inside a UNIX socket to be received: in no list of descriptors, and yet within reach."""
    return _fields(_read(process / "fdinfo" / descriptor)).get("scm_fds", "0") != "0"


def _is_expected(target: str, status: os.stat_result, sockets: frozenset[str]) -> bool:
    if stat.S_ISSOCK(status.st_mode):
        return target.removeprefix("socket:[").removesuffix("]") in sockets
    if stat.S_ISFIFO(status.st_mode):
        return target.startswith("pipe:[")
    if stat.S_ISCHR(status.st_mode):
        return status.st_rdev == _NULL
    return target in _EXPECTED_ANONYMOUS


def _may_write(process: Path, descriptor: str) -> bool:
    flags = _fields(_read(process / "fdinfo" / descriptor)).get("flags", "02")
    return int(flags, 8) & _ACCESS_MODE != os.O_RDONLY


def inspect(pid: int) -> Inspection:
    """Descriptors, mappings and threads of a locked relay that waits. Raises InspectionError."""
    process = Path("/proc") / str(pid)
    sockets = _sockets(process)
    writable = unexpected = rings = 0
    for descriptor in _names(process / "fd"):
        link = process / "fd" / descriptor
        try:
            target, status = os.readlink(link), os.stat(link)
        except OSError as error:
            raise InspectionError(f"/proc does not show the relay (errno {error.errno})") from None
        if _is_expected(target, status, sockets) and not _carries_descriptors(process, descriptor):
            continue
        unexpected += 1
        rings += "io_uring" in target
        writable += _may_write(process, descriptor)
    shared = code = 0
    libraries: set[str] = set()
    for line in _read(process / "maps").splitlines():
        words = line.split(maxsplit=5)
        rights = words[1]
        shared += "w" in rights and rights.endswith("s")
        code += "w" in rights and "x" in rights
        if len(words) == 6 and _MEDIA_LIBRARY.search(words[5]):
            libraries.add(words[5])
    return Inspection(
        observed_at=time.time(),
        threads=len(_names(process / "task")),
        writable_files=writable,
        unexpected_descriptors=unexpected,
        io_uring_rings=rings,
        shared_writable_maps=shared,
        writable_executable_maps=code,
        media_libraries=len(libraries),
    )


def _status_faults(status: KernelStatus, level: Level) -> list[Fault]:
    if level is Level.NONE:
        return []
    wrong = {
        Fault.NO_FILTERS: status.seccomp_mode != _SECCOMP_FILTER_MODE,
        Fault.FEW_FILTERS: status.seccomp_filters < status.expected_filters,
        Fault.NEW_PRIVILEGES: not status.no_new_privs,
        Fault.ROOT: status.uid == ROOT,
        Fault.CAPABILITIES: status.capabilities != 0,
        Fault.FILE_SIZE_LIMIT: status.file_size_limit != 0,
        Fault.CORE_LIMIT: status.core_limit != 0,
        Fault.UNLOCKED_THREAD: not status.every_task_locked,
        Fault.NOTHING_LOCKED: level is Level.FULL and status.locked_kib == 0,
    }
    return [fault for fault, found in wrong.items() if found]


def _inspection_faults(inspection: Inspection) -> list[Fault]:
    wrong = {
        Fault.THREADS: inspection.threads != 1,
        Fault.WRITABLE_FILE: inspection.writable_files > 0,
        Fault.UNEXPECTED_DESCRIPTOR: inspection.unexpected_descriptors > 0,
        Fault.RING: inspection.io_uring_rings > 0,
        Fault.SHARED_MAP: inspection.shared_writable_maps > 0,
        Fault.WRITABLE_CODE: inspection.writable_executable_maps > 0,
        Fault.MEDIA_LIBRARY: inspection.media_libraries > 0,
    }
    return [fault for fault, found in wrong.items() if found]


def faults(inspection: Inspection | None, status: KernelStatus | None, level: Level) -> list[Fault]:
    """Everything that is not as a relay of this level must be; empty is acceptable.

    At birth both are given; later the status alone, with the inspection None. Without a status the relay
    is gone. Swapped memory is not the relay's fault: the guarantee counts it, nobody is killed for it.
    """
    if status is None:
        return [Fault.GONE]
    found = _status_faults(status, level)
    if inspection is not None:
        found += _inspection_faults(inspection)
    return found
