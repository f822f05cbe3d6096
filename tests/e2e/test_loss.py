"""Over a path that loses media each way, browsers and server repair it by retransmission (RFC 4588)."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from playwright.async_api import Browser

from tests.e2e.bad_network import bad_network
from tests.e2e.browser import Participant, eventually, join
from tests.e2e.netem import Conditions
from tests.e2e.serving import Server

pytestmark = pytest.mark.alone

LOSSY = Conditions(loss=0.05)
REPAIRS = """
async () => {
  const repairs = { sent: 0, received: 0, streams: [] };
  for (const peer of window.peersOfThisPage) {
    for (const entry of (await peer.getStats()).values()) {
      if (entry.kind !== 'video') continue;
      if (entry.type === 'outbound-rtp') repairs.sent += entry.retransmittedPacketsSent ?? 0;
      if (entry.type === 'inbound-rtp') repairs.received += entry.retransmittedPacketsReceived ?? 0;
      if (entry.type === 'outbound-rtp' || entry.type === 'inbound-rtp') {
        repairs.streams.push([entry.type, entry.rid ?? '', Boolean(entry.rtxSsrc)]);
      }
    }
  }
  return repairs;
}
"""
ENOUGH = 5  # packets that came again


async def repairs(person: Participant) -> dict[str, Any]:
    found: dict[str, Any] = await person.page.evaluate(REPAIRS)
    return found


async def test_lost_video_comes_again_in_rtx_both_ways(server: Server, browser: Browser) -> None:
    async with bad_network(server.url, server.udp_ports) as network:
        access = await network.access("both", LOSSY, LOSSY)
        ada = await join(browser, access.url, "Ada", "garden")
        alan = await join(browser, access.url, "Alan", "garden")

        await ada.sees(1)
        await alan.sees(1)
        for person in (ada, alan):
            seen = await eventually(
                partial(repairs, person),
                lambda seen: min(seen["sent"], seen["received"]) >= ENOUGH,
                40.0,
            )
            assert all(has_rtx for _, _, has_rtx in seen["streams"]), seen
        await ada.sees(1)


FRAMES_SENT = """
async () => {
  const layers = {};
  for (const peer of window.peersOfThisPage) {
    for (const entry of (await peer.getStats()).values()) {
      if (entry.type === 'outbound-rtp' && entry.kind === 'video') layers[entry.rid ?? ''] = entry.framesSent;
    }
  }
  return layers;
}
"""
FRAMES = 200
KEPT = 0.8  # of the frames; more where nothing else is computed


async def test_a_call_goes_on_through_five_percent_of_loss(server: Server, browser: Browser) -> None:
    async with bad_network(server.url, server.udp_ports) as network:
        ada = await join(browser, (await network.access("ada", LOSSY, LOSSY)).url, "Ada", "garden")
        alan = await join(browser, (await network.access("alan", LOSSY, LOSSY)).url, "Alan", "garden")
        await alan.sees(1)
        await alan.hears(1)

        async def sent() -> dict[str, int]:
            layers: dict[str, int] = await ada.page.evaluate(FRAMES_SENT)
            return layers

        async def decoded() -> int:
            return max(stream.frames for stream in await alan.inbound() if stream.kind == "video")

        sent_before, decoded_before = await sent(), await decoded()
        sent_now = await eventually(
            sent, lambda layers: max(layers[rid] - sent_before[rid] for rid in layers) >= FRAMES, 60.0
        )
        # Layers have rates of their own, and Alan gets one of them.
        grown = [sent_now[rid] - sent_before[rid] for rid in sent_now]
        assert await decoded() - decoded_before >= KEPT * min(frames for frames in grown if frames)
