"""What a page costs, as Chromium counts it, and which videos it asks the server for and gets."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from livekit.protocol import rtc as protocol
from playwright.async_api import CDPSession, Page, WebSocket

# Of the main thread, with its own processor time: what others on the machine take is not in it.
SECONDS = {
    "TaskDuration": "busy_ms",
    "ScriptDuration": "script_ms",
    "LayoutDuration": "layout_ms",
    "RecalcStyleDuration": "style_ms",
}
COUNTS = {"LayoutCount": "layouts", "RecalcStyleCount": "styles"}

# Of each tile: whose it is, whether it is shown, its width; and the frames of its video, and their height.
VIDEOS = """
async () => {
  const streams = new Map();
  for (const peer of window.peersOfThisPage) {
    if (peer.connectionState === 'closed') continue;
    for (const entry of (await peer.getStats()).values()) {
      if (entry.type === 'inbound-rtp' && entry.kind === 'video') streams.set(entry.trackIdentifier, entry);
    }
  }
  const tiles = [...document.querySelectorAll('[data-testid=tile][data-self=false]')];
  return tiles.map((tile) => {
    const track = tile.querySelector('video').srcObject?.getVideoTracks()[0];
    const stream = streams.get(track?.id);
    const shown = tile.checkVisibility();
    const { framesReceived = 0, frameHeight = 0 } = stream ?? {};
    return [tile.dataset.identity, shown, shown ? tile.offsetWidth : 0, framesReceived, frameHeight];
  });
}
"""
COUNT_MUTATIONS = """
(() => {
  window.mutations = 0;
  window.mutationsOf = new MutationObserver((records) => void (window.mutations += records.length));
  const everything = { subtree: true, childList: true, attributes: true, characterData: true };
  window.mutationsOf.observe(document.body, everything);
})()
"""
MUTATIONS = """
(() => {
  window.mutations += window.mutationsOf.takeRecords().length;
  window.mutationsOf.disconnect();
  return window.mutations;
})()
"""


@dataclass(frozen=True)
class Cost:
    """Totals since the page began, at a moment of the browser's own clock in seconds."""

    at: float
    totals: dict[str, float]

    def since(self, before: Cost) -> dict[str, float]:
        """Per second."""
        seconds = self.at - before.at
        return {name: (total - before.totals[name]) / seconds for name, total in self.totals.items()}


@dataclass(frozen=True)
class Video:
    """One of the others' tiles."""

    identity: str
    shown: bool
    tile_width: int  # CSS pixels, 0 where the tile is not shown
    frames: int
    height: int  # of the pictures that come


@dataclass
class Watched:
    """A page that is watched; made before it opens its connection."""

    page: Page
    session: CDPSession
    asked: dict[str, protocol.UpdateTrackSettings] = field(default_factory=dict)  # by track, the latest
    requests: Counter[str] = field(default_factory=Counter)

    @classmethod
    async def begin(cls, page: Page) -> Watched:
        session = await page.context.new_cdp_session(page)
        await session.send("Performance.enable", {"timeDomain": "threadTicks"})
        watched = cls(page, session)
        page.on("websocket", watched._listen)
        return watched

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framesent", self._sent)

    def _sent(self, payload: str | bytes) -> None:
        if isinstance(payload, str):
            return
        request = protocol.SignalRequest.FromString(payload)
        kind = request.WhichOneof("message") or ""
        self.requests[kind] += 1
        if kind == "track_setting":
            for sid in request.track_setting.track_sids:
                self.asked[sid] = request.track_setting

    async def cost(self) -> Cost:
        answer = await self.session.send("Performance.getMetrics")
        told: dict[str, float] = {one["name"]: one["value"] for one in answer["metrics"]}
        totals = {name: 1000 * told[key] for key, name in SECONDS.items()}
        totals |= {name: told[key] for key, name in COUNTS.items()}
        return Cost(told["Timestamp"], totals)

    async def videos(self) -> list[Video]:
        told: list[list[Any]] = await self.page.evaluate(VIDEOS)
        return [Video(*one) for one in told]

    def wanted(self) -> int:
        """Videos that the server was last asked for, of those it was asked anything about."""
        return sum(not asked.disabled for asked in self.asked.values())
