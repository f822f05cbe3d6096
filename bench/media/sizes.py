"""One publisher of three layers, and twenty subscribers that wish for different sizes: what they are sent."""

from __future__ import annotations

import asyncio
from typing import Any

from playwright.async_api import Page

from bench.figure import medians, rounds, show
from bench.media.call import ROOM, Call, call
from bench.media.person import JOIN_SECONDS, Feed
from tests.e2e.data_users import SDK_FOR_BROWSERS
from tests.e2e.netem import Conditions

ROUNDS = 3
FEED = Feed(width=960, height=540, rate=15, bits=700_000, simulcast=True)
# Rank of the layer that each wishes for, the smallest is 0; None looks at something else.
WISHES: tuple[int | None, ...] = (2,) * 3 + (1,) * 5 + (0,) * 8 + (None,) * 4
SHARES = (4, 2, 1)  # the camera is larger by this, by rank
DELAY = Conditions(delay_ms=20.0)
SETTLE_SECONDS = 8.0
SECONDS = 15.0
MOST_SECONDS = 240.0

# Everybody in one page: sockets and transports of their own, and one browser's cost.
CROWD = """
async ([url, tokens, wishes]) => {
  window.crowd = tokens.map(() => ({ bytes: 0, height: 0 }));
  window.look = async () => {
    await Promise.all(window.crowd.map(async (one) => {
      for (const entry of ((await one.track?.getRTCStatsReport()) ?? new Map()).values()) {
        if (entry.type !== 'inbound-rtp') continue;
        one.bytes = entry.bytesReceived;
        one.height = entry.frameHeight ?? 0;
      }
    }));
    return window.crowd.map(({ bytes, height }) => [bytes, height]);
  };
  await Promise.all(tokens.map(async (token, index) => {
    const room = new LivekitClient.Room({ adaptiveStream: false, dynacast: false });
    room.on('trackSubscribed', (track, publication) => {
      if (track.kind !== 'video') return;
      window.crowd[index].track = track;
      if (wishes[index] === null) publication.setEnabled(false);
      else publication.setVideoDimensions(wishes[index]);
    });
    await room.connect(url, token);
  }));
}
"""


async def run() -> None:
    measured = []
    for _ in range(rounds(ROUNDS)):
        async with asyncio.timeout(MOST_SECONDS), call() as running:
            measured.append(await _once(running))
    told = medians(measured)
    value = told.pop("forwarded_percent")
    show(
        "forwarded_to_subscribers",
        value,
        "% of the ideal",
        subscribers=len(WISHES),
        rounds=len(measured),
        **told,
    )


async def _once(running: Call) -> dict[str, float]:
    away = await running.access("publisher", DELAY, DELAY)
    home = await running.access("crowd", DELAY, DELAY)
    publisher = await running.desktop(away)
    await publisher.publish(FEED)
    context = await running.browser.new_context(bypass_csp=True)
    page = await context.new_page()
    await page.goto(home.url + "/guarantee")
    await page.add_script_tag(path=SDK_FOR_BROWSERS)
    tokens = [running.server.token(ROOM, f"subscriber-{number}") for number in range(len(WISHES))]
    await page.evaluate(CROWD, [home.ws_url, tokens, [_size(wish) for wish in WISHES]])
    await _until_all_receive(page)
    await asyncio.sleep(SETTLE_SECONDS)

    before, sent_before = await page.evaluate("look()"), (await publisher.look()).bytes_sent
    down_before = (await home.statistics())["down"]["delivered"]["bytes"]
    await asyncio.sleep(SECONDS)
    after, sent_after = await page.evaluate("look()"), (await publisher.look()).bytes_sent
    down_after = (await home.statistics())["down"]["delivered"]["bytes"]
    await context.close()

    heights = sorted(sent_after)
    layers = [sent_after[height] - sent_before.get(height, 0) for height in heights]
    if len(layers) != len(SHARES):
        raise RuntimeError(f"{len(SHARES)} layers were asked for, {heights} are sent")
    ideal = sum(layers[wish] for wish in WISHES if wish is not None)
    received = sum(now[0] - then[0] for now, then in zip(after, before, strict=True))
    fits = [
        now[0] == then[0] if wish is None else now[1] == heights[wish]
        for wish, now, then in zip(WISHES, after, before, strict=True)
    ]
    return {
        "forwarded_percent": 100 * received / ideal,
        "as_wished": float(sum(fits)),
        "received_kbps": received * 8 / SECONDS / 1000,
        "on_the_link_kbps": (down_after - down_before) * 8 / SECONDS / 1000,
        **{
            f"layer_{height}_kbps": sent * 8 / SECONDS / 1000
            for height, sent in zip(heights, layers, strict=True)
        },
    }


def _size(wish: int | None) -> dict[str, int] | None:
    if wish is None:
        return None
    part = SHARES[wish]
    return {"width": FEED.width // part, "height": FEED.height // part}


async def _until_all_receive(page: Page) -> None:
    """Those who wish for a size. Raises TimeoutError."""
    async with asyncio.timeout(JOIN_SECONDS):
        while True:
            seen: Any = await page.evaluate("look()")
            if all(one[0] for one, wish in zip(seen, WISHES, strict=True) if wish is not None):
                return
            await asyncio.sleep(0.2)
