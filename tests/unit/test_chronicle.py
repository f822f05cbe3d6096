"""Births and losses of relays become events that may be kept, whatever their level or fault."""

from __future__ import annotations

from server.chronicle import Chronicle
from server.control.messages import Level
from server.errors import RelayFault
from server.metadata.event import Event, RelayBorn, RelayLossReason, RelayLost, encode


def test_every_level_and_every_fault_can_be_kept() -> None:
    kept: list[Event] = []
    chronicle = Chronicle(kept.append)
    for level in Level:
        chronicle.relay_born(1, 1, level)
    for fault in RelayFault:
        chronicle.relay_ended(1, 1, fault)
    assert all(encode(event) for event in kept)
    levels = [event.level for event in kept if isinstance(event, RelayBorn)]
    assert levels == ["none", "reduced", "full"]
    reasons = [event.reason for event in kept if isinstance(event, RelayLost)]
    assert reasons == list(RelayLossReason)
