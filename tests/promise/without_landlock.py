"""Runs a command where the kernel seems to have no Landlock: `python without_landlock.py COMMAND...`.

As in a container whose seccomp profile does not know the calls: they answer ENOSYS, to everything that the
command starts as well.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys

from server.verify import kernel

_CREATE_RULESET, _RESTRICT_SELF = 444, 446  # the same on every architecture
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2
_LOAD_NUMBER = (0x20, 0, 0, 0)
_ALLOW, _ERRNO = 0x7FFF_0000, 0x0005_0000


def _program() -> bytes:
    """Classic BPF: code, jump if true, jump if false, operand."""
    steps = [
        _LOAD_NUMBER,
        (0x35, 0, 2, _CREATE_RULESET),  # at least, or allow
        (0x25, 1, 0, _RESTRICT_SELF),  # more, and allow
        (0x06, 0, 0, _ERRNO | errno.ENOSYS),
        (0x06, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def main(command: list[str]) -> None:
    """Becomes the command. Raises OSError."""
    program = ctypes.create_string_buffer(_program())
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", 5, ctypes.addressof(program)))
    kernel.libc("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    kernel.libc("prctl", _PR_SET_SECCOMP, _MODE_FILTER, header, 0, 0)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
