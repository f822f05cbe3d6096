"""What became of webhooks is told by number of a receiver, and nothing else of it."""

from __future__ import annotations

import pytest

from server.webhooks.counts import Counts
from tests.unit.exposed import Exposed
from tests.unit.test_judge import NOW

EVENTS = "offrecord_webhook_events_total"


def test_each_receiver_tells_what_became_of_its_events() -> None:
    late = Counts(delivered=5, retried=4, given_up=3, gone=2, waiting=1, oldest=NOW - 90)
    exposed = Exposed(webhooks=[Counts(delivered=7), late])
    assert exposed.value(EVENTS, receiver="1", outcome="delivered") == 7
    assert exposed.value(EVENTS, receiver="2", outcome="delivered") == 5
    assert exposed.value(EVENTS, receiver="2", outcome="given_up") == 3
    assert exposed.value(EVENTS, receiver="2", outcome="gone") == 2
    assert exposed.value("offrecord_webhook_retries_total", receiver="2") == 4
    assert exposed.value("offrecord_webhook_waiting_events", receiver="2") == 1
    assert exposed.value("offrecord_webhook_lag_seconds", receiver="2") == pytest.approx(90)
    assert exposed.value("offrecord_webhook_lag_seconds", receiver="1") == 0


def test_labels_are_numbers_and_closed_words() -> None:
    exposed = Exposed(webhooks=[Counts(), Counts()])
    labels = {
        (name, value)
        for family in exposed.families()
        if family.name.startswith("offrecord_webhook")
        for sample in family.samples
        for name, value in sample.labels.items()
    }
    outcomes = {("outcome", word) for word in ("delivered", "given_up", "gone")}
    assert labels == outcomes | {("receiver", "1"), ("receiver", "2")}
