"""Webhooks from a real ledger to a real receiver that verifies them with LiveKit's own library."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from livekit.protocol.models import DisconnectReason, TrackSource, TrackType
from livekit.protocol.webhook import WebhookEvent
from msgspec.structs import replace

from server.config import Config, Webhooks
from server.metadata.event import Event
from server.metadata.retention import Retention
from server.metadata.rows.rooms import RoomFinished, RoomStarted
from server.metadata.rows.sessions import ParticipantActive, ParticipantLeft
from server.metadata.rows.tracks import TrackUnpublished
from server.metadata.store import Ledger
from server.metadata.words import LeaveReason
from server.webhooks.deliveries import Deliveries
from tests.unit.hooked import KEY, SECRET, App, app_listening
from tests.unit.ledger import Clock, joined, published

SID = "RM_00000001"


def config(*urls: str, **settings: int) -> Config:
    webhooks = replace(Webhooks(urls=urls, api_key=KEY), **settings)
    return Config(keys={KEY: SECRET}, webhooks=webhooks)


def active(number: int = 1, identity: str = "ada", room: str = "garden") -> ParticipantActive:
    return ParticipantActive(
        room=room, identity=identity, participant=f"PA_{number:08d}", join_milliseconds=200
    )


def left(number: int = 1, identity: str = "ada", room: str = "garden") -> ParticipantLeft:
    return ParticipantLeft(
        room=room,
        identity=identity,
        participant=f"PA_{number:08d}",
        reason=LeaveReason.CLIENT_LEFT,
        milliseconds=1000,
    )


def unpublished(number: int = 1, identity: str = "ada", room: str = "garden") -> TrackUnpublished:
    return TrackUnpublished(
        room=room,
        identity=identity,
        participant=f"PA_{number:08d}",
        track=f"TR_{number:08d}",
        milliseconds=900,
    )


def started(room: str = "garden", sid: str = SID) -> RoomStarted:
    return RoomStarted(room=room, room_sid=sid)


def finished(room: str = "garden", sid: str = SID) -> RoomFinished:
    return RoomFinished(room=room, room_sid=sid)


CALL: tuple[Event, ...] = (
    started(),
    joined(),
    active(),
    published(),
    unpublished(),
    left(),
    finished(),
)


@asynccontextmanager
async def ledger_at(url: str, clock: Clock) -> AsyncIterator[Ledger]:
    ledger = await Ledger.open(url, Retention(), clock=clock)
    try:
        yield ledger
    finally:
        await ledger.close()


@asynccontextmanager
async def telling(ledger: Ledger, app: App, **settings: int) -> AsyncIterator[Deliveries]:
    deliveries = await Deliveries.open(config(app.url, **settings), ledger, time)
    try:
        yield deliveries
    finally:
        await deliveries.close()


def time() -> float:
    """Tokens are verified against the time of day."""
    import time as real

    return real.time()


async def test_a_call_is_told_in_order_and_verifies(url: str) -> None:
    clock = Clock()
    async with app_listening() as app, ledger_at(url, clock) as ledger, telling(ledger, app) as deliveries:
        for event in CALL:
            clock.now += 1
            ledger.record(event)
        await app.until(lambda: len(app.heard) == 6)
        counts = deliveries.counts
    assert app.names() == [
        "room_started",
        "participant_joined",
        "track_published",
        "track_unpublished",
        "participant_left",
        "room_finished",
    ]
    began, came, sent, _, went, _ = app.heard
    assert all(one.room.sid == SID and one.room.name == "garden" for one in app.heard)
    assert began.room.creation_time == began.created_at == Clock().now + 1
    assert (came.participant.identity, came.participant.sid) == ("ada", "PA_00000001")
    assert came.participant.joined_at == Clock().now + 2
    for one in app.heard[2:4]:
        assert (one.track.sid, one.track.type, one.track.source) == (
            "TR_00000001",
            TrackType.VIDEO,
            TrackSource.CAMERA,
        )
    assert sent.track.sid == "TR_00000001"
    assert went.participant.disconnect_reason == DisconnectReason.CLIENT_INITIATED
    assert all(one["Content-Type"] == "application/webhook+json" for one in app.headers)
    assert len({one.id for one in app.heard}) == 6
    assert counts[0].delivered == 6
    assert counts[0].retried == 0


async def test_who_was_never_active_has_a_connection_that_was_aborted(url: str) -> None:
    async with app_listening() as app, ledger_at(url, Clock()) as ledger, telling(ledger, app):
        for event in (started(), joined(), left()):
            ledger.record(event)
        await app.until(lambda: len(app.heard) == 2)
    assert app.names() == ["room_started", "participant_connection_aborted"]


async def test_a_room_whose_event_is_not_taken_waits_in_order_while_others_go_on(url: str) -> None:
    is_down = True

    async def answer(event: WebhookEvent, _: web.Request) -> web.Response | None:
        return web.Response(status=503) if is_down and event.room.name == "garden" else None

    async with app_listening() as app, ledger_at(url, Clock()) as ledger:
        app.answer = answer
        async with telling(ledger, app) as deliveries:
            for event in CALL:
                ledger.record(event)
            ledger.record(started("hall", "RM_00000002"))
            ledger.record(finished("hall", "RM_00000002"))
            await app.until(lambda: app.names("hall") == ["room_started", "room_finished"])
            await app.until(lambda: len(app.refused) >= 2)
            assert {one.event for one in app.refused} == {"room_started"}
            assert app.names("garden") == []
            is_down = False
            await app.until(lambda: len(app.names("garden")) == 6)
            assert deliveries.counts[0].retried == len(app.refused)
    assert app.names("garden")[0] == "room_started"
    assert app.names("garden")[-1] == "room_finished"
    assert app.refused[0].id == app.heard[2].id


async def test_a_restart_goes_on_where_it_was(url: str) -> None:
    clock = Clock()
    async with app_listening() as app:
        async with ledger_at(url, clock) as ledger:
            async with telling(ledger, app):
                ledger.record(started())
                await app.until(lambda: len(app.heard) == 1)
            ledger.record(finished())
        async with ledger_at(url, clock) as ledger, telling(ledger, app):
            await app.until(lambda: len(app.heard) == 2)
    assert app.names() == ["room_started", "room_finished"]


async def test_what_was_before_a_receiver_is_not_told_to_it(url: str) -> None:
    async with app_listening() as app, ledger_at(url, Clock()) as ledger:
        ledger.record(started())
        await ledger.flush()
        async with telling(ledger, app):
            ledger.record(finished())
            await app.until(lambda: len(app.heard) == 1)
    assert app.names() == ["room_finished"]
