"""The book of steps: a relay that says twice what became of a transport, or out of order, is ended."""

from __future__ import annotations

import pytest

from server.control.messages import CreateTransport, TransportPhase, TransportState
from server.errors import RelayError
from server.workers.steps import StepBook
from tests.unit.test_ending_book import transport

REACHABLE, CONNECTED = TransportPhase.REACHABLE, TransportPhase.CONNECTED
ENDS = (TransportPhase.FAILED, TransportPhase.LOST, TransportPhase.LEFT)


@pytest.fixture
def book() -> StepBook:
    """Two transports."""
    made = StepBook()
    for number in (1, 2):
        made.sent(CreateTransport(number, "ufrag", "p" * 22, opens_data_channels=False))
    return made


@pytest.mark.parametrize("end", ENDS)
def test_a_transport_takes_its_steps_beside_others(book: StepBook, end: TransportPhase) -> None:
    for phase in (REACHABLE, CONNECTED, end):
        for number in (1, 2):
            book.heard(TransportState(number, phase))


@pytest.mark.parametrize("before", [(), (REACHABLE,), (REACHABLE, CONNECTED)])
def test_it_may_end_at_any_time(book: StepBook, before: tuple[TransportPhase, ...]) -> None:
    for phase in (*before, TransportPhase.FAILED):
        book.heard(TransportState(1, phase))


@pytest.mark.parametrize("said", TransportPhase)
def test_nothing_is_said_twice_or_of_a_time_before(book: StepBook, said: TransportPhase) -> None:
    book.heard(TransportState(1, said))
    for phase in TransportPhase:
        if phase <= said or said in ENDS:
            with pytest.raises(RelayError):
                book.heard(TransportState(1, phase))


def test_nothing_is_said_of_what_was_not_asked_for_or_has_ended(book: StepBook) -> None:
    with pytest.raises(RelayError):
        book.heard(TransportState(3, REACHABLE))
    book.heard(TransportState(1, REACHABLE))
    book.heard(transport(1))
    with pytest.raises(RelayError):
        book.heard(TransportState(1, CONNECTED))
    book.heard(TransportState(2, REACHABLE))
