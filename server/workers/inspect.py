"""What a locked relay has, read from outside once: descriptors, mappings, threads, other processes.

It needs a process that may still be inspected, which is why a relay becomes undumpable only after it.
"""

from __future__ import annotations

import os
import re
import stat
import time
from pathlib import Path

from server._native import TCP_LISTENER
from server.guarantee.evidence import Inspection
from server.workers import relatives
from server.workers.proc import PROC, fields, hidden, names, read

_NULL = os.makedev(1, 3)
_ACCESS_MODE = 0o3
_LISTENS = "0A"  # TCP_LISTEN, as /proc/net/tcp writes it
_STREAM = 1  # SOCK_STREAM, as /proc/net/unix writes it
_EXPECTED_ANONYMOUS = frozenset({"anon_inode:[eventfd]", "anon_inode:[eventpoll]"})
_MEDIA_LIBRARY = re.compile(
    r"/(lib(av(codec|format|device|filter|util)|sw(scale|resample)|postproc|x26[45]|vpx|opus|aom|dav1d"
    r"|SvtAv1|mp3lame|vorbis|theora|speex|gst)[^/]*\.so|av\.libs/|site-packages/av/|aiortc/codecs/)"
)


def _sockets(process: Path) -> frozenset[str]:
    """Inodes of the sockets a relay may have under any number: UDP, and nameless connected streams (the event
    loop's own).

    A UNIX datagram socket can write to any named socket, such as the system log, whatever it was for.
    """
    allowed: set[str] = set()
    for protocol in ("udp", "udp6"):
        path = process / "net" / protocol
        if path.exists():
            allowed.update(line.split()[9] for line in read(path).splitlines()[1:] if len(line.split()) > 9)
    for line in read(process / "net" / "unix").splitlines()[1:]:
        words = line.split()
        if len(words) == 7 and int(words[4], 16) == _STREAM:
            allowed.add(words[6])
    return frozenset(allowed)


def _listeners(process: Path, port: int) -> frozenset[str]:
    """Inodes of the TCP sockets that listen at a port; it had to be connected to to be anything else."""
    found: set[str] = set()
    for protocol in ("tcp", "tcp6"):
        path = process / "net" / protocol
        for line in read(path).splitlines()[1:] if path.exists() else ():
            words = line.split()
            if len(words) > 9 and words[3] == _LISTENS and int(words[1].rpartition(":")[2], 16) == port:
                found.add(words[9])
    return frozenset(found)


def _carries_descriptors(process: Path, descriptor: str) -> bool:
    """Files wait inside a UNIX socket to be received: in no list of descriptors, and yet within reach."""
    return fields(read(process / "fdinfo" / descriptor)).get("scm_fds", "0") != "0"


def _is_expected(target: str, status: os.stat_result, sockets: frozenset[str]) -> bool:
    if stat.S_ISSOCK(status.st_mode):
        return target.removeprefix("socket:[").removesuffix("]") in sockets
    if stat.S_ISFIFO(status.st_mode):
        return target.startswith("pipe:[")
    if stat.S_ISCHR(status.st_mode):
        return status.st_rdev == _NULL
    return target in _EXPECTED_ANONYMOUS


def _may_write(process: Path, descriptor: str) -> bool:
    flags = fields(read(process / "fdinfo" / descriptor)).get("flags", "02")
    return int(flags, 8) & _ACCESS_MODE != os.O_RDONLY


def inspect(pid: int, tcp_port: int = 0) -> Inspection:
    """Everything that a locked relay has, while it waits. Raises InspectionError.

    With a `tcp_port` it may have a socket that listens there, under the one number at which the filters let
    it accept connections.
    """
    process = PROC / str(pid)
    sockets = _sockets(process)
    listeners = _listeners(process, tcp_port) if tcp_port else frozenset()
    writable = unexpected = rings = 0
    for descriptor in names(process / "fd"):
        link = process / "fd" / descriptor
        try:
            target, status = os.readlink(link), os.stat(link)
        except OSError as error:
            raise hidden(error) from None
        expected = sockets | listeners if int(descriptor) == TCP_LISTENER else sockets
        if _is_expected(target, status, expected) and not _carries_descriptors(process, descriptor):
            continue
        unexpected += 1
        rings += "io_uring" in target
        writable += _may_write(process, descriptor)
    shared = code = 0
    libraries: set[str] = set()
    for line in read(process / "maps").splitlines():
        words = line.split(maxsplit=5)
        rights = words[1]
        shared += "w" in rights and rights.endswith("s")
        code += "w" in rights and "x" in rights
        if len(words) == 6 and _MEDIA_LIBRARY.search(words[5]):
            libraries.add(words[5])
    return Inspection(
        observed_at=time.time(),
        threads=len(names(process / "task")),
        writable_files=writable,
        unexpected_descriptors=unexpected,
        io_uring_rings=rings,
        shared_writable_maps=shared,
        writable_executable_maps=code,
        media_libraries=len(libraries),
        other_processes=relatives.count(pid),
    )
