"""Births and losses of relays become events that may be kept, whatever their level or fault; those that
participants should know of become incidents."""

from __future__ import annotations

from server import _native
from server.chronicle import Chronicle
from server.control.messages import Level
from server.errors import RelayError, RelayFault
from server.guarantee.incidents import IncidentKind, Incidents
from server.metadata.event import Event, encode
from server.metadata.rows.operation import RelayBorn, RelayDrifted, RelayLost, RelayTripped
from server.metadata.words import DriftedCheck, RelayLossReason
from server.workers.faults import UNKNOWN_CALL, Drifted, Fault, Tripped
from server.workers.tripwire import FOREIGN_ABI

NOW = 1_700_000_000.0


class Told:
    """Both ends of a chronicle."""

    def __init__(self) -> None:
        self.kept: list[Event] = []
        self.incidents = Incidents()
        self.chronicle = Chronicle(self.kept.append, self.incidents, lambda: NOW)

    def ended(self, loss: RelayError) -> None:
        self.chronicle.relay_ended(3, 7, loss)


def test_every_level_and_every_fault_can_be_kept() -> None:
    told = Told()
    for level in Level:
        told.chronicle.relay_born(1, 1, level)
    for fault in RelayFault:
        told.ended(RelayError("for a reason", fault))
    assert all(encode(event) for event in told.kept)
    levels = [event.level for event in told.kept if isinstance(event, RelayBorn)]
    assert levels == ["none", "reduced", "full"]
    reasons = [event.reason for event in told.kept if isinstance(event, RelayLost)]
    assert reasons == list(RelayLossReason)


def test_a_tripwire_is_kept_with_the_call_and_told() -> None:
    told = Told()
    told.ended(Tripped("socket"))
    assert told.kept == [
        RelayTripped(relay=3, generation=7, call="socket"),
        RelayLost(relay=3, generation=7, reason=RelayLossReason.TRIPWIRE),
    ]
    (incident,) = told.incidents.recent(NOW)
    assert (incident.at, incident.kind, incident.relay) == (NOW, IncidentKind.TRIPWIRE, 3)
    assert incident.detail == "socket"


def test_every_call_of_the_policy_can_be_kept() -> None:
    calls = [name for _, name in _native.tripwires()]
    assert "execve" in calls
    for call in (*calls, UNKNOWN_CALL, FOREIGN_ABI):
        assert encode(RelayTripped(relay=1, generation=1, call=call))


def test_each_check_that_drifted_is_kept_and_told_once() -> None:
    told = Told()
    told.ended(Drifted([Fault.TRACED, Fault.CORE_LIMIT]))
    assert told.kept == [
        RelayDrifted(relay=3, generation=7, check=DriftedCheck.TRACED),
        RelayDrifted(relay=3, generation=7, check=DriftedCheck.CORE_LIMIT),
        RelayLost(relay=3, generation=7, reason=RelayLossReason.DRIFTED),
    ]
    assert [one.kind for one in told.incidents.recent(NOW)] == [IncidentKind.DRIFT]


def test_the_ledger_has_a_word_for_every_check() -> None:
    assert {fault.value for fault in Fault} <= {check.value for check in DriftedCheck}


def test_a_relay_that_merely_died_is_no_incident() -> None:
    told = Told()
    told.ended(RelayError("its process ended", RelayFault.DIED))
    told.ended(RelayError("it has not answered", RelayFault.SILENT))
    assert told.incidents.recent(NOW) == []
