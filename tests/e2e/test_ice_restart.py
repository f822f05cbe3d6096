"""A browser that begins ICE anew in the middle of a call goes on with the same keys and streams."""

from __future__ import annotations

import asyncio

from playwright.async_api import Browser

from tests.e2e.browser import eventually, join
from tests.e2e.serving import Server

# What a page's own code would ask for: the next offer begins ICE anew.
RESTART_WITH_NEXT_OFFER = """
() => {
  for (const peer of window.peersOfThisPage) {
    const offer = peer.createOffer.bind(peer);
    peer.createOffer = (options) => offer({ ...options, iceRestart: true });
  }
}
"""
STATE = """
async () => {
  const found = [];
  for (const peer of window.peersOfThisPage) {
    const stats = [...(await peer.getStats()).values()];
    const transport = stats.find((entry) => entry.type === 'transport');
    const senders = stats.filter((entry) => entry.type === 'outbound-rtp' && entry.kind === 'video');
    if (!senders.length) continue;
    found.push({
      ours: /a=ice-ufrag:(\\S+)/.exec(peer.localDescription.sdp)[1],
      theirs: /a=ice-ufrag:(\\S+)/.exec(peer.remoteDescription.sdp)[1],
      ufrag: transport.iceLocalUsernameFragment,
      state: transport.dtlsState,
      connection: peer.connectionState,
    });
  }
  return [found, window.peersOfThisPage.length];
}
"""
WATCH_DTLS = """
() => {
  window.dtlsOfThisPage = [];
  let watched = 0;
  for (const peer of window.peersOfThisPage) {
    const transport = peer.sctp?.transport ?? peer.getSenders()[0]?.transport;
    if (!transport) continue;
    watched += 1;
    transport.addEventListener('statechange', () => window.dtlsOfThisPage.push(transport.state));
  }
  return watched;
}
"""


async def test_media_goes_on_without_a_new_handshake(shared_server: Server, shared_browser: Browser) -> None:
    ada = await join(shared_browser, shared_server.url, "Ada", "restarted")
    ben = await join(shared_browser, shared_server.url, "Ben", "restarted")
    await asyncio.gather(ada.sees(1), ada.hears(1), ben.sees(1), ben.hears(1))
    (before,), peers = await ada.page.evaluate(STATE)
    assert await ada.page.evaluate(WATCH_DTLS) == peers
    await ada.page.evaluate(RESTART_WITH_NEXT_OFFER)
    await ada.page.get_by_test_id("share-button").click()

    async def state() -> dict[str, str]:
        found, _ = await ada.page.evaluate(STATE)
        return dict(found[0])

    after = await eventually(
        state, lambda now: now["theirs"] != before["theirs"] and now["ufrag"] == now["ours"]
    )
    assert after["ours"] != before["ours"]
    await ben.sees(2)
    await asyncio.gather(ben.hears(1), ada.sees(1), ada.hears(1))
    assert (await state())["connection"] == "connected"
    assert (await ada.page.evaluate(STATE))[1] == peers, "nothing was set up anew"
    assert await ada.page.evaluate("window.dtlsOfThisPage") == [], "no handshake"
