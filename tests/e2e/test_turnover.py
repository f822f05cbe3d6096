"""A hundred cameras come and go in one session of a real client, and each is seen.

By then the publisher has sent on 400 SSRCs, and its description has a section for every track there was.
"""

from __future__ import annotations

import asyncio
from functools import partial

from livekit import rtc

from tests.e2e.browser import eventually
from tests.e2e.desktop import Desktop, desktop, move
from tests.e2e.serving import Server

CYCLES = 10
CAMERAS = 10  # at a time
WIDTH, HEIGHT = 480, 270  # the smallest that the SDK sends in two layers
RATE = 5  # pictures a second
MOST_SECTIONS = {"lap": 30, "pad": 20}
"""Of a viewer with one peer connection, which begins with some of its own, and of one with two: what it sees,
and as many again to use next."""


async def share(desk: Desktop, source: rtc.VideoSource) -> set[str]:
    """Publishes all cameras at once; returns the sids of their tracks."""
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_CAMERA, simulcast=True)
    tracks = [rtc.LocalVideoTrack.create_video_track(f"camera {at}", source) for at in range(CAMERAS)]
    me = desk.room.local_participant
    return {each.sid for each in await asyncio.gather(*(me.publish_track(one, options) for one in tracks))}


async def seen(viewer: Desktop, sids: set[str]) -> set[str]:
    return {sid for sid in sids if viewer.frames_of_track.get(sid, 0) > 0}


async def known(viewer: Desktop) -> set[str]:
    return set(viewer.room.remote_participants["desk"].track_publications)


async def sections(viewer: Desktop) -> list[int]:
    """Where in the description the tracks are that the viewer receives now."""
    stats = await viewer.room.get_rtc_stats()
    entries = [*stats.publisher_stats, *stats.subscriber_stats]
    mids = [entry.inbound_rtp.inbound.mid for entry in entries if entry.HasField("inbound_rtp")]
    return sorted(int(mid) for mid in mids)


async def test_a_hundred_cameras_come_and_go(server: Server) -> None:
    two = rtc.RoomOptions(single_peer_connection=False)
    async with (
        desktop(server.ws_url, server.token("garden", "desk")) as desk,
        desktop(server.ws_url, server.token("garden", "lap")) as lap,
        desktop(server.ws_url, server.token("garden", "pad"), two) as pad,
    ):
        torn: list[str] = []
        desk.room.on("reconnecting", partial(torn.append, "desk"))
        for name, viewer in (viewers := {"lap": lap, "pad": pad}).items():
            viewer.room.on("reconnecting", partial(torn.append, name))
        source = rtc.VideoSource(WIDTH, HEIGHT)
        desk.start(move(source, WIDTH, HEIGHT, RATE))
        for cycle in range(1, CYCLES + 1):
            sids = await share(desk, source)
            for viewer in viewers.values():
                await eventually(partial(seen, viewer, sids), sids.__eq__)
            if cycle == CYCLES:
                for name, viewer in viewers.items():
                    used = await sections(viewer)
                    assert len(used) == CAMERAS
                    assert max(used) < MOST_SECTIONS[name], used
            for sid in sids:
                await desk.room.local_participant.unpublish_track(sid)
            for viewer in viewers.values():
                await eventually(partial(known, viewer), set().__eq__)
        assert torn == []
