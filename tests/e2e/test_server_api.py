"""A desktop app is moderated through the server API, by `livekit-api`, and learns of each step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from livekit import api, rtc
from livekit.protocol import models
from livekit.rtc.participant import PublishTrackError

from tests.e2e.browser import eventually
from tests.e2e.desktop import Desktop, desktop
from tests.e2e.serving import KEY, SECRET, Server

ROOM = "garden"
DESK: dict[str, Any] = {"room": ROOM, "identity": "desk"}


class Moderated:
    """What the SDK tells the program of a participant."""

    def __init__(self, desk: Desktop) -> None:
        self.events: list[tuple[str, Any]] = []
        room, note = desk.room, self.events.append
        room.on("participant_permissions_changed", lambda _, now: note(("permitted", now)))
        room.on("track_muted", lambda _, track: note(("muted", track)))
        room.on("room_metadata_changed", lambda _, now: note(("described", now)))
        room.on("disconnected", lambda reason: note(("disconnected", reason)))

    async def has_heard(self, name: str, times: int = 1) -> list[Any]:
        async def heard() -> list[Any]:
            return [word for event, word in self.events if event == name]

        return await eventually(heard, lambda words: len(words) >= times)


async def until(look: Callable[[], Any], wanted: Any) -> None:
    async def seen() -> Any:
        return look()

    await eventually(seen, lambda found: found == wanted)


async def test_a_desktop_is_muted_permitted_written_to_and_removed(server: Server) -> None:
    async with (
        api.LiveKitAPI(server.url, KEY, SECRET) as lk,
        desktop(server.ws_url, server.token(ROOM, "desk")) as desk,
        desktop(server.ws_url, server.token(ROOM, "lap")) as lap,
    ):
        told = Moderated(desk)
        await desk.publish()
        await until(lambda: (min(lap.frames.get("desk", 0), 1), "desk" in lap.energy), (1, True))
        for step in (_muted, _written_to, _described, _permitted, _removed):
            await step(lk, desk, lap, told)


async def _muted(lk: api.LiveKitAPI, desk: Desktop, lap: Desktop, told: Moderated) -> None:
    [microphone] = [
        one.sid
        for one in desk.room.local_participant.track_publications.values()
        if one.source == rtc.TrackSource.SOURCE_MICROPHONE
    ]
    await lk.room.mute_published_track(api.MuteRoomTrackRequest(**DESK, track_sid=microphone, muted=True))
    publications = await told.has_heard("muted")
    assert {one.sid for one in publications} == {microphone}
    seen = lap.room.remote_participants["desk"].track_publications[microphone]
    await until(lambda: seen.muted, True)


async def _written_to(lk: api.LiveKitAPI, desk: Desktop, lap: Desktop, told: Moderated) -> None:
    """By nobody in the room, and to whom it was sent."""
    sent: dict[str, Any] = {"room": ROOM, "kind": models.DataPacket.RELIABLE, "topic": "news"}
    await lk.room.send_data(api.SendDataRequest(**sent, data=b"alone", destination_identities=["desk"]))
    await lk.room.send_data(api.SendDataRequest(**sent, data=b"all"))
    await until(lambda: desk.data, [("", b"alone", "news"), ("", b"all", "news")])
    await until(lambda: lap.data, [("", b"all", "news")])


async def _described(lk: api.LiveKitAPI, desk: Desktop, lap: Desktop, told: Moderated) -> None:
    await lk.room.update_room_metadata(api.UpdateRoomMetadataRequest(room=ROOM, metadata="roses"))
    assert await told.has_heard("described") == ["roses"]
    change = api.UpdateParticipantRequest(**DESK, name="The desk", attributes={"hand": "up"})
    await lk.room.update_participant(change)
    one = lap.room.remote_participants["desk"]
    await until(lambda: (one.name, one.attributes.get("hand")), ("The desk", "up"))
    await until(lambda: desk.room.local_participant.name, "The desk")


async def _permitted(lk: api.LiveKitAPI, desk: Desktop, lap: Desktop, told: Moderated) -> None:
    """What it publishes ends for the others, whatever its SDK makes of it, and it may publish again later."""
    silent = models.ParticipantPermission(can_subscribe=True)
    await lk.room.update_participant(api.UpdateParticipantRequest(**DESK, permission=silent))
    [permission] = await told.has_heard("permitted")
    assert (permission.can_publish, permission.can_subscribe) == (False, True)
    await until(lambda: len(lap.room.remote_participants["desk"].track_publications), 0)
    with pytest.raises(PublishTrackError):
        await desk.publish()
    heard = models.ParticipantPermission(can_subscribe=True, can_publish=True, can_publish_data=True)
    await lk.room.update_participant(api.UpdateParticipantRequest(**DESK, permission=heard))
    await told.has_heard("permitted", times=2)
    frames = lap.frames["desk"]
    await desk.publish()
    await until(lambda: lap.frames["desk"] > frames + 5, True)


async def _removed(lk: api.LiveKitAPI, desk: Desktop, lap: Desktop, told: Moderated) -> None:
    await lk.room.remove_participant(api.RoomParticipantIdentity(**DESK))
    assert await told.has_heard("disconnected") == [models.DisconnectReason.PARTICIPANT_REMOVED]
    await until(lambda: list(lap.room.remote_participants), [])
    with pytest.raises(api.TwirpError) as refused:
        await lk.room.get_participant(api.RoomParticipantIdentity(**DESK))
    assert refused.value.code == "not_found"


async def test_who_waits_is_let_in_by_a_permission(server: Server) -> None:
    """It joins without the right to receive, as in a waiting room, and gets what is published then."""
    waiting = api.VideoGrants(room_join=True, room=ROOM, can_subscribe=False, can_publish=False)
    token = api.AccessToken(KEY, SECRET).with_identity("desk").with_grants(waiting).to_jwt()
    async with (
        api.LiveKitAPI(server.url, KEY, SECRET) as lk,
        desktop(server.ws_url, token) as desk,
        desktop(server.ws_url, server.token(ROOM, "lap")) as lap,
    ):
        await lap.publish()
        one = await lk.room.get_participant(api.RoomParticipantIdentity(**DESK))
        assert (one.state, one.permission.can_subscribe) == (models.ParticipantInfo.State.ACTIVE, False)
        assert desk.frames == {}
        allowed = models.ParticipantPermission(can_subscribe=True, can_publish=True, can_publish_data=True)
        await lk.room.update_participant(api.UpdateParticipantRequest(**DESK, permission=allowed))
        await until(lambda: desk.frames.get("lap", 0) > 5, True)
        await desk.publish()
        await until(lambda: lap.frames.get("desk", 0) > 5, True)
        await lk.room.send_data(api.SendDataRequest(room=ROOM, data=b"welcome", topic="news"))
        await until(lambda: desk.data, [("", b"welcome", "news")])
