"""Chromium takes our answers and offers, through the renegotiations where browsers stumble silently."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from playwright.async_api import Browser, Page, Route

from server.sdp.model import Codec, Section
from server.sdp.negotiate import PublisherAnswer, TrackOptions, answer_publisher
from server.sdp.parse import parse
from server.sdp.subscriber import AcceptedTrack, DownTrack, SubscriberSession
from tests.unit.descriptions import EVERY_CODEC, LOCAL, audio_codecs, video_codecs

PUBLISH = """
async () => {
  const media = window.media = await navigator.mediaDevices.getUserMedia(
    {audio: true, video: {width: 1280, height: 720}});
  const peer = window.publisher = new RTCPeerConnection();
  peer.createDataChannel('_reliable');
  peer.addTransceiver('video', {direction: 'recvonly'});
  peer.addTransceiver('audio', {direction: 'recvonly'});
  peer.addTransceiver(media.getAudioTracks()[0], {direction: 'sendonly', streams: [media]});
  peer.addTransceiver(media.getVideoTracks()[0], {direction: 'sendonly', streams: [media], sendEncodings: [
    {rid: 'q', scaleResolutionDownBy: 4}, {rid: 'h', scaleResolutionDownBy: 2}, {rid: 'f'}]});
  await peer.setLocalDescription();
  return peer.localDescription.sdp;
}
"""
TAKE_ANSWER = """
async sdp => {
  await publisher.setRemoteDescription({type: 'answer', sdp});
  return publisher.getSenders().filter(sender => sender.track).map(sender => sender.getParameters());
}
"""
PUBLISH_MORE = """
async () => {
  publisher.addTransceiver(media.getVideoTracks()[0].clone(), {direction: 'sendonly', streams: [media],
    sendEncodings: [{rid: 'q', scaleResolutionDownBy: 2}, {rid: 'h'}]});
  publisher.addTransceiver(media.getAudioTracks()[0].clone(), {direction: 'sendonly', streams: [media]});
  await publisher.setLocalDescription();
  return publisher.localDescription.sdp;
}
"""
SUBSCRIBE = """
() => {
  window.subscriber = new RTCPeerConnection();
  window.arrived = [];
  subscriber.ontrack = event => arrived.push([event.track.kind, event.streams[0].id, event.transceiver.mid]);
}
"""
TAKE_OFFER = """
async sdp => {
  await subscriber.setRemoteDescription({type: 'offer', sdp});
  await subscriber.setLocalDescription();
  return {sdp: subscriber.localDescription.sdp, arrived: arrived.splice(0)};
}
"""
EMPTY = "https://page.test/"  # a secure context, answered by the test itself


async def empty_page(browser: Browser) -> Page:
    page = await browser.new_page()

    async def fulfil(route: Route) -> None:
        await route.fulfill(body="<!doctype html>", content_type="text/html")

    await page.route(f"{EMPTY}**", fulfil)
    await page.goto(EMPTY)
    return page


def answer(offer: str, **options: Any) -> PublisherAnswer:
    def ask(section: Section) -> TrackOptions:
        return TrackOptions(**options)

    return answer_publisher(parse(offer), LOCAL, ask, EVERY_CODEC)


async def test_chromium_publishes_every_layer_twice(browser: Browser) -> None:
    page = await empty_page(browser)
    first = answer(await page.evaluate(PUBLISH), red=True, preferred_codec="vp9")
    audio, video = await page.evaluate(TAKE_ANSWER, first.text)
    assert [codec["mimeType"] for codec in audio["codecs"]][:2] == ["audio/red", "audio/opus"]
    assert video["codecs"][0]["mimeType"] == "video/VP9"
    assert "video/rtx" in [codec["mimeType"] for codec in video["codecs"]]
    assert [(e["rid"], e["active"]) for e in video["encodings"]] == [("q", True), ("h", True), ("f", True)]
    assert any(e["uri"].endswith("sdes:rtp-stream-id") for e in video["headerExtensions"])
    # The next simulcast offer is the one that fails when any earlier section lost an extension or a layer.
    second_offer = await page.evaluate(PUBLISH_MORE)
    assert "a=simulcast:send q;h;f" in second_offer
    assert "a=simulcast:send q;h\r\n" in second_offer
    second = answer(second_offer, stereo=True)
    assert [len(track.encodings) for track in second.tracks if track.kind == "video"] == [3, 2]
    assert len(await page.evaluate(TAKE_ANSWER, second.text)) == 4


async def test_chromium_subscribes_as_tracks_come_and_go(browser: Browser) -> None:
    page = await empty_page(browser)
    await page.evaluate(SUBSCRIBE)
    session = SubscriberSession(7)

    async def negotiate() -> tuple[dict[str, AcceptedTrack], list[list[str]]]:
        taken = await page.evaluate(TAKE_OFFER, session.offer(LOCAL))
        accepted, _, _ = session.accept(parse(taken["sdp"], session.section_count))
        return {track.mid: track for track in accepted}, taken["arrived"]

    accepted, arrived = await negotiate()
    assert (accepted, arrived) == ({}, [])

    voice = DownTrack("audio", "PA_x|TR_1", "TR_1", 1001, "PA_x", audio_codecs())
    camera = DownTrack("video", "PA_x|TR_2", "TR_2", 1002, "PA_x", video_codecs(), rtx_ssrc=2002)
    music = DownTrack("audio", "PA_y|TR_3", "TR_3", 1003, "PA_y", audio_codecs(), stereo=True)
    clash = replace(
        camera,
        stream_id="PA_y|TR_4",
        track_id="TR_4",
        ssrc=1004,
        rtx_ssrc=2004,
        codecs=(Codec(102, "vp8", 90_000),),
    )
    mids = [session.add(track) for track in (voice, camera, music, clash)]
    accepted, arrived = await negotiate()
    assert arrived == [
        ["audio", "PA_x|TR_1", mids[0]],
        ["video", "PA_x|TR_2", mids[1]],
        ["audio", "PA_y|TR_3", mids[2]],
        ["video", "PA_y|TR_4", mids[3]],
    ]
    assert list(accepted) == mids
    assert all(track.payload_types and track.extensions for track in accepted.values())
    assert [mapping.incoming for mapping in accepted[mids[1]].payload_types] == [96, 102]
    assert accepted[mids[3]].payload_types[0].outgoing == 96
    assert [mapping.incoming for mapping in accepted[mids[1]].rtx_payload_types] == [96, 102]
    assert accepted[mids[0]].rtx_payload_types == ()

    session.remove(mids[1])
    accepted, arrived = await negotiate()
    assert mids[1] not in accepted
    again = replace(camera, stream_id="PA_z|TR_5", track_id="TR_5", ssrc=1005, rtx_ssrc=2005)
    assert session.add(again) == mids[1]
    accepted, arrived = await negotiate()
    assert arrived == [["video", "PA_z|TR_5", mids[1]]]
    assert accepted[mids[1]].payload_types
