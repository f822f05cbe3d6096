"""Runs a command as an ordinary user: `python ordinary_user.py [--proc=OPTIONS] [--net-admin] COMMAND...`.

Started as root it becomes a user without a name, with the capability sets of one, and in a mount namespace
of its own brings within that user's reach what lies under directories only root may enter, the interpreter
for example; there /proc can be mounted with other options. Started by anybody else it is an ordinary user
already. In both cases little memory may be locked, as is usual for a service. With `--net-admin` it has that
one capability, as a service can be given.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
from pathlib import Path

from server.verify import kernel

MEMLOCK_BYTES = 8 * 1024 * 1024
USER = 54321
_MS_BIND_RECURSIVE = (1 << 12) | (1 << 14)
_SEARCHABLE = 0o001
_PROC = "--proc="
_NET_ADMIN = "--net-admin"


def user() -> int:
    """Whom the command will be."""
    return USER if os.geteuid() == 0 else os.geteuid()


def _needed() -> list[Path]:
    """The interpreter, its environment, and the sources."""
    root = Path(__file__).parents[2]
    return [Path(sys.base_prefix).resolve(), Path(sys.prefix).resolve(), root.resolve()]


def _closed_above(path: Path) -> Path | None:
    """The outermost directory above `path` that others may not search."""
    above = reversed(path.parents)
    return next((one for one in above if not one.stat().st_mode & _SEARCHABLE), None)


def bring_within_reach() -> None:
    """A closed directory is covered with an open one that has nothing but what is needed."""
    kernel.libc("unshare", kernel.CLONE_NEWNS)
    kernel.mount("none", "/", "", kernel.MS_PRIVATE_RECURSIVE)
    covered: dict[Path, list[Path]] = {}
    for path in _needed():
        closed = _closed_above(path)
        if closed is not None:
            covered.setdefault(closed, []).append(path)
    for closed, paths in covered.items():
        kept = {path: os.open(path, os.O_PATH | os.O_DIRECTORY) for path in paths}
        kernel.mount("tmpfs", str(closed), "tmpfs", kernel.MS_NOSUID_NODEV)
        closed.chmod(0o755)
        for path, descriptor in kept.items():
            path.mkdir(parents=True, exist_ok=True)
            kernel.mount(f"/proc/self/fd/{descriptor}", str(path), "", _MS_BIND_RECURSIVE)
            os.close(descriptor)


def main(command: list[str]) -> None:
    """Becomes the command. Raises OSError."""
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (MEMLOCK_BYTES, MEMLOCK_BYTES))
    proc = command.pop(0).removeprefix(_PROC) if command[0].startswith(_PROC) else ""
    may_set_rules = command[0] == _NET_ADMIN
    del command[: int(may_set_rules)]
    if os.geteuid() == 0:
        bring_within_reach()
        if proc:
            kernel.libc("mount", b"proc", b"/proc", b"proc", 0, proc.encode())
        os.environ["HOME"] = tempfile.gettempdir()
        if may_set_rules:
            capability = ("--inh-caps=-all,+net_admin", "--ambient-caps=-all,+net_admin")
            become = (f"--reuid={USER}", f"--regid={USER}", "--clear-groups")
            os.execvp("setpriv", ["setpriv", *become, *capability, "--", *command])
        os.setgroups([])
        os.setresgid(USER, USER, USER)
        os.setresuid(USER, USER, USER)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
