"""Runs a command under what its systemd unit asks for, as far as that can be had without systemd:
`python as_service.py UNIT STATE_DIRECTORY COMMAND...`, as root.

The list of system calls as systemd expands it, limits, no new privileges, no capability, a user of its own, a
file system that can be written in the state directory and in temporary files alone, few devices, and the
/proc that the unit asks for. Raises OSError, and KeyError for a call that the headers do not know.
"""

from __future__ import annotations

import ctypes
import os
import re
import resource
import struct
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from server.verify import kernel
from tests.promise.ordinary_user import USER, bring_within_reach

HEADERS = (Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"), Path("/usr/include/asm-generic/unistd.h"))
_DENIED, _ALLOW, _ERRNO_EPERM = (0x06, 0, 0, 0x0005_0001), (0x06, 0, 0, 0x7FFF_0000), 0x0005_0001
_MS_REMOUNT_BIND_READ_ONLY = 32 | 4096 | 1
_MS_BIND = 4096
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2
_LIMITS = {
    "LimitMEMLOCK": resource.RLIMIT_MEMLOCK,
    "LimitCORE": resource.RLIMIT_CORE,
    "LimitNOFILE": resource.RLIMIT_NOFILE,
}
_DEVICES = ("null", "zero", "random", "urandom", "shm")

Unit = dict[str, list[str]]


def read_unit(path: Path) -> Unit:
    """Every setting with its values in order."""
    settings: Unit = defaultdict(list)
    for line in path.read_text().splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            settings[name].append(value.strip())
    return settings


def _expanded(name: str) -> set[str]:
    """Of a group, every call in it: as `systemd-analyze syscall-filter` lists it."""
    if not name.startswith("@"):
        return {name}
    ran = subprocess.run(
        ["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, check=True
    )
    inside = [line.strip() for line in ran.stdout.splitlines()[1:]]
    return set().union(*(_expanded(each) for each in inside if each and not each.startswith("#")))


def allowed_calls(unit: Unit) -> set[str]:
    """systemd.exec(5), SystemCallFilter=: lists that start with ~ are taken away from those before."""
    calls: set[str] = set()
    for value in unit["SystemCallFilter"]:
        named = set().union(*(_expanded(name) for name in value.removeprefix("~").split()))
        calls = calls - named if value.startswith("~") else calls | named
    # What systemd allows in any case, to start the program.
    return calls | _expanded("@default") | {"execve"}


def _numbers() -> dict[str, int]:
    header = next(path for path in HEADERS if path.exists())
    found = re.findall(r"^#define __NR_(\w+)\s+(\d+)", header.read_text(), re.MULTILINE)
    return {name: int(number) for name, number in found}


def _filter(calls: set[str]) -> None:
    numbers = _numbers()
    steps: list[tuple[int, int, int, int]] = [(0x20, 0, 0, 0)]
    for number in sorted(numbers[name] for name in calls & numbers.keys()):
        steps += [(0x15, 0, 1, number), _ALLOW]
    steps.append(_DENIED)
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(steps), ctypes.addressof(program)))
    kernel.libc("prctl", _PR_SET_SECCOMP, _MODE_FILTER, header, 0, 0)


def _limit(unit: Unit) -> None:
    for name, number in _LIMITS.items():
        (value,) = unit[name]
        wanted = resource.RLIM_INFINITY if value == "infinity" else int(value)
        _, hard = resource.getrlimit(number)
        try:
            resource.setrlimit(number, (wanted, wanted))
        except ValueError:  # without CAP_SYS_RESOURCE no limit is raised
            resource.setrlimit(number, (hard, hard))


def _read_only(state: Path) -> None:
    """ProtectSystem=strict, PrivateTmp, PrivateDevices."""
    kernel.mount(str(state), str(state), "", _MS_BIND)
    held = os.open("/dev", os.O_PATH | os.O_DIRECTORY)
    kernel.mount("tmpfs", "/dev", "tmpfs", kernel.MS_NOSUID_NODEV & ~4)
    for name in _DEVICES:
        target = Path("/dev") / name
        target.mkdir() if name == "shm" else target.touch()
        kernel.mount(f"/proc/self/fd/{held}/{name}", str(target), "", _MS_BIND)
    os.close(held)
    kernel.libc("mount", None, b"/", None, _MS_REMOUNT_BIND_READ_ONLY, None)


def main(arguments: list[str]) -> None:
    unit, state = read_unit(Path(arguments[0])), Path(arguments[1])
    assert unit["NoNewPrivileges"] == unit["DynamicUser"] == ["yes"], (
        "or this would be stricter than the unit"
    )
    assert unit["CapabilityBoundingSet"] == unit["AmbientCapabilities"] == [""], "as above"
    assert unit["ProtectProc"] == ["default"], "any other hides relays from the server"
    calls = allowed_calls(unit)
    bring_within_reach()
    os.chown(state, USER, USER)
    _read_only(state)
    os.chdir(state)
    _limit(unit)
    os.setgroups([])
    os.setresgid(USER, USER, USER)
    os.setresuid(USER, USER, USER)
    kernel.libc("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _filter(calls)
    os.execvp(arguments[2], arguments[2:])


if __name__ == "__main__":
    main(sys.argv[1:])
