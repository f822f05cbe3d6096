"""A call in which each client has one peer connection, and one with two: browsers and desktops meet alike."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest
from livekit import rtc
from playwright.async_api import Browser, Page

from tests.e2e.browser import eventually
from tests.e2e.desktop import HEIGHT, RATE, WIDTH, Desktop, desktop, move
from tests.e2e.sdk_page import enter
from tests.e2e.serving import Server

# More pictures than a client has sections for when it joins.
PICTURES = 4
# Counts connections, frames by track and sound; `quiet` tells what is not received any more.
CALL = """
async ([url, token, single]) => {
  const Plain = window.RTCPeerConnection;
  window.connections = 0;
  window.RTCPeerConnection = class extends Plain {
    constructor(...all) { super(...all); window.connections += 1; }
  };
  const room = window.room = new LivekitClient.Room({ singlePeerConnection: single === 'single' });
  Object.assign(window, { frames: {}, sounds: {}, data: [] });
  room.on('dataReceived', (payload, sender) =>
    data.push([sender.identity, new TextDecoder().decode(payload)]));
  room.on('trackUnsubscribed', (track, publication) => { delete frames[publication.trackSid]; });
  room.on('trackSubscribed', (track, publication) => {
    const element = track.attach();
    if (track.kind === 'audio') {
      sounds[publication.trackSid] = async () => (await track.getReceiverStats())?.totalAudioEnergy ?? 0;
      return;
    }
    frames[publication.trackSid] = 0;
    const watch = () => {
      if (publication.trackSid in frames) frames[publication.trackSid] += 1;
      element.requestVideoFrameCallback(watch);
    };
    element.requestVideoFrameCallback(watch);
  });
  await room.connect(url, token);
  await room.localParticipant.enableCameraAndMicrophone();
}
"""
SEEN = "() => Object.values(frames)"
HEARD = "async () => Promise.all(Object.values(sounds).map(energy => energy()))"
SAY = "text => room.localParticipant.publishData(new TextEncoder().encode(text), { reliable: true })"
SUBSCRIBE = """
([identity, subscribed]) => {
  for (const publication of room.remoteParticipants.get(identity).videoTrackPublications.values())
    publication.setSubscribed(subscribed);
}
"""


async def show(desk: Desktop, number: int) -> None:
    source = rtc.VideoSource(WIDTH, HEIGHT)
    desk.start(move(source, WIDTH, HEIGHT, RATE))
    track = rtc.LocalVideoTrack.create_video_track(f"picture {number}", source)
    await desk.room.local_participant.publish_track(track, rtc.TrackPublishOptions(simulcast=False))


async def seen(page: Page, pictures: int, at_least: int = 3) -> None:
    """So many pictures move there, and no more."""
    await eventually(
        lambda: page.evaluate(SEEN),
        lambda counts: len(counts) == pictures and min(counts, default=at_least) >= at_least,
    )


async def heard(page: Page, people: int) -> None:
    """So many people are heard there."""
    await eventually(
        lambda: page.evaluate(HEARD),
        lambda energies: len(energies) == people and min(energies) > 1e-6,
    )


@pytest.mark.parametrize("mode", ["single", "dual"])
async def test_browsers_and_desktops_see_hear_and_write_to_each_other(
    shared_server: Server, shared_browser: Browser, mode: str
) -> None:
    server, room = shared_server, f"connections-{mode}"
    options = rtc.RoomOptions(single_peer_connection=mode == "single")
    async with AsyncExitStack() as stack:
        ada, bob, desk, lap = await asyncio.gather(
            enter(shared_browser, server, room, "ada", CALL, mode),
            enter(shared_browser, server, room, "bob", CALL, mode),
            stack.enter_async_context(desktop(server.ws_url, server.token(room, "desk"), options)),
            stack.enter_async_context(desktop(server.ws_url, server.token(room, "lap"), options)),
        )
        await desk.publish()
        for number in range(1, PICTURES):
            await show(desk, number)

        async def received() -> tuple[int, int, int, float]:
            of_desk = [count for sid, count in lap.frames_of_track.items() if count >= 3]
            people = {"ada", "bob", "desk"}
            return (
                len(of_desk),
                min(lap.frames.get(one, 0) for one in people),
                min(desk.frames.get(one, 0) for one in ("ada", "bob")),
                min(lap.energy.get(one, 0.0) for one in people),
            )

        await asyncio.gather(
            seen(ada, PICTURES + 1),
            seen(bob, PICTURES + 1),
            eventually(received, lambda one: one[0] == PICTURES + 2 and min(one[1:3]) >= 3 and one[3] > 1e-3),
            heard(ada, 2),
            heard(bob, 2),
        )

        await ada.evaluate(SAY, "hello")
        await desk.room.local_participant.publish_data(b"hi", reliable=True)

        async def written() -> tuple[Any, list[bytes], Any]:
            return await bob.evaluate("data"), [text for _, text, _ in lap.data], await ada.evaluate("data")

        await eventually(
            written,
            lambda said: (
                sorted(said[0]) == [["ada", "hello"], ["desk", "hi"]]
                and sorted(said[1]) == [b"hello", b"hi"]
                and said[2] == [["desk", "hi"]]
            ),
        )

        # What is not wanted any more goes, and comes back, in sections that there are.
        await bob.evaluate(SUBSCRIBE, ["desk", False])
        await seen(bob, 1)
        await bob.evaluate(SUBSCRIBE, ["desk", True])
        await seen(bob, PICTURES + 1)

        expected = 1 if mode == "single" else 2
        assert await asyncio.gather(*(page.evaluate("connections") for page in (ada, bob))) == [expected] * 2
