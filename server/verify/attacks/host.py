"""What only works by a setting of the whole machine, which is changed for a moment and put back.

Tried only where it is asked for (`--host-settings`), as root.
"""

from __future__ import annotations

import contextlib
import ctypes
import shutil
import tempfile
import time
from pathlib import Path

from server.verify.attack import Group, Scene, attack
from server.verify.settings import CORE_PATTERN

_HANDLER = Path("/usr/bin/dd")
_KEPT = "/var/tmp"  # noqa: S108 - seen by the machine's own processes too, unlike our scratch directory
_GROUPS = tuple(map(Path, ("/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd")))
_PATIENCE = 100  # hundredths of a second


def _core_goes_to_a_program(scene: Scene) -> None:
    """The program keeps 64 bytes: enough to see that it was given a core."""
    if not _HANDLER.exists():
        raise OSError("there is no dd to give cores to")
    before = CORE_PATTERN.read_bytes()
    kept = Path(tempfile.mkdtemp(prefix="offrecord-", dir=_KEPT))
    scene.things["kept"] = bytes(kept)
    CORE_PATTERN.write_text(f"|{_HANDLER} of={kept / 'core'} bs=64 count=1")
    scene.things["pattern"] = before


def _put_pattern_back(scene: Scene) -> None:
    if "pattern" in scene.things:
        CORE_PATTERN.write_bytes(scene.things["pattern"])
    if "kept" in scene.things:
        shutil.rmtree(scene.things["kept"].decode(), ignore_errors=True)


def _handed_over(scene: Scene) -> bool:
    core = Path(scene.things["kept"].decode()) / "core"
    for _ in range(_PATIENCE):
        if core.exists() and core.read_bytes()[:4] == b"\x7fELF":
            return True
        time.sleep(0.01)
    return False


@attack(
    Group.HOST,
    _handed_over,
    stage=_core_goes_to_a_program,
    restore=_put_pattern_back,
    changes_host="it sets who receives the cores of this whole machine; --host-settings tries it as root",
)
def crash_for_a_program_that_receives_cores(_scene: Scene) -> None:
    ctypes.string_at(0)


def _make_group(scene: Scene) -> None:
    parent = next((path for path in _GROUPS if (path / "cgroup.procs").exists()), None)
    if parent is None:
        raise OSError("there are no control groups here")
    group = parent / f"offrecord-{scene.text}"
    group.mkdir()
    scene.things["group"] = bytes(group)
    (group / "cgroup.procs").chmod(0o666)


def _remove_group(scene: Scene) -> None:
    if "group" not in scene.things:
        return
    group = Path(scene.things["group"].decode())
    for _ in range(_PATIENCE):
        with contextlib.suppress(OSError):  # as long as the kernel counts the process that has just ended
            group.rmdir()
            return
        time.sleep(0.01)


@attack(
    Group.HOST,
    lambda scene: scene.text in Path(f"/proc/{scene.pid}/cgroup").read_text(),
    stage=_make_group,
    restore=_remove_group,
    changes_host="it makes a control group on this machine; --host-settings tries it as root",
)
def data_in_a_control_group(scene: Scene) -> None:
    (Path(scene.things["group"].decode()) / "cgroup.procs").write_text("0")
