"""A privacy officer notes in the console that somebody objects: details go, and no more are written."""

from __future__ import annotations

from server.metadata.event import Event
from server.metadata.holding import Holding
from server.metadata.holds import Criteria
from server.metadata.retention import Retention
from server.metadata.rows.rights import SubjectRequest
from server.metadata.rows.sessions import ParticipantJoined
from server.metadata.rows.tracks import TrackPublished
from server.metadata.words import HoldReason, RequestReason, Right
from tests.unit.ledger import joined, published
from tests.unit.test_console_person import Scene, scene
from tests.unit.test_rights import been

__all__ = ["scene"]


async def _kept(scene: Scene, room: str) -> list[Event]:
    await scene.ledger.flush()
    return [one.event for one in await scene.rows("lovelace") if getattr(one.event, "room", None) == room]


async def test_details_go_and_the_session_stays(scene: Scene) -> None:
    scene.ledger.record(published(1, "lovelace", "garden"))
    await scene.ledger.flush()
    html = await (await scene.does("object", because="objection")).text()
    assert "garden: 1 row of details erased." in html.replace("<bdi>", "").replace("</bdi>", "")
    assert "hall: nothing of that is kept there" in html
    assert len(await _kept(scene, "garden")) == 4
    assert [(one.right, one.reason, one.rows) for one in await scene.noted()] == [
        (Right.OBJECT, RequestReason.OBJECTION, 1)
    ]
    (*_, asked, done, shown) = scene.of_subjects()
    assert (asked.operator, done.of, done.rows, shown.rows) == ("priya", asked.number, 1, 8)
    assert asked.identity not in {None, "lovelace"}


async def test_of_a_session_that_goes_on_no_more_are_written(scene: Scene) -> None:
    scene.ledger.record(joined(9, "lovelace", "roof"))
    await scene.ledger.flush()
    html = await (await scene.does("object", because="own_request")).text()
    assert "Of 1 session that goes on, no more of them are written." in html
    scene.ledger.record(published(9, "lovelace", "roof"))
    assert [type(one) for one in await _kept(scene, "roof")] == [ParticipantJoined]


async def test_what_is_held_stays_and_is_said(scene: Scene) -> None:
    scene.ledger.record(published(1, "lovelace", "garden"))
    await scene.ledger.flush()
    metadata = scene.desk.config.metadata
    async with Holding(metadata.url, Retention(), lambda: scene.desk.now) as holding:
        await holding.place(Criteria(room="garden"), HoldReason.CLAIM, 90)
    html = await (await scene.does("object", because="objection")).text()
    assert "garden: refused (legal_hold)" in html
    assert any(isinstance(one, TrackPublished) for one in await _kept(scene, "garden"))
    html = await (await scene.does("erase", because="objection", confirm="lovelace")).text()
    assert "hall: 4 rows erased." in html
    assert not [one for one in await scene.noted() if isinstance(one, SubjectRequest) and one.rows == 0]


async def test_what_a_hold_leaves_of_a_room_is_said(scene: Scene) -> None:
    """The hold is about a period, in which the later of two sessions there fell."""
    been(scene.ledger, 9, "lovelace")
    await scene.ledger.flush()
    (later,) = [one.at for one in await scene.rows("lovelace") if one.event == joined(9, "lovelace")]
    metadata = scene.desk.config.metadata
    async with Holding(metadata.url, Retention(), lambda: scene.desk.now) as holding:
        await holding.place(Criteria(since=later - 1, until=later + 1), HoldReason.CLAIM, 90)
    html = await (await scene.does("erase", because="own_request", confirm="lovelace")).text()
    assert "garden: 4 rows erased. Held for a legal duty or claim until " in html
    assert ": 2 rows." in html
