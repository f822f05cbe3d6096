"""What was observed of the host measure: the firewall that lets relays send only to proven addresses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FirewallState(StrEnum):
    """Whether the measure is in place; each but the first says why not."""

    HELD = "held"
    OFF = "off"  # not configured
    NO_NFTABLES = "no_nftables"  # libnftables is not installed
    NOT_PERMITTED = "not_permitted"  # without CAP_NET_ADMIN, or in a namespace that has no say
    FAILED = "failed"  # the kernel or nftables refused, or took too long
    LOST = "lost"  # it was in place, and the kernel does not show it any more


@dataclass(frozen=True, slots=True)
class FirewallEvidence:
    """Of one relay, read back from the kernel. `observed_at` in seconds since the epoch, None when never."""

    state: FirewallState
    observed_at: float | None
    refused: int  # datagrams of all relays to strangers, dropped by the kernel so far
