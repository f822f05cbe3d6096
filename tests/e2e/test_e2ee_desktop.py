"""The desktop SDK's end-to-end encryption through the relay, which cannot read what it forwards."""

from __future__ import annotations

import pytest
from livekit import rtc

from tests.e2e.browser import eventually
from tests.e2e.encrypted import WIDTH, encrypted_user
from tests.e2e.serving import Server

CODECS = {"VP8": rtc.VideoCodec.VP8, "VP9": rtc.VideoCodec.VP9, "H264": rtc.VideoCodec.H264}


@pytest.mark.parametrize("codec", CODECS)
async def test_who_has_the_key_sees_and_hears_and_nobody_else_does(shared_server: Server, codec: str) -> None:
    room = f"sealed-{codec}"

    def token(name: str) -> str:
        return shared_server.token(room, name)

    async with (
        encrypted_user(shared_server, token("sender"), b"the right key") as sender,
        encrypted_user(shared_server, token("friend"), b"the right key") as friend,
        encrypted_user(shared_server, token("stranger"), b"another key") as stranger,
    ):
        await sender.publish(CODECS[codec])

        async def received() -> tuple[int, float]:
            return friend.flags, friend.tone

        await eventually(received, lambda seen: seen[0] >= 20 and seen[1] > 1e3, 40)
        assert friend.others == 0
        assert friend.noise < friend.tone / 10
        assert friend.videos[0].encryption_type == rtc.EncryptionType.GCM
        assert len(stranger.videos) == 1  # it is sent the same
        assert (stranger.flags, stranger.others) == (0, 0)
        assert stranger.tone + stranger.noise < friend.tone / 100


@pytest.mark.parametrize("codec", ["VP8", "H264"])
async def test_layers_are_switched_without_reading_them(shared_server: Server, codec: str) -> None:
    room = f"sealed-layers-{codec}"
    async with (
        encrypted_user(shared_server, shared_server.token(room, "sender"), b"key") as sender,
        encrypted_user(shared_server, shared_server.token(room, "friend"), b"key") as friend,
    ):
        await sender.publish(CODECS[codec], simulcast=True)

        async def width() -> int:
            return friend.width

        await eventually(width, lambda seen: seen == WIDTH, 40)
        friend.videos[0].set_video_quality(rtc.VideoQuality.VIDEO_QUALITY_LOW)
        await eventually(width, lambda seen: 0 < seen < WIDTH, 40)
        friend.videos[0].set_video_quality(rtc.VideoQuality.VIDEO_QUALITY_HIGH)
        await eventually(width, lambda seen: seen == WIDTH, 40)
        flags = friend.flags

        async def recognised() -> int:
            return friend.flags - flags

        await eventually(recognised, lambda seen: seen >= 10)
        assert friend.others == 0
