"""What a relay says of its receivers must be what it was asked to do: anything else ends it."""

from __future__ import annotations

import pytest

from server.control.messages import (
    CloseConsumer,
    CloseProducer,
    CloseTransport,
    CreateConsumer,
    CreateProducer,
    CreateTransport,
    Encoding,
    MediaKind,
    PauseConsumer,
    PayloadMapping,
    Receiver,
    ReceiversEnd,
    Request,
)
from server.errors import RelayError, RelayFault
from server.workers.receivers import LINES_AT_ONCE, MOST_QUESTIONS, Answer, ReceiverBook, RelayBusy


def transport(number: int) -> CreateTransport:
    return CreateTransport(number, "ufrag", "p" * 22, opens_data_channels=False)


def producer(number: int, sender: int) -> CreateProducer:
    return CreateProducer(number, sender, MediaKind.AUDIO, "0", [], [], [Encoding("", 1, 0)])


def consumer(number: int, of: int, receiver: int, *, paused: bool = False) -> CreateConsumer:
    return CreateConsumer(number, of, receiver, number, [PayloadMapping(111, 111)], [], paused)


CALL: list[Request] = [transport(1), transport(2), transport(3), producer(11, 1), consumer(21, 11, 2)]
CALL.append(consumer(22, 11, 3))


def book(*more: Request) -> ReceiverBook:
    made = ReceiverBook()
    for request in [*CALL, *more]:
        made.sent(request)
    return made


def answered(written: ReceiverBook, *lines: Receiver, count: int | None = None) -> Answer:
    """What a question about the first transport gets when the relay says this."""
    request, answer = written.ask(0.0, 1)
    for line in lines:
        written.heard(Receiver(request.sequence, line.consumer, line.producer, line.transport, line.paused))
    written.heard(ReceiversEnd(request.sequence, len(lines) if count is None else count))
    return answer.result()


def line(number: int, receiver: int, *, of: int = 11, paused: bool = False) -> Receiver:
    return Receiver(1, number, of, receiver, paused)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ([], [line(21, 2), line(22, 3)]),
        ([PauseConsumer(21, True)], [line(21, 2, paused=True), line(22, 3)]),
        ([PauseConsumer(21, True), PauseConsumer(21, False)], [line(21, 2), line(22, 3)]),
        ([CloseConsumer(21)], [line(22, 3)]),
        ([CloseTransport(3)], [line(21, 2)]),
        ([CloseProducer(11)], []),
        ([CloseTransport(1)], []),
        ([CloseTransport(1), consumer(23, 11, 2)], []),
        ([CloseTransport(3), consumer(23, 11, 3)], [line(21, 2)]),
        ([producer(10, 1), consumer(20, 10, 3)], [line(20, 3, of=10), line(21, 2), line(22, 3)]),
        ([producer(12, 2), consumer(23, 12, 1)], [line(21, 2), line(22, 3)]),
    ],
)
async def test_the_relay_is_believed_where_it_says_what_it_was_asked(
    more: list[Request], expected: list[Receiver]
) -> None:
    assert answered(book(*more), *expected) == tuple(expected)


@pytest.mark.parametrize(
    "lines",
    [
        [line(21, 2), line(22, 3), line(99, 4)],  # somebody nobody knows
        [line(21, 2), line(22, 2)],  # to another transport
        [line(21, 2), line(22, 3, of=12)],
        [line(21, 2), line(22, 3, paused=True)],
        [line(22, 3), line(21, 2)],  # an order could say something
        [line(21, 2), line(21, 2), line(22, 3)],
        [line(21, 2)],  # somebody is hidden
        [],
    ],
)
async def test_any_other_answer_is_an_alarm(lines: list[Receiver]) -> None:
    with pytest.raises(RelayError) as alarm:
        answered(book(), *lines)
    assert alarm.value.fault is RelayFault.STRANGE_RECEIVER


async def test_a_wrong_count_is_an_alarm() -> None:
    with pytest.raises(RelayError):
        answered(book(), line(21, 2), line(22, 3), count=3)


async def test_an_answer_that_nobody_asked_for_is_an_alarm() -> None:
    with pytest.raises(RelayError, match="out of turn"):
        book().heard(ReceiversEnd(1, 0))
    asked = book()
    request, _ = asked.ask(0.0, 1)
    with pytest.raises(RelayError, match="out of turn"):
        asked.heard(Receiver(request.sequence + 1, 21, 11, 2, False))


@pytest.mark.parametrize(
    ("refused", "expected"), [(22, [line(21, 2)]), (3, [line(21, 2)]), (11, []), (1, [])]
)
@pytest.mark.parametrize("asked_before", [True, False])
async def test_what_the_relay_refused_to_make_is_not_expected(
    refused: int, expected: list[Receiver], asked_before: bool
) -> None:
    written = book()
    if not asked_before:
        written.refused(refused)
        assert answered(written, *expected) == tuple(expected)
        return
    request, answer = written.ask(0.0, 1)
    written.refused(refused)
    for one in expected:
        written.heard(one)
    written.heard(ReceiversEnd(request.sequence, len(expected)))
    assert answer.result() == tuple(expected)


async def test_what_is_asked_later_does_not_change_an_answer_under_way() -> None:
    written = book()
    request, answer = written.ask(0.0, 1)
    written.sent(CloseTransport(2))
    for one in (line(21, 2), line(22, 3)):
        written.heard(one)
    written.heard(ReceiversEnd(request.sequence, 2))
    assert len(answer.result()) == 2


async def test_who_waits_learns_that_the_relay_is_gone() -> None:
    written = book()
    _, answer = written.ask(0.0, 1)
    written.lost(RelayError("gone"))
    with pytest.raises(RelayError, match="gone"):
        await answer


async def test_asking_costs_a_relay_a_bounded_share() -> None:
    written = book()

    def ask_and_answer() -> None:
        request, _ = written.ask(0.0, 1)
        for one in (line(21, 2), line(22, 3)):
            written.heard(Receiver(request.sequence, one.consumer, 11, one.transport, False))
        written.heard(ReceiversEnd(request.sequence, 2))

    for _ in range(int(LINES_AT_ONCE / 3) + 1):
        ask_and_answer()
    with pytest.raises(RelayBusy):
        ask_and_answer()
    written.ask(1.0, 1)


async def test_questions_that_wait_are_bounded() -> None:
    written = book()
    for second in range(MOST_QUESTIONS):
        written.ask(float(second), 1)
    with pytest.raises(RelayBusy):
        written.ask(1e6, 1)
