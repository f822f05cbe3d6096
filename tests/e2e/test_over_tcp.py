"""Where no UDP gets through, a call goes over TCP to a relay under the whole lock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.e2e import firefox
from tests.e2e.browser import Participant, chromium, eventually, join
from tests.e2e.serving import COMMAND, Server, serving
from tests.e2e.test_how_a_call_went import is_over, kept
from tests.private_network import needs_root, private_network, run

HOST = "192.0.2.10"
CONFIG = """
[http]
host = "127.0.0.1"
[relay]
relays = 1
ipv6_host = ""
advertise = ["{host}"]
[guests]
enabled = true
[keys]
devkey = "a secret of more than thirty-two bytes"
"""
SELECTED = """
async () => {
  const found = [];
  for (const peer of window.peersOfThisPage) {
    if (peer.connectionState === 'closed') continue;
    const stats = await peer.getStats();
    for (const entry of stats.values()) {
      if (entry.type === 'transport' && entry.selectedCandidatePairId) {
        const pair = stats.get(entry.selectedCandidatePairId);
        found.push(stats.get(pair.remoteCandidateId).protocol);
      }
    }
  }
  return found;
}
"""


@pytest.fixture
def network_without_udp() -> Iterator[None]:
    with private_network():
        # Browsers take a machine without a network for offline.
        run("ip link add net0 type veth peer name net1")
        run(f"ip address add {HOST}/24 dev net0")
        run("ip link set net0 up")
        run("ip link set net1 up")
        run("ip route add default via 192.0.2.1")
        run("nft add table inet deaf")
        run("nft add chain inet deaf leaving { type filter hook output priority 0 ; }")
        run("nft add rule inet deaf leaving meta l4proto udp counter drop")
        yield


@asynccontextmanager
async def serving_tcp(directory: Path) -> AsyncIterator[Server]:
    (directory / "config.toml").write_text(CONFIG.format(host=HOST))
    words = [str(COMMAND), "serve", "--http-port", "{http}", "--udp-port", "{udp}"]
    async with serving(directory, installed=words) as server:
        yield server


async def level(server: Server) -> str:
    async with aiohttp.ClientSession() as session, session.get(f"{server.url}/guarantee") as answer:
        return str((await answer.json())["level"])


async def protocols(person: Participant) -> set[str]:
    found: list[str] = await person.page.evaluate(SELECTED)
    return set(found)


@needs_root
@pytest.mark.timeout(240)
async def test_browsers_talk_over_tcp_and_the_ledger_says_so(
    tmp_path: Path, network_without_udp: None
) -> None:
    async with serving_tcp(tmp_path) as server, chromium() as browser, firefox.firefox() as fox:
        ada = await join(browser, server.url, "Ada", "garden")
        ben = await join(browser, server.url, "Ben", "garden")
        await asyncio.gather(ada.sees(1), ada.hears(1), ben.sees(1), ben.hears(1))
        assert await protocols(ada) == await protocols(ben) == {"tcp"}
        fay = await firefox.join(fox, server.url, "Fay", "garden")
        await asyncio.gather(fay.sees(2), fay.hears(2), ada.sees(2), ada.hears(2))
        assert await eventually(lambda: level(server), lambda found: found == "full") == "full"
        await ada.leave()
        await ben.leave()
        await fay.leave()

        async def rows() -> list[dict[str, object]]:
            return await kept(server)

        found = await eventually(rows, lambda rows: is_over(rows, 3), 60)
        for row in found:
            if row["event"] == "transport_ended":
                assert (row["protocol"], row["family"]) == ("tcp", "ipv4")
