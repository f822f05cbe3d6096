"""Where there is IPv6 alone, a call goes over it, by UDP and by TCP."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.browser import chromium, eventually, join
from tests.e2e.serving import COMMAND, serving
from tests.e2e.test_how_a_call_went import is_over, kept
from tests.private_network import needs_root, private_network, run

HERE = "2001:db8::10"
CONFIG = """
[http]
host = ""
[relay]
relays = 1
ipv4_host = ""
advertise = ["{here}"]
[guests]
enabled = true
[keys]
devkey = "a secret of more than thirty-two bytes"
"""


@contextmanager
def network(*, udp: bool) -> Iterator[None]:
    """A private one that has no IPv4 beyond loopback."""
    with private_network():
        # Browsers take a machine without a network for offline.
        run("ip link add net0 type veth peer name net1")
        run(f"ip address add {HERE}/64 dev net0 nodad")
        run("ip link set net0 up")
        run("ip link set net1 up")
        run("ip route add default via 2001:db8::1 dev net0")
        if not udp:
            run("nft add table inet deaf")
            run("nft add chain inet deaf leaving { type filter hook output priority 0 ; }")
            run("nft add rule inet deaf leaving meta l4proto udp drop")
        yield


@needs_root
@pytest.mark.timeout(240)
@pytest.mark.parametrize("protocol", ["udp", "tcp"])
async def test_browsers_talk(protocol: str, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(CONFIG.format(here=HERE))
    words = [str(COMMAND), "serve", "--http-port", "{http}", "--udp-port", "{udp}"]
    with network(udp=protocol == "udp"):
        async with serving(tmp_path, installed=words) as server, chromium() as browser:
            ada = await join(browser, server.url, "Ada", "garden")
            ben = await join(browser, server.url, "Ben", "garden")
            await asyncio.gather(ada.sees(1), ada.hears(1), ben.sees(1), ben.hears(1))
            await ada.leave()
            await ben.leave()

            async def rows() -> list[dict[str, Any]]:
                return await kept(server)

            found = await eventually(rows, lambda rows: is_over(rows, 2), 60)
            ended = [row for row in found if row["event"] == "transport_ended"]
            assert {(row["protocol"], row["family"]) for row in ended} == {(protocol, "ipv6")}
