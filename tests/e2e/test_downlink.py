"""A browser whose downlink becomes narrow is sent smaller pictures, hears on, and then large ones again."""

from __future__ import annotations

from functools import partial

import pytest
from playwright.async_api import Browser

from tests.e2e.bad_network import bad_network
from tests.e2e.browser import Participant, eventually, join
from tests.e2e.netem import Conditions
from tests.e2e.serving import Server

pytestmark = pytest.mark.alone

WIDE = Conditions(delay_ms=20, rate_kbps=8_000, queue_ms=300)
NARROW = Conditions(delay_ms=20, rate_kbps=400, queue_ms=300)
PICTURE = """
async () => {
  for (const peer of window.peersOfThisPage) {
    for (const entry of (await peer.getStats()).values()) {
      if (entry.type === 'inbound-rtp' && entry.kind === 'video') {
        return [entry.frameHeight ?? 0, entry.framesDecoded ?? 0];
      }
    }
  }
  return [0, 0];
}
"""
PATIENCE = 40.0


async def picture(person: Participant) -> tuple[int, int]:
    """Height of the pictures that arrive, and how many were decoded."""
    height, decoded = await person.page.evaluate(PICTURE)
    return height, decoded


async def test_pictures_fit_the_downlink_and_sound_goes_on(server: Server, browser: Browser) -> None:
    async with bad_network(server.url, server.udp_ports) as network:
        await join(browser, server.url, "Ada", "garden")
        access = await network.access("alan", down=WIDE)
        alan = await join(browser, access.url, "Alan", "garden")
        await alan.sees(1)
        largest = await eventually(partial(picture, alan), lambda seen: seen[0] >= 480, PATIENCE)

        await access.change(down=NARROW)
        smaller = await eventually(partial(picture, alan), lambda seen: 0 < seen[0] < largest[0], PATIENCE)
        await alan.hears(1)
        await eventually(partial(picture, alan), lambda seen: seen[1] > smaller[1] + 30, PATIENCE)

        await access.change(down=WIDE)
        await eventually(partial(picture, alan), lambda seen: seen[0] == largest[0], PATIENCE)
