"""Unmodified desktop apps at the door of a room: who waits gets nothing, comes in, is refused or kept out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from livekit import api, rtc
from livekit.protocol import models
from livekit.rtc.participant import PublishTrackError

from tests.e2e.browser import eventually
from tests.e2e.cut_off import way_to
from tests.e2e.desktop import Desktop, desktop, move
from tests.e2e.serving import KEY, SECRET, Server

ROOM = "garden"
SINGLE, DUAL = True, False


def moderator() -> str:
    grants = api.VideoGrants(room_join=True, room=ROOM, room_admin=True)
    return api.AccessToken(KEY, SECRET).with_identity("mona").with_grants(grants).to_jwt()


def options(single: bool) -> rtc.RoomOptions:
    return rtc.RoomOptions(single_peer_connection=single)


async def until(look: Callable[[], Any], wanted: Any) -> None:
    async def seen() -> Any:
        return look()

    await eventually(seen, lambda found: found == wanted)


class Moderation:
    """The endpoints, as a page of the moderator asks them."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self._url = url

    async def rule(self, **rules: object) -> dict[str, Any]:
        return await self._ask("PATCH", "", rules)

    async def does(self, word: str, identity: str) -> dict[str, Any]:
        return await self._ask("POST", f"/{word}", {"identity": identity})

    async def _ask(self, method: str, path: str, body: dict[str, object]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {moderator()}"}
        url = f"{self._url}/api/moderation{path}"
        async with self._http.request(method, url, json=body, headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            told: dict[str, Any] = await answer.json()
            return told


@asynccontextmanager
async def moderated(server: Server, **rules: object) -> AsyncIterator[tuple[Desktop, Moderation]]:
    """A moderator who sends picture and sound, in a room with these rules."""
    async with (
        aiohttp.ClientSession() as http,
        desktop(server.ws_url, moderator()) as mona,
    ):
        await mona.publish()
        moderation = Moderation(http, server.url)
        await moderation.rule(**rules)
        yield mona, moderation


def roles(desk: Desktop) -> dict[str, str]:
    others = desk.room.remote_participants.values()
    return {one.identity: one.attributes.get("offrecord.role", "") for one in others}


@pytest.mark.parametrize("single", [SINGLE, DUAL])
async def test_who_waits_gets_nothing_until_it_is_let_in(server: Server, single: bool) -> None:
    async with (
        moderated(server, lobby=True) as (mona, moderation),
        desktop(server.ws_url, server.token(ROOM, "desk"), options(single)) as desk,
    ):
        me = desk.room.local_participant
        assert me.attributes["offrecord.role"] == "waiting"
        await until(lambda: roles(mona), {"desk": "waiting"})
        with pytest.raises(PublishTrackError):
            await desk.publish()
        await mona.room.local_participant.publish_data(b"secret", topic="t")
        async with api.LiveKitAPI(server.url, KEY, SECRET) as lk:
            await lk.room.send_data(api.SendDataRequest(room=ROOM, data=b"all", topic="news"))
        await until(lambda: mona.data, [("", b"all", "news")])
        # Whoever is let in first gets all of it; what the one who waits got meanwhile is compared with that.
        async with desktop(server.ws_url, server.token(ROOM, "lap"), options(single)) as lap:
            await until(lambda: roles(mona), {"desk": "waiting", "lap": "waiting"})
            await moderation.does("admit", "lap")
            await until(lambda: lap.frames.get("mona", 0) > 10, True)
            await lap.publish()
            await until(lambda: mona.frames.get("lap", 0) > 5, True)
            await lap.room.local_participant.publish_data(b"hello", topic="t")
            await until(lambda: mona.data[-1], ("lap", b"hello", "t"))
            assert roles(lap) == {"mona": "moderator"}, "who waits is shown to moderators alone"
            assert (desk.frames, desk.energy, desk.data) == ({}, {}, [])
            assert list(desk.room.remote_participants) == []
            await moderation.does("admit", "desk")
            await until(lambda: min(desk.frames.get(name, 0) > 5 for name in ("mona", "lap")), True)
            await until(lambda: roles(desk), {"mona": "moderator", "lap": ""})
            assert "offrecord.role" not in me.attributes
            await desk.publish()
            await until(lambda: min(one.frames.get("desk", 0) > 5 for one in (mona, lap)), True)
            await mona.room.local_participant.publish_data(b"welcome", topic="t")
            await until(lambda: desk.data, [("mona", b"welcome", "t")])


async def test_who_waits_and_loses_its_connection_goes_on_waiting(server: Server) -> None:
    async with (
        moderated(server, lobby=True) as (mona, moderation),
        way_to(server.http_port) as way,
        desktop(way.url, server.token(ROOM, "desk")) as desk,
    ):
        told: list[str] = []
        for event in ("reconnected", "disconnected"):
            desk.room.on(event, lambda *_, event=event: told.append(event))
        left: list[str] = []
        mona.room.on("participant_disconnected", lambda one: left.append(one.identity))
        await until(lambda: roles(mona), {"desk": "waiting"})
        sid = desk.room.local_participant.sid
        way.cut()
        await until(lambda: told, ["reconnected"])
        assert (desk.room.local_participant.sid, left) == (sid, [])
        await moderation.does("admit", "desk")
        await until(lambda: desk.frames.get("mona", 0) > 5, True)


async def test_who_is_refused_is_told_so(server: Server) -> None:
    async with (
        moderated(server, lobby=True) as (mona, moderation),
        desktop(server.ws_url, server.token(ROOM, "desk")) as desk,
    ):
        reasons: list[int] = []
        desk.room.on("disconnected", reasons.append)
        await until(lambda: roles(mona), {"desk": "waiting"})
        await moderation.does("refuse", "desk")
        await until(lambda: reasons, [models.DisconnectReason.USER_REJECTED])
        await until(lambda: roles(mona), {})


async def test_a_locked_room_and_a_ban_keep_out_with_the_reason(server: Server) -> None:
    async with moderated(server) as (_, moderation):
        async with desktop(server.ws_url, server.token(ROOM, "desk")) as desk:
            reasons: list[int] = []
            desk.room.on("disconnected", reasons.append)
            await until(lambda: desk.frames.get("mona", 0) > 5, True)
            await moderation.rule(locked=True)
            with pytest.raises(rtc.ConnectError, match="the room is locked"):
                await rtc.Room().connect(server.ws_url, server.token(ROOM, "lap"))
            await moderation.does("ban", "desk")
            await until(lambda: reasons, [models.DisconnectReason.PARTICIPANT_REMOVED])
        await moderation.rule(locked=False)
        with pytest.raises(rtc.ConnectError, match="banned"):
            await rtc.Room().connect(server.ws_url, server.token(ROOM, "desk"))
        async with desktop(server.ws_url, server.token(ROOM, "lap")) as lap:
            await until(lambda: lap.frames.get("mona", 0) > 5, True)


async def test_only_moderators_share_a_screen(server: Server) -> None:
    async with (
        moderated(server) as (mona, moderation),
        desktop(server.ws_url, server.token(ROOM, "desk")) as desk,
    ):
        await desk.publish()
        screen = await shared(desk)
        await until(lambda: mona.frames_of_track.get(screen, 0) > 5, True)
        await moderation.rule(screen_share="moderators")
        seen = mona.room.remote_participants["desk"]
        await until(lambda: screen in seen.track_publications, False)
        frames = mona.frames["desk"]
        with pytest.raises(PublishTrackError):
            await shared(desk)
        await until(lambda: mona.frames["desk"] > frames + 5, True)  # its camera
        assert (await shared(mona)).startswith("TR_")


async def shared(desk: Desktop) -> str:
    """Shares a screen, which is as small as a camera here; the track's sid."""
    source = rtc.VideoSource(320, 240)
    desk.start(move(source, 320, 240, 15))
    track = rtc.LocalVideoTrack.create_video_track("screen", source)
    wanted = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_SCREENSHARE)
    publication = await asyncio.wait_for(desk.room.local_participant.publish_track(track, wanted), 15)
    return publication.sid
