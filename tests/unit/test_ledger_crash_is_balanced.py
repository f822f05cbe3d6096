"""After a crash, every transport and track that had begun has an end, and nothing has two."""

from __future__ import annotations

import pytest
from msgspec import structs

from server.metadata.event import Event
from server.metadata.query import Query
from server.metadata.retention import Retention
from server.metadata.rows.administration import ParticipantAdministered
from server.metadata.rows.sessions import ParticipantJoined, ParticipantLeft
from server.metadata.rows.tracks import TrackPublished, TrackUnpublished
from server.metadata.rows.transports import TransportEnded
from server.metadata.sessions import Reader
from server.metadata.store import Ledger
from server.metadata.transport_words import Direction, Numbers, TransportEnd
from server.metadata.words import ParticipantAct
from tests.unit.ledger import Clock, joined, published

PUBLISHER, SUBSCRIBER = Direction.PUBLISHER, Direction.SUBSCRIBER


async def rows_after(url: str, clock: Clock, retention: Retention | None = None) -> list[Event]:
    """The ledger is opened by a next start; what it holds then."""
    await (await Ledger.open(url, retention, clock=clock)).close()
    reader = Reader(url, clock=clock)
    rows = [row.event async for row in reader.events(Query(room="garden"))]
    await reader.aclose()
    return rows


async def crashed(url: str, clock: Clock, *events: tuple[float, Event]) -> None:
    """These happen after so many seconds, and then the process is gone."""
    ledger = await Ledger.open(url, clock=clock)
    for seconds, event in events:
        clock.now += seconds
        ledger.record(event)
    await ledger.flush()
    await ledger._stay_alive()
    await ledger.close()


def ended(direction: Direction, number: int = 1) -> TransportEnded:
    return TransportEnded(
        room="garden",
        identity="ada",
        participant=f"PA_{number:08d}",
        direction=direction,
        end=TransportEnd.CLIENT_CLOSED,
        milliseconds=7,
        numbers=Numbers.TOLD,
    )


def with_transports(count: int) -> ParticipantJoined:
    return structs.replace(joined(1), transports=count)


def ends(rows: list[Event]) -> dict[Direction, TransportEnded]:
    found = [row for row in rows if isinstance(row, TransportEnded)]
    assert len({row.direction for row in found}) == len(found)
    return {row.direction: row for row in found}


async def test_transports_end_with_the_crash_and_without_numbers(url: str) -> None:
    clock = Clock()
    await crashed(url, clock, (0, with_transports(2)), (30, published(1)))
    found = ends(await rows_after(url, clock))
    assert found.keys() == {PUBLISHER, SUBSCRIBER}
    for row in found.values():
        assert (row.end, row.milliseconds) == (TransportEnd.SERVER_CRASH, 30_000)
        assert (row.numbers, row.packets_sent) == (Numbers.UNKNOWN, 0)


async def test_a_transport_that_was_given_later_ends_with_the_crash(url: str) -> None:
    clock = Clock()
    opened = ParticipantAdministered(
        room="garden", identity="ada", participant="PA_00000001", act=ParticipantAct.RECEPTION_OPENED
    )
    await crashed(url, clock, (0, with_transports(1)), (20, opened), (10, published(1)))
    found = ends(await rows_after(url, clock))
    assert {direction: row.milliseconds for direction, row in found.items()} == {
        PUBLISHER: 30_000,
        SUBSCRIBER: 10_000,
    }


async def test_tracks_end_with_the_crash(url: str) -> None:
    clock = Clock()
    over = TrackUnpublished(
        room="garden", identity="ada", participant="PA_00000001", track="TR_00000001", milliseconds=5_000
    )
    still = structs.replace(published(1), track="TR_00000002")
    await crashed(
        url, clock, (0, with_transports(1)), (10, published(1)), (5, over), (5, still), (20, published(9))
    )
    found = [row for row in await rows_after(url, clock) if isinstance(row, TrackUnpublished)]
    assert [row.track for row in found] == ["TR_00000001", "TR_00000002"]
    assert (found[1].milliseconds, found[1].numbers) == (20_000, Numbers.UNKNOWN)


@pytest.mark.parametrize(
    ("transports", "before", "missing"),
    [
        (2, [PUBLISHER], {SUBSCRIBER}),
        (2, [PUBLISHER, SUBSCRIBER], set()),
        (1, [], {PUBLISHER}),
        (1, [PUBLISHER], set()),
        (0, [], set()),
    ],
)
async def test_what_has_ended_before_has_one_end(
    url: str, transports: int, before: list[Direction], missing: set[Direction]
) -> None:
    clock = Clock()
    await crashed(url, clock, (0, with_transports(transports)), *((1, ended(one)) for one in before))
    found = ends(await rows_after(url, clock))
    assert found.keys() == {*before, *missing}
    assert {one for one, row in found.items() if row.end is TransportEnd.SERVER_CRASH} == missing


async def test_the_departure_comes_last_and_a_second_start_adds_nothing(url: str) -> None:
    clock = Clock()
    await crashed(url, clock, (0, with_transports(2)), (1, published(1)))
    once = await rows_after(url, clock)
    assert isinstance(once[-1], ParticipantLeft)
    clock.now += 100
    assert await rows_after(url, clock) == once


async def test_where_details_are_off_no_track_is_ended(url: str) -> None:
    clock = Clock()
    await crashed(url, clock, (0, with_transports(2)), (1, published(1)))
    rows = await rows_after(url, clock, Retention(details=False))
    assert not any(isinstance(row, TrackPublished | TrackUnpublished) for row in rows)
    assert ends(rows).keys() == {PUBLISHER, SUBSCRIBER}
