"""What a statement says of the host measure: what was read back, and what is open without it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from server.control.messages import Level
from server.guarantee.evidence import RelayEvidence
from server.guarantee.host import FirewallEvidence, FirewallState
from server.guarantee.judge import FIREWALL_SECONDS, judge
from server.guarantee.statement import Statement, statement
from tests.unit.guaranteed import CIRCUMSTANCES
from tests.unit.test_judge import FULL, NOW

OPEN = "media could leave to strangers if a relay were taken over"
HELD = FirewallEvidence(FirewallState.HELD, NOW - 1, refused=0)


def told(*firewalls: FirewallEvidence | None) -> Statement:
    relays: list[RelayEvidence] = [
        replace(FULL, relay=number, host_firewall=one) for number, one in enumerate(firewalls, 1)
    ]
    return statement(judge(relays, NOW), CIRCUMSTANCES, "a-nonce-of-tests", NOW)


def test_what_the_kernel_holds_for_every_relay_is_not_open() -> None:
    content = told(HELD, replace(HELD, observed_at=NOW - 3))
    assert content["host_firewall"] == {
        "held": True,
        "state": "held",
        "observed_at": "2023-11-14T22:13:17.000Z",
    }
    assert OPEN not in content["does_not_prove"]
    assert content["sources"]["host_firewall"] == "kernel"


@pytest.mark.parametrize(
    ("lacking", "state"),
    [
        (None, "off"),
        (replace(HELD, observed_at=NOW - FIREWALL_SECONDS - 1), "lost"),
        (replace(HELD, observed_at=None), "lost"),
        *((FirewallEvidence(state, NOW - 1, 0), state.value) for state in FirewallState if state != "held"),
    ],
)
def test_one_relay_without_it_is_said_to_be_open_and_lowers_no_level(
    lacking: FirewallEvidence | None, state: str
) -> None:
    content = told(HELD, lacking)
    assert content["does_not_prove"][-1] == OPEN
    assert (content["host_firewall"]["held"], content["host_firewall"]["state"]) == (False, state)
    assert content["level"] == "full"
    assert content["reasons"] == []


def test_without_a_relay_nothing_is_held() -> None:
    assert not told()["host_firewall"]["held"]
    assert judge([], NOW).level is Level.NONE
