"""System calls that Python has no name for, used by attacks and to set their surroundings."""

from __future__ import annotations

import ctypes
import os
import platform

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long

X86_64 = platform.machine() == "x86_64"


def _number(x86_64: int, generic: int) -> int:
    return x86_64 if X86_64 else generic


BPF = _number(321, 280)
PERF_EVENT_OPEN = _number(298, 241)
USERFAULTFD = _number(323, 282)
ADD_KEY = _number(248, 217)
KEYCTL = _number(250, 219)
IOPRIO_SET = _number(251, 30)
IOPRIO_GET = _number(252, 31)
IO_URING_SETUP = 425
OPENAT2 = 437
PIDFD_GETFD = 438

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_PRIVATE_RECURSIVE = (1 << 18) | (1 << 14)
MS_NOSUID_NODEV = 2 | 4

PR_SET_PDEATHSIG = 1
PR_GET_DUMPABLE = 3
PR_SET_DUMPABLE = 4
PR_SET_NAME = 15

Argument = int | bytes | ctypes.Array[ctypes.c_char] | None


def _checked(result: int) -> int:
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _argument(value: Argument) -> object:
    return ctypes.c_long(value) if isinstance(value, int) else value


def syscall(number: int, *arguments: Argument) -> int:
    """The call's answer. Raises OSError."""
    return _checked(int(_libc.syscall(ctypes.c_long(number), *map(_argument, arguments))))


def libc(name: str, *arguments: Argument) -> int:
    """A libc function that answers -1 on error. Raises OSError."""
    function = getattr(_libc, name)
    function.restype = ctypes.c_long
    function.argtypes = None
    answer = int(function(*map(_argument, arguments)))
    return _checked(-1 if answer in (-1, 0xFFFF_FFFF) else answer)


def prctl(option: int, value: Argument = 0) -> int:
    return libc("prctl", option, value, 0, 0, 0)


def mount(source: str, target: str, kind: str, flags: int) -> None:
    libc("mount", source.encode(), target.encode(), kind.encode(), flags, None)


def name(error: OSError) -> str:
    """The errno's symbol."""
    import errno

    return errno.errorcode.get(error.errno or 0, "unknown")
