"""What this verification does not try, and why. Nothing of it is counted as blocked."""

from __future__ import annotations

import platform
from pathlib import Path

from server.verify.report import Untested

_SWAPS = Path("/proc/swaps")
_HIBERNATION = Path("/sys/power/disk")
_GRAPHICS = Path("/dev/dri")


def _swap() -> str:
    try:
        swaps = _SWAPS.read_text().splitlines()[1:]
    except OSError:
        return "this system does not say whether it has swap"
    if not swaps:
        return "this machine has no swap"
    return "it would take all memory of the machine; that paging out is refused is tried"


def _hibernation() -> str:
    try:
        possible = "disabled" not in _HIBERNATION.read_text()
    except OSError:
        possible = False
    return "it would stop the machine" if possible else "this machine cannot hibernate"


def _graphics() -> str:
    return "only opening files is tried" if _GRAPHICS.exists() else "this machine has no such device"


def everywhere() -> list[Untested]:
    """Subjects that no attack stands for on this machine."""
    return [
        Untested("media memory in swap when memory is short", _swap()),
        Untested("media memory in a hibernation image", _hibernation()),
        Untested("copies in the memory of a graphics device", _graphics()),
        Untested("mistakes of the kernel", "there is no list of those nobody knows; keep it current"),
        Untested("other architectures", f"this is {platform.machine()}; the filters differ by architecture"),
        Untested(
            "root, the hypervisor, code from before the lock",
            "out of scope: no process can hold them off",
        ),
    ]
