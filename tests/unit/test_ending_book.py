"""The book of endings: a relay that tells one that was not asked for, or twice, is ended."""

from __future__ import annotations

import pytest
from msgspec import structs

from server.control.messages import (
    CloseProducer,
    CloseTransport,
    CodecKind,
    CreateProducer,
    CreateTransport,
    Encoding,
    MediaKind,
    PayloadCodec,
    ProducerEnded,
    TransportEnded,
)
from server.control.numbers import SAVED_UP
from server.errors import RelayError
from server.workers.endings import SLACK, EndingBook
from tests.unit.test_numbers import PRODUCER, TRANSPORT


def transport(number: int, *, measured: bool = True) -> TransportEnded:
    if measured:
        return structs.replace(TRANSPORT, transport=number)
    return TransportEnded(number, False, TRANSPORT.path.NONE, TRANSPORT.candidate.UNKNOWN, *[0] * 8)


def track(number: int) -> ProducerEnded:
    return structs.replace(PRODUCER, producer=number)


def creation(producer: int, on: int) -> CreateProducer:
    codecs = [PayloadCodec(111, CodecKind.OPUS, 48_000)]
    return CreateProducer(producer, on, MediaKind.AUDIO, "0", codecs, [], [Encoding("", 1, 0)])


@pytest.fixture
def book() -> EndingBook:
    """One transport with two tracks, another with one."""
    made = EndingBook(0.0)
    for number in (1, 2):
        made.sent(CreateTransport(number, "ufrag", "p" * 22, opens_data_channels=False))
    made.sent(creation(11, 1))
    made.sent(creation(12, 1))
    made.sent(creation(21, 2))
    return made


def test_what_was_closed_is_answered_for_with_all_that_was_on_it(book: EndingBook) -> None:
    book.sent(CloseProducer(11))
    book.sent(CloseTransport(1))
    for told in (track(11), track(12), transport(1)):
        book.heard(told, 0.0)


@pytest.mark.parametrize("told", [transport(1), track(11), transport(99), track(1)])
def test_what_was_not_closed_has_no_end(book: EndingBook, told: TransportEnded | ProducerEnded) -> None:
    book.sent(CloseTransport(2))
    with pytest.raises(RelayError, match="not asked for"):
        book.heard(told, 0.0)


def test_nothing_ends_twice(book: EndingBook) -> None:
    book.sent(CloseProducer(11))
    book.sent(CloseTransport(1))
    for told in (track(11), transport(1)):
        book.heard(told, 0.0)
        with pytest.raises(RelayError, match="not asked for"):
            book.heard(told, 0.0)


def test_every_question_has_its_answer(book: EndingBook) -> None:
    book.sent(CloseProducer(11))
    book.sent(CloseProducer(11))
    book.heard(track(11), 0.0)
    book.heard(track(11), 0.0)
    with pytest.raises(RelayError):
        book.heard(track(11), 0.0)


def test_numbers_that_are_not_round_end_the_relay(book: EndingBook) -> None:
    book.sent(CloseTransport(1))
    with pytest.raises(RelayError, match="may not"):
        book.heard(structs.replace(TRANSPORT, transport=1, packets_sent=1025), 0.0)


def test_numbers_beyond_the_ration_end_the_relay_and_ends_without_do_not() -> None:
    book = EndingBook(0.0)
    most = int(SAVED_UP + SLACK)
    for number in range(1, most + 3):
        book.sent(CloseTransport(number))
    for number in range(1, most + 1):
        book.heard(transport(number), 0.0)
    book.heard(transport(most + 1, measured=False), 0.0)
    with pytest.raises(RelayError, match="may not"):
        book.heard(transport(most + 2), 0.0)


def test_nothing_is_kept_of_what_is_over(book: EndingBook) -> None:
    book.sent(CloseTransport(1))
    book.sent(CloseTransport(2))
    for told in (track(11), track(12), track(21), transport(1), transport(2)):
        book.heard(told, 0.0)
    assert not book._due
    assert not book._transport_of
    assert not book._producers_on
