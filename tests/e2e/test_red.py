"""Chromium sends sound in RED (RFC 2198): who takes RED gets it so, who does not hears it all the same."""

from __future__ import annotations

from functools import partial

from livekit import rtc
from playwright.async_api import Browser

from tests.e2e.browser import Participant, eventually, join
from tests.e2e.desktop import Desktop, desktop
from tests.e2e.serving import Server

WITH_A_MICROPHONE = """
const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = ({ audio }) => open({ audio });
"""
WITHOUT_DEVICES = """
navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotFoundError'));
"""
# Offers and answers as a browser that has never heard of RED.
WITHOUT_RED = """
for (const name of ['createOffer', 'createAnswer']) {
  const create = RTCPeerConnection.prototype[name];
  RTCPeerConnection.prototype[name] = function (...words) {
    const known = RTCRtpReceiver.getCapabilities('audio').codecs;
    for (const transceiver of this.getTransceivers()) {
      if (transceiver.receiver.track.kind !== 'audio') continue;
      transceiver.setCodecPreferences(known.filter((codec) => codec.mimeType !== 'audio/red'));
    }
    return create.apply(this, words);
  };
}
"""
# Statistics name the codec inside RED. What RED repeats is discarded where nothing was lost.
SOUND = """
async () => {
  const streams = [];
  for (const peer of window.peersOfThisPage) {
    for (const entry of (await peer.getStats()).values()) {
      if (entry.type === 'inbound-rtp' && entry.kind === 'audio') streams.push({
        packets: entry.packetsReceived, lost: entry.packetsLost, repeated: entry.packetsDiscarded,
        samples: entry.totalSamplesReceived, invented: entry.concealedSamples - entry.silentConcealedSamples,
      });
    }
  }
  return streams;
}
"""
PACKETS = 150  # three seconds


async def sound(person: Participant) -> list[dict[str, int]]:
    streams: list[dict[str, int]] = await person.page.evaluate(SOUND)
    return streams


def is_enough(streams: list[dict[str, int]]) -> bool:
    return len(streams) == 1 and all(stream["packets"] >= PACKETS for stream in streams)


async def sent(observer: Desktop) -> list[str]:
    """What the relay has seen of everybody's sound."""
    publications = [
        publication
        for participant in observer.room.remote_participants.values()
        for publication in participant.track_publications.values()
    ]
    return [one.mime_type for one in publications if one.kind == rtc.TrackKind.KIND_AUDIO]


async def test_red_reaches_who_has_it_and_opus_who_has_not(
    shared_server: Server, shared_browser: Browser
) -> None:
    alan = await join(shared_browser, shared_server.url, "Alan", "redundant", WITHOUT_DEVICES)
    grace = await join(shared_browser, shared_server.url, "Grace", "redundant", WITHOUT_DEVICES + WITHOUT_RED)
    await join(shared_browser, shared_server.url, "Ada", "redundant", WITH_A_MICROPHONE)

    async with desktop(shared_server.ws_url, shared_server.token("redundant", "desk")) as desk:
        await eventually(partial(sent, desk), lambda mimes: mimes == ["audio/red"])
    for person, takes_red in ((alan, True), (grace, False)):
        await person.hears(1)
        (stream,) = await eventually(partial(sound, person), is_enough, 40.0)
        assert (stream["repeated"] > stream["packets"] / 2) is takes_red, stream
        # It goes on without a break: hardly anything had to be made up.
        assert stream["lost"] < stream["packets"] / 10, stream
        assert stream["invented"] < stream["samples"] / 4, stream
