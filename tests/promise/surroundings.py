"""Runs a command in other surroundings: `python surroundings.py WHERE COMMAND...`.

`no-landlock`: the kernel seems to have no Landlock, as in some containers. The others are a user namespace
whose users are nobody in particular outside, and have to be started as root: `container` is an ordinary user
there, `container-root` is root with the capabilities that container runtimes leave, and
`container-root-with-ptrace` is given one more.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from pathlib import Path

from server.verify import kernel
from tests.promise import ordinary_user

LANDLOCK_CALLS = (444, 445, 446)  # the same on every architecture
FIRST_OUTSIDE, USERS = 100_000, 65_536
KEPT_CAPABILITIES = (0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31)  # those of Docker's default
USER = 1000
SYS_PTRACE = 19
_LAST_CAPABILITY = 40
_ENOSYS = 38
_SET_NO_NEW_PRIVS, _SET_SECCOMP, _SECCOMP_FILTER, _CAPBSET_DROP = 38, 22, 2, 24
_LOAD_WORD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _ERRNO = 0x7FFF_0000, 0x0005_0000


def _no_landlock() -> None:
    steps = [(_LOAD_WORD, 0, 0, 0)]
    for left, number in zip(range(len(LANDLOCK_CALLS) - 1, -1, -1), LANDLOCK_CALLS, strict=True):
        steps.append((_JUMP_IF_EQUAL, left + 1, 0, number))
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _ERRNO | _ENOSYS)]
    program = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    header = ctypes.create_string_buffer(struct.pack("@HP", len(steps), ctypes.addressof(program)))
    kernel.prctl(_SET_NO_NEW_PRIVS, 1)
    kernel.libc("prctl", _SET_SECCOMP, _SECCOMP_FILTER, header)


def _container(user: int, *more_capabilities: int) -> None:
    ordinary_user.bring_within_reach()
    ready, told = os.pipe()
    inside = os.getpid()
    mapper = os.fork()
    if mapper == 0:
        os.read(ready, 1)
        for kind in ("uid", "gid"):
            Path(f"/proc/{inside}/{kind}_map").write_text(f"0 {FIRST_OUTSIDE} {USERS}")
        os._exit(0)
    kernel.libc("unshare", kernel.CLONE_NEWUSER)
    os.write(told, b"x")
    assert os.waitpid(mapper, 0)[1] == 0, "the users could not be mapped"
    os.close(ready)
    os.close(told)
    for capability in set(range(_LAST_CAPABILITY + 1)).difference(KEPT_CAPABILITIES, more_capabilities):
        kernel.prctl(_CAPBSET_DROP, capability)
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


def main(where: str, command: list[str]) -> None:
    """Becomes the command. Raises OSError."""
    if where == "no-landlock":
        _no_landlock()
    elif where == "container":
        _container(USER)
    elif where == "container-root":
        _container(0)
    elif where == "container-root-with-ptrace":
        _container(0, SYS_PTRACE)
    else:
        raise ValueError(where)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
