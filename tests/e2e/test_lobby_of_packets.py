"""Whoever waits and sends all the same, past its SDK, reaches nobody with packets or data, and gets none."""

from __future__ import annotations

import asyncio

import aiohttp
from aiortc.rtcdatachannel import RTCDataChannel, RTCDataChannelParameters
from aiortc.rtcdtlstransport import RTCCertificate
from livekit import api
from livekit.protocol import models
from livekit.protocol.rtc import AddTrackRequest, SessionDescription

from bench.peer import Peer
from tests.e2e.serving import KEY, SECRET, Server
from tests.relay.guest import CHANNEL, SECTIONS, SMALL_MEDIA, SSRC, Guest, _as_of, _media, enter
from tests.unit.stage import offer_text

ROOM = "garden"
QUERY = {"protocol": "17", "sdk": "js", "auto_subscribe": "1"}
PACKETS = 100


async def test_what_is_sent_from_before_the_door_goes_nowhere(server: Server) -> None:
    certificate = RTCCertificate.generateCertificate()
    grants = api.VideoGrants(room_join=True, room=ROOM, room_admin=True)
    moderator = api.AccessToken(KEY, SECRET).with_identity("mona").with_grants(grants).to_jwt()
    headers = {"Authorization": f"Bearer {moderator}"}
    async with aiohttp.ClientSession() as http:
        mona = await enter(http, server.url, moderator, certificate, has_data=True)
        ada = await enter(http, server.url, server.token(ROOM, "ada"), certificate, has_data=True)
        rules = http.patch(f"{server.url}/api/moderation", json={"lobby": True}, headers=headers)
        async with rules as answer:
            assert answer.status == 200
        query = {**QUERY, "access_token": server.token(ROOM, "eve")}
        eve = Guest(await http.ws_connect(f"{server.url}/rtc", params=query), certificate)
        peer, channel = await _sends_all_the_same(eve, certificate)
        assert mona.receiving is not None
        assert ada.receiving is not None
        assert mona.receiving.sources == ada.receiving.sources == set()

        await ada.publish(mona, "ada")  # after all of eve's, by the same relay
        await ada.say(b"hello")
        await mona.until(lambda: mona.heard)
        assert await receivers(http, server, "ada") == (200, {"mona"})
        assert await receivers(http, server, "eve") == (404, set())
        said = [models.DataPacket.FromString(one) for one in mona.heard]
        assert [(one.participant_identity, one.user.payload) for one in said] == [("ada", b"hello")]
        assert mona.tracks["eve"] == 0, "a moderator sees that it waits, and no track of it"
        assert "eve" not in ada.tracks
        assert list(peer.media_in) == []
        assert eve.heard == []
        assert eve.tracks.keys() <= {"eve"}
        assert eve.receiving is None, "it was offered nothing"

        admit = http.post(f"{server.url}/api/moderation/admit", json={"identity": "eve"}, headers=headers)
        async with admit as answer:
            assert answer.status == 200
        await eve.until(lambda: eve.receiving is not None and "ada" in eve.offered)
        channel.send(models.DataPacket(user=models.UserPacket(payload=b"now")).SerializeToString())
        await mona.until(lambda: len(mona.heard) == 2)
        await peer.close()
        for one in (eve, ada, mona):
            await one.leave()


async def receivers(http: aiohttp.ClientSession, server: Server, identity: str) -> tuple[int, set[str]]:
    """Of all tracks of somebody, as the relay tells."""
    headers = {"Authorization": f"Bearer {server.token(ROOM, identity)}"}
    async with http.get(f"{server.url}/api/receivers", headers=headers) as answer:
        tracks = (await answer.json()).get("tracks", [])
        return answer.status, {one["identity"] for track in tracks for one in track["receivers"]}


async def _sends_all_the_same(eve: Guest, certificate: RTCCertificate) -> tuple[Peer, RTCDataChannel]:
    """Tracks, packets and a message, as if it had been let in."""
    for cid, kind in (("microphone", models.TrackType.AUDIO), ("camera", models.TrackType.VIDEO)):
        await eve._send(add_track=AddTrackRequest(cid=cid, name=cid, type=kind))
    peer = Peer(certificate)
    first, second = offer_text(*SECTIONS).split("a=ssrc:1234", 1)
    text = first + f"a=ssrc:{SSRC['microphone']}" + second.replace("a=ssrc:1234", f"a=ssrc:{SSRC['camera']}")
    await eve._send(offer=SessionDescription(type="offer", sdp=_as_of(text, peer), id=1))
    await eve.until(lambda: eve.answered)
    keys = await eve._connect(peer, eve.answered)
    channel = RTCDataChannel(await peer.associate(), RTCDataChannelParameters(label=CHANNEL))
    channel.on("message", eve.heard.append)
    async with asyncio.timeout(10):
        while channel.readyState != "open":
            await asyncio.sleep(0.02)
    channel.send(models.DataPacket(user=models.UserPacket(payload=b"let me in")).SerializeToString())
    for sequence in range(1, PACKETS + 1):
        for cid in SSRC:
            peer.socket.send(_media(keys, text, cid, SMALL_MEDIA[cid], sequence))
        await asyncio.sleep(0.01)
    return peer, channel
