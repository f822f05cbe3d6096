"""How long questions to a ledger of a million sessions take, and how long events wait meanwhile.

The million is made once for each store in a temporary directory: about 2.5 GB and two minutes in SQLite, five
minutes in PostgreSQL, which is left out where it is not installed. It is asked as commands and console ask. A
figure is the slower of two answers in a row: the first may have to fetch from the disk what nobody asked for
before.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager

from bench.figure import show
from bench.million import DAY_SECONDS, SESSIONS, code_of, make, session_of
from server.metadata.failures import failures
from server.metadata.holdings import holdings
from server.metadata.outcome import AttemptCause, Stage
from server.metadata.query import Query
from server.metadata.retention import Retention
from server.metadata.search import count, course, search
from server.metadata.sessions import PAGE_CONNECTIONS, Reader
from server.metadata.stats import Period, stats
from server.metadata.store import Ledger
from server.metadata.summaries import people, rooms
from server.metadata.words import Browser, Sdk
from tests.postgres import DURABLE, Cluster, programs

RETENTION = Retention(session_days=31)
WAITS = 150
PAUSE_SECONDS = 0.02
Ask = Callable[[Reader], Awaitable[int]]


def _searching(query: Query) -> Ask:
    async def ask(reader: Reader) -> int:
        return len((await search(reader, query)).found)

    return ask


def _further(query: Query) -> Ask:
    """The tenth page."""

    async def ask(reader: Reader) -> int:
        page = await search(reader, query)
        for _ in range(9):
            page = await search(reader, query, older=page.older)
        return len(page.found)

    return ask


def _counting(query: Query) -> Ask:
    async def ask(reader: Reader) -> int:
        return await count(reader, query) or 0

    return ask


def _listing(query: Query) -> Ask:
    async def ask(reader: Reader) -> int:
        return len([one async for one in reader.connections(query, newest=PAGE_CONNECTIONS)])

    return ask


def _failing(since: float) -> Ask:
    async def ask(reader: Reader) -> int:
        return sum(one.count for one in await failures(reader, since))

    return ask


def _rooms(query: Query) -> Ask:
    async def ask(reader: Reader) -> int:
        return len((await rooms(reader, query)).found)

    return ask


def _people(query: Query) -> Ask:
    async def ask(reader: Reader) -> int:
        return len((await people(reader, query)).found)

    return ask


def _stats(period: Period) -> Ask:
    async def ask(reader: Reader) -> int:
        return (await stats(reader, period)).joins or 0

    return ask


async def _course(reader: Reader) -> int:
    page = await search(reader, Query(), size=1)
    found = await course(reader, page.found[0].number)
    return len(found.rows) if found else 0


async def _code(reader: Reader) -> int:
    return len([one async for one in reader.events(Query(code=code_of(SESSIONS // 2)))])


async def _holdings(reader: Reader) -> int:
    return sum(kind.rows for kind in (await holdings(reader)).kinds.values())


def _questions(now: float) -> dict[str, Ask]:
    day, week = now - DAY_SECONDS, now - 7 * DAY_SECONDS
    opera = Query(site="Lyon", client=Browser.OPERA)
    return {
        "search: everything": _searching(Query()),
        "search: the tenth page": _further(Query()),
        "search: a person": _searching(Query(identity="person-7")),
        "search: a room": _searching(Query(room="room-7")),
        "search: a support code": _searching(Query(code=code_of(SESSIONS // 2))),
        "search: a site": _searching(Query(site="Lyon")),
        "search: yesterday": _searching(Query(since=day)),
        "search: five minutes a month ago": _searching(Query(since=day - 2.4e6, until=day - 2.4e6 + 300)),
        "search: failed": _searching(Query(failed=True)),
        "search: failed of a site since yesterday": _searching(Query(failed=True, site="Lyon", since=day)),
        "search: a rare outcome": _searching(Query(outcome=AttemptCause.REMOVED)),
        "search: an outcome that never was": _searching(Query(outcome=AttemptCause.SLOW_READER)),
        "search: the common outcome": _searching(Query(outcome=AttemptCause.CLIENT_LEFT)),
        "search: a stage": _searching(Query(stage=Stage.DTLS)),
        "search: a stage that never was": _searching(Query(stage=Stage.NONE)),
        "search: an SDK": _searching(Query(client=Sdk.PYTHON)),
        "search: a site and a browser that nobody has": _searching(opera),
        "search: four common things": _searching(
            Query(site="Turin", client=Browser.SAFARI, outcome=AttemptCause.CLIENT_LEFT, stage=Stage.READY)
        ),
        "count: failed of a week": _counting(Query(failed=True, since=week)),
        "one connection with its rows": _course,
        "failures since yesterday": _failing(day),
        "failures of a week": _failing(week),
        "failures, everything": _failing(0.0),
        "rooms since yesterday": _rooms(Query(since=day)),
        "people since yesterday": _people(Query(since=day)),
        "rooms, everything": _rooms(Query()),
        "people, everything": _people(Query()),
        "stats since yesterday": _stats(Period(since=day)),
        "stats, everything": _stats(Period()),
        "what is held": _holdings,
        "logs: the newest 500": _listing(Query(let_in=True)),
        "logs by support code": _code,
    }


async def _timed(reader: Reader, ask: Ask) -> tuple[float, int]:
    """Milliseconds, the slower of two; and what was answered."""
    slowest, answer = 0.0, 0
    for _ in range(2):
        started = time.monotonic()
        answer = await ask(reader)
        slowest = max(slowest, time.monotonic() - started)
    return slowest * 1000, answer


async def _waits(ledger: Ledger, until: asyncio.Event) -> list[float]:
    """Milliseconds from recording an event until it is in the database, of one event after the other."""
    found: list[float] = []
    number = SESSIONS * 2
    while not until.is_set() or len(found) < WAITS:
        number += 1
        started = time.monotonic()
        for event in session_of(number):
            ledger.record(event)
        await ledger.flush()
        found.append((time.monotonic() - started) * 1000)
        await asyncio.sleep(PAUSE_SECONDS)
    return found


async def _waiting(url: str, store: str, questions: dict[str, Ask]) -> None:
    """Without questions, then with every question after the other."""
    ledger = await Ledger.open(url, RETENTION)
    try:
        idle = asyncio.Event()
        idle.set()
        for asked in (False, True):
            done = asyncio.Event() if asked else idle
            waiting = asyncio.create_task(_waits(ledger, done))
            if asked:
                async with aclosing(Reader(url)) as reader:
                    for ask in questions.values():
                        await ask(reader)
                done.set()
            waits = sorted(await waiting)
            show(
                "ledger_event_wait",
                statistics.median(waits),
                "ms",
                store=store,
                while_asked=asked,
                p99=round(waits[int(len(waits) * 0.99)], 1),
                longest=round(waits[-1], 1),
                events=len(waits),
            )
    finally:
        await ledger.close()


@asynccontextmanager
async def places(file: str) -> AsyncIterator[dict[str, str]]:
    """The URL of each store, empty; in SQLite a file of that name."""
    with tempfile.TemporaryDirectory(prefix="offrecord-ledger-") as directory:
        found = {"sqlite": f"sqlite:///{directory}/{file}"}
        installed = programs()
        cluster = None if installed is None else await asyncio.to_thread(Cluster, installed, DURABLE)
        try:
            if cluster is not None:
                found["postgresql"] = await asyncio.to_thread(cluster.database)
            yield found
        finally:
            if cluster is not None:
                await asyncio.to_thread(cluster.remove)


async def run() -> None:
    async with places("million.db") as found:
        for store, url in found.items():
            now = time.time()
            started = time.monotonic()
            await make(url, now)
            made = time.monotonic()
            await (await Ledger.open(url, RETENTION)).close()
            opened = time.monotonic()
            async with aclosing(Reader(url)) as reader:
                size = (await holdings(reader)).size
                show("ledger_size", size / 1e6, "MB", store=store, sessions=SESSIONS)
                show(
                    "ledger_taken_over",
                    opened - made,
                    "s",
                    store=store,
                    sessions=SESSIONS,
                    seconds_to_make=round(made - started),
                )
                questions = _questions(now)
                for question, ask in questions.items():
                    milliseconds, answer = await _timed(reader, ask)
                    show("ledger_question", milliseconds, "ms", store=store, question=question, answer=answer)
            await _waiting(url, store, questions)
