"""What closes on the host what no process can close for itself, and whether it is in place here.

An attack that declares a measure (`closed_by`) is expected to work where the measure is not in place; the
threat model must name it. To add a measure: one function that looks, one `HostMeasure`, one attack.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from server.firewall.nftables import Nftables
from server.firewall.rules import TABLE

_MOUNTS = Path("/proc/self/mountinfo")
_HIDDEN = {"hidepid=invisible", "hidepid=2", "hidepid=ptraceable", "hidepid=4"}


class State(StrEnum):
    """Whether a measure is in place on this machine, as far as can be seen."""

    ON = "on"
    OFF = "off"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class HostMeasure:
    """`text` is what the threat model and the report tell an operator; `state` looks at this machine."""

    name: str
    text: str
    state: Callable[[], State]


def _proc_is_hidden() -> State:
    try:
        lines = _MOUNTS.read_text("utf-8", "replace").splitlines()
    except OSError:
        return State.UNKNOWN
    options = [line.rpartition(" ")[2] for line in lines if line.split()[4] == "/proc"]
    if not options:
        return State.UNKNOWN
    return State.ON if _HIDDEN & set(options[-1].split(",")) else State.OFF


def _has_rules() -> State:
    """Whether a server has its rules in this network; who may not list them does not know."""
    try:
        nftables = Nftables()
    except OSError:
        return State.UNKNOWN
    done, listing = nftables.run("list tables\n", terse=True)
    nftables.close()
    if not done:
        return State.UNKNOWN
    return State.ON if f" {TABLE}" in listing else State.OFF


def _not_looked_for() -> State:
    return State.UNKNOWN


HIDDEN_PROCESSES = HostMeasure(
    "hidepid",
    "mount /proc with hidepid=invisible (gid= the server's own group unless it starts as root), "
    "so that other users do not see the process",
    _proc_is_hidden,
)
KNOWN_PEERS = HostMeasure(
    "nftables",
    "`guarantee.host_firewall`: the kernel lets relays send only to addresses that an invited participant "
    "proved",
    _has_rules,
)
OWN_PROCESSORS = HostMeasure(
    "own-processors",
    "a machine of its own, or processors that nothing else runs on",
    _not_looked_for,
)
MEASURES = (HIDDEN_PROCESSES, KNOWN_PEERS, OWN_PROCESSORS)
