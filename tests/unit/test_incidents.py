"""Incidents are told for a day, latest first, and are bounded."""

from __future__ import annotations

from server.guarantee.incidents import MOST, SAYS, SECONDS, Incident, IncidentKind, Incidents
from server.guarantee.judge import judge
from server.guarantee.statement import Circumstances, statement
from tests.unit.guaranteed import SOFTWARE

NOW = 1_700_000_000.0


def test_the_latest_come_first_and_old_ones_go() -> None:
    incidents = Incidents()
    for ago in (SECONDS + 1, 60, 5):
        incidents.note(Incident(NOW - ago, IncidentKind.DRIFT, 1))
    assert [NOW - one.at for one in incidents.recent(NOW)] == [5, 60]


def test_however_many_there_are() -> None:
    incidents = Incidents()
    for number in range(MOST + 5):
        incidents.note(Incident(NOW + number, IncidentKind.PROTOCOL, 1))
    assert len(incidents.recent(NOW)) == MOST
    assert incidents.recent(NOW)[0].at == NOW + MOST + 4


def test_the_statement_tells_them_in_words() -> None:
    happened = [Incident(NOW - 60, kind, 2, "socket") for kind in IncidentKind]
    circumstances = Circumstances("full", NOW - 100, SOFTWARE, incidents=happened)
    told = statement(judge([], NOW), circumstances, None, NOW)
    assert told["incidents"][0] == {
        "at": "2023-11-14T22:12:20.000Z",
        "relay": 2,
        "kind": "tripwire",
        "detail": "socket",
        "says": "a media process was stopped because it tried something forbidden",
    }
    assert [one["says"] for one in told["incidents"]] == list(SAYS.values())
    assert set(SAYS) == set(IncidentKind)
