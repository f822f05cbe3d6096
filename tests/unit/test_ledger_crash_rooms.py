"""A room that a crash left open is over with the next start; one that was over stays as it was."""

from __future__ import annotations

from server.metadata.query import Query
from server.metadata.retention import Retention
from server.metadata.rows.operation import ServerStarted
from server.metadata.rows.rooms import RoomFinished, RoomStarted
from server.metadata.sessions import Reader
from server.metadata.store import Ledger
from tests.unit.ledger import START, Clock


async def _ends(url: str, clock: Clock) -> list[tuple[str, float]]:
    reader = Reader(url, clock=clock)
    found = [
        (one.event.room_sid, one.at)
        async for one in reader.events(Query())
        if isinstance(one.event, RoomFinished)
    ]
    await reader.aclose()
    return found


async def test_each_open_room_is_ended_once(url: str) -> None:
    clock = Clock()
    for run in range(2):
        ledger = await Ledger.open(url, Retention(), clock=clock)
        ledger.record(ServerStarted(version="1.0", relays=1))
        clock.now += 10
        if run == 0:
            ledger.record(RoomStarted(room="garden", room_sid="RM_00000001"))
            ledger.record(RoomStarted(room="hall", room_sid="RM_00000002"))
            ledger.record(RoomFinished(room="hall", room_sid="RM_00000002"))
        await ledger.close()  # and nobody has ended the garden
        clock.now += 1000
    await (await Ledger.open(url, Retention(), clock=clock)).close()
    assert sorted(await _ends(url, clock)) == [("RM_00000001", START + 10), ("RM_00000002", START + 10)]
