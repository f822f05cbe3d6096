"""Where no UDP gets through, a call goes over TCP to a relay under the whole lock."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from server.firewall.rules import CONNECTION_SECONDS
from server.relay.sockets import TCP_SEND_BUFFER
from tests.e2e import firefox
from tests.e2e.browser import Participant, chromium, eventually, join, selected
from tests.e2e.serving import COMMAND, Server, descendants, serving
from tests.e2e.test_how_a_call_went import is_over, kept
from tests.private_network import needs_root, private_network, run

HOST = "192.0.2.10"
FULL = 32 * 1024
"""Bytes waiting for somebody who reads nothing, and more than ever wait for who does on one machine."""
BACK_SECONDS = 90.0
"""Until a browser is back by TCP when UDP stops; about twenty, if the machine is not busy."""
_ESTABLISHED = "01"  # as /proc/net/tcp writes it
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
[guarantee]
host_firewall = "{firewall}"
"""


@pytest.fixture
def network() -> Iterator[None]:
    with private_network():
        # Browsers take a machine without a network for offline.
        run("ip link add net0 type veth peer name net1")
        run(f"ip address add {HOST}/24 dev net0")
        run("ip link set net0 up")
        run("ip link set net1 up")
        run("ip route add default via 192.0.2.1")
        yield


def stop_udp() -> None:
    """From now on none gets through."""
    run("nft add table inet deaf")
    run("nft add chain inet deaf leaving { type filter hook output priority 0 ; }")
    run("nft add rule inet deaf leaving meta l4proto udp counter drop")


@pytest.fixture
def network_without_udp(network: None) -> None:
    stop_udp()


@asynccontextmanager
async def serving_tcp(directory: Path, firewall: str = "off") -> AsyncIterator[Server]:
    (directory / "config.toml").write_text(CONFIG.format(host=HOST, firewall=firewall))
    words = [str(COMMAND), "serve", "--http-port", "{http}", "--udp-port", "{udp}"]
    async with serving(directory, installed=words) as server:
        yield server


async def level(server: Server) -> str:
    async with aiohttp.ClientSession() as session, session.get(f"{server.url}/guarantee") as answer:
        return str((await answer.json())["level"])


async def protocols(person: Participant) -> set[str]:
    return {str(remote["protocol"]) for _, remote in await selected(person)}


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


@needs_root
@pytest.mark.timeout(240)
async def test_udp_is_used_while_it_works_and_tcp_when_it_stops(tmp_path: Path, network: None) -> None:
    """A browser keeps none in reserve: once it gives UDP up, it begins ICE anew in the same session."""
    async with serving_tcp(tmp_path) as server, chromium() as browser:

        async def spare() -> int:
            return len(unsent(server.udp_port))

        ada = await join(browser, server.url, "Ada", "garden")
        ben = await join(browser, server.url, "Ben", "garden")
        await asyncio.gather(ada.sees(1), ada.hears(1), ben.sees(1), ben.hears(1))
        assert await protocols(ada) == await protocols(ben) == {"udp"}
        await eventually(spare, lambda count: count == 0)
        stop_udp()

        async def both() -> list[set[str]]:
            return [await protocols(ada), await protocols(ben)]

        await eventually(both, lambda found: found == [{"tcp"}, {"tcp"}], BACK_SECONDS)
        await asyncio.gather(ada.sees(1), ada.hears(1), ben.sees(1), ben.hears(1))
        assert server.output().count(" connected\n") == 2, "nobody joined anew"
        assert server.output().count(" resumed\n") >= 2


def unsent(port: int) -> dict[str, int]:
    """By connection at the relay's port, bytes that the kernel has not got through to its peer."""
    found = {}
    for line in Path("/proc/thread-self/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        if words[3] == _ESTABLISHED and int(words[1].rpartition(":")[2], 16) == port:
            found[words[2]] = int(words[4].partition(":")[0], 16)
    return found


def resident(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in status if line.startswith("VmRSS")).split()[1]) * 1024


@needs_root
@pytest.mark.timeout(240)
async def test_who_stops_reading_costs_nobody_else_anything(
    tmp_path: Path, network_without_udp: None
) -> None:
    async with serving_tcp(tmp_path) as server, chromium() as browser:
        ada = await join(browser, server.url, "Ada", "garden")
        ben = await join(browser, server.url, "Ben", "garden")
        before = set(descendants(os.getpid()))
        async with chromium() as other:
            carl = await join(other, server.url, "Carl", "garden")
            await asyncio.gather(ada.sees(2), ben.sees(2), carl.sees(2))
            processes = [pid for pid in descendants(os.getpid()) if pid not in before]
            (relay,) = server.relay_pids()
            memory = resident(relay)
            for pid in processes:
                os.kill(pid, signal.SIGSTOP)
            try:

                async def waiting() -> int:
                    return max(unsent(server.udp_port).values(), default=0)

                most = await eventually(waiting, lambda bytes_: bytes_ > FULL, 40)
                await asyncio.gather(ada.sees(1), ada.hears(1), ben.sees(1), ben.hears(1))
                most = max(most, await waiting())

                async def stuck() -> int:
                    return sum(one > FULL for one in unsent(server.udp_port).values())

                # The kernel gives up on a peer that takes nothing.
                await eventually(stuck, lambda count: count == 0, 40)
                await asyncio.gather(ada.sees(1), ben.sees(1))
                assert most < 2 * TCP_SEND_BUFFER + 64 * 1024
                assert resident(relay) - memory < 4 * 1024 * 1024
            finally:
                for pid in processes:
                    os.kill(pid, signal.SIGCONT)


def admitted() -> dict[str, float]:
    """Connections that the kernel admits, and seconds until it admits each no more."""
    table = next(line for line in run("nft list tables").splitlines() if "offrecord_" in line).split()[-1]
    listed = run(f"nft list set inet {table} connections4")
    found = re.findall(r"([\d.]+ \. \d+ \. \d+) (?:timeout \w+ )?expires ((?:\d+(?:ms|m|s))+)", listed)
    units = {"m": 60.0, "s": 1.0, "ms": 0.001}
    return {
        name: sum(float(count) * units[unit] for count, unit in re.findall(r"(\d+)(ms|m|s)", left))
        for name, left in found
    }


@needs_root
@pytest.mark.timeout(240)
async def test_a_call_over_tcp_goes_on_behind_the_host_firewall(
    tmp_path: Path, network_without_udp: None
) -> None:
    """Media in the same stream does not keep checks from the start of a segment: all are admitted anew."""
    async with serving_tcp(tmp_path, "require") as server, chromium() as browser:
        ada = await join(browser, server.url, "Ada", "garden")
        ben = await join(browser, server.url, "Ben", "garden")
        await asyncio.gather(ada.sees(1), ada.hears(1), ben.sees(1), ben.hears(1))
        async with aiohttp.ClientSession() as session, session.get(server.url + "/guarantee") as answer:
            statement = await answer.json()
        assert statement["host_firewall"]["held"]
        assert await protocols(ada) == await protocols(ben) == {"tcp"}
        least = admitted()
        assert len(least) >= 2, "one of each"
        again: set[str] = set()

        async def seen() -> set[str]:
            for name, left in admitted().items():
                if left > least.get(name, left):
                    again.add(name)
                least[name] = min(left, least.get(name, left))
            return again

        await eventually(seen, lambda names: len(names) >= 2, 40)
        assert max(least.values()) < CONNECTION_SECONDS
        await asyncio.gather(ada.sees(1), ada.hears(1), ben.sees(1), ben.hears(1))
