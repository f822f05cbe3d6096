"""Who receives what, as a relay was asked, and the relay's own account of it: the two must agree.

A relay works its requests off in order, so when it lists receivers it can only name those that the requests
before made, in a known order. Signaling keeps the same book, expects each line, and takes any other for what
it is: media that goes where nobody asked it to. So the list says nothing that a relay could choose.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from server.control.messages import (
    CloseConsumer,
    CloseProducer,
    CloseTransport,
    CreateConsumer,
    CreateProducer,
    CreateTransport,
    GetReceivers,
    PauseConsumer,
    Receiver,
    ReceiversEnd,
    Request,
)
from server.errors import RelayError, RelayFault

LINES_PER_SECOND: Final = 2_000.0
"""What asking may cost a relay: a line for each receiver, and one for the question."""
LINES_AT_ONCE: Final = 4_000.0
MOST_QUESTIONS: Final = 256
"""Questions that may wait for their answers."""

Answer = tuple[Receiver, ...]


class RelayBusy(RelayError):
    """The relay was asked enough for now; ask again in a second."""


@dataclass(slots=True)
class _Transport:
    producers: set[int] = field(default_factory=set)
    consumers: set[int] = field(default_factory=set)


@dataclass(slots=True)
class _Producer:
    transport: int
    consumers: set[int] = field(default_factory=set)


@dataclass(slots=True)
class _Consumer:
    producer: int
    transport: int
    paused: bool


@dataclass(slots=True)
class _Question:
    """`expected` are the lines still to come, by consumer and in their order."""

    sequence: int
    transport: int
    expected: dict[int, Receiver]
    answer: asyncio.Future[Answer]
    heard: list[Receiver] = field(default_factory=list)


class ReceiverBook:
    """The book of one relay. Every request that is sent to it must pass through `sent`."""

    def __init__(self) -> None:
        self._transports: dict[int, _Transport] = {}
        self._producers: dict[int, _Producer] = {}
        self._consumers: dict[int, _Consumer] = {}
        self._questions: deque[_Question] = deque()
        self._sequence = 0
        self._allowance = LINES_AT_ONCE
        self._counted_at = 0.0

    def sent(self, request: Request) -> None:
        """Does in the book what the relay will do, refusals of unknown and of known names included."""
        match request:
            case CreateTransport(transport=number):
                self._transports.setdefault(number, _Transport())
            case CloseTransport(transport=number):
                self._close_transport(number)
            case CreateProducer(producer=number, transport=transport):
                if number not in self._producers and transport in self._transports:
                    self._producers[number] = _Producer(transport)
                    self._transports[transport].producers.add(number)
            case CloseProducer(producer=number):
                self._close_producer(number)
            case CreateConsumer():
                self._create_consumer(request)
            case PauseConsumer(consumer=number, paused=paused):
                if number in self._consumers:
                    self._consumers[number].paused = paused
            case CloseConsumer(consumer=number):
                self._close_consumer(number)

    def refused(self, number: int) -> None:
        """The relay did not make what was asked for: it is in no answer, those under way included."""
        self._close_consumer(number)
        self._close_producer(number)
        self._close_transport(number)
        for question in self._questions:
            question.expected = {
                consumer: line
                for consumer, line in question.expected.items()
                if number not in (consumer, line.producer, line.transport, question.transport)
            }

    def ask(self, now: float, transport: int) -> tuple[GetReceivers, asyncio.Future[Answer]]:
        """The request to send at once, and the answer to come: all consumers of a transport's producers.

        `now` is in seconds of a clock that does not go back. Raises RelayBusy.
        """
        lines = self.lines(transport)
        self._allowance = min(LINES_AT_ONCE, self._allowance + (now - self._counted_at) * LINES_PER_SECOND)
        self._counted_at = now
        if self._allowance <= 0 or len(self._questions) >= MOST_QUESTIONS:
            raise RelayBusy("the relay was asked enough for now")
        self._allowance -= 1 + len(lines)
        self._sequence = (self._sequence + 1) & 0xFFFF_FFFF
        question = _Question(self._sequence, transport, lines, asyncio.get_running_loop().create_future())
        self._questions.append(question)
        return GetReceivers(self._sequence, transport), question.answer

    def heard(self, told: Receiver | ReceiversEnd) -> None:
        """Takes a line of an answer. Raises RelayError where it is not the one expected."""
        question = self._questions[0] if self._questions else None
        if question is None or told.sequence != question.sequence:
            raise RelayError("it lists receivers out of turn")
        if isinstance(told, Receiver):
            expected = next(iter(question.expected.values()), None)
            if told != expected:
                raise RelayError("it forwards otherwise than it was asked to", RelayFault.STRANGE_RECEIVER)
            del question.expected[told.consumer]
            question.heard.append(told)
            return
        if question.expected or told.count != len(question.heard):
            raise RelayError("it does not list all receivers", RelayFault.STRANGE_RECEIVER)
        self._questions.popleft()
        if not question.answer.done():
            question.answer.set_result(tuple(question.heard))

    def lost(self, reason: RelayError) -> None:
        """The relay is gone: whoever waits for an answer is told so."""
        while self._questions:
            answer = self._questions.popleft().answer
            if not answer.done():
                answer.set_exception(reason)
                answer.exception()  # whoever asked may have stopped waiting

    def lines(self, transport: int) -> dict[int, Receiver]:
        """What the relay is expected to list next, by consumer and in their order."""
        known = self._transports.get(transport)
        producers = known.producers if known is not None else ()
        numbers = sorted(
            consumer for producer in producers for consumer in self._producers[producer].consumers
        )
        sequence = (self._sequence + 1) & 0xFFFF_FFFF
        found = ((number, self._consumers[number]) for number in numbers)
        return {
            number: Receiver(sequence, number, one.producer, one.transport, one.paused)
            for number, one in found
        }

    def _create_consumer(self, request: CreateConsumer) -> None:
        producer = self._producers.get(request.producer)
        transport = self._transports.get(request.transport)
        if producer is not None and transport is not None and request.consumer not in self._consumers:
            consumer = _Consumer(request.producer, request.transport, request.paused)
            self._consumers[request.consumer] = consumer
            producer.consumers.add(request.consumer)
            transport.consumers.add(request.consumer)

    def _close_transport(self, number: int) -> None:
        if transport := self._transports.pop(number, None):
            for consumer in list(transport.consumers):
                self._close_consumer(consumer)
            for producer in list(transport.producers):
                self._close_producer(producer)

    def _close_producer(self, number: int) -> None:
        if producer := self._producers.pop(number, None):
            for consumer in list(producer.consumers):
                self._close_consumer(consumer)
            if side := self._transports.get(producer.transport):
                side.producers.discard(number)

    def _close_consumer(self, number: int) -> None:
        if consumer := self._consumers.pop(number, None):
            if side := self._transports.get(consumer.transport):
                side.consumers.discard(number)
            if producer := self._producers.get(consumer.producer):
                producer.consumers.discard(number)
