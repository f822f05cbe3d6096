"""Clients that may use nothing but a TURN server have their call through it, as the server tells them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aioice import stun
from livekit import rtc
from livekit.rtc._proto import room_pb2

from server.room.ice_servers import TurnServers
from tests.e2e.browser import Participant, chromium, eventually, join, selected
from tests.e2e.coturn import SECRET, Turn, coturn
from tests.e2e.desktop import desktop
from tests.e2e.serving import Server, serving
from tests.e2e.test_how_a_call_went import is_over, kept

ONLY_RELAYED = """
const configure = RTCPeerConnection.prototype.setConfiguration;
RTCPeerConnection.prototype.setConfiguration = function (configuration) {
  return configure.call(this, { ...configuration, iceTransportPolicy: 'relay' });
};
window.RTCPeerConnection = new Proxy(window.RTCPeerConnection, {
  construct(target, [configuration, ...words]) {
    return new target({ ...configuration, iceTransportPolicy: 'relay' }, ...words);
  },
});
"""
WAYS = {
    "udp": "turn:127.0.0.1:{turn.port}?transport=udp",
    "tcp": "turn:127.0.0.1:{turn.port}?transport=tcp",
    "tls": "turns:127.0.0.1:{turn.tls_port}?transport=tcp",
}


@asynccontextmanager
async def serving_turn(directory: Path, *urls: str) -> AsyncIterator[Server]:
    secret = directory / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    (directory / "config.toml").write_text(f'[turn]\nurls = {list(urls)}\nsecret = "{secret}"\n')
    async with serving(directory) as server:
        yield server


async def relayed_by(person: Participant) -> set[tuple[str, str]]:
    """Kind of each local candidate in use, and how the TURN server is reached."""
    return {(own["candidateType"], own.get("relayProtocol", "")) for own, _ in await selected(person)}


@pytest.mark.parametrize("way", WAYS)
async def test_a_browser_that_may_use_nothing_else(way: str, tmp_path: Path) -> None:
    flags = ["--ignore-certificate-errors"] if way == "tls" else []  # the test's certificate is its own
    async with coturn(tmp_path) as turn, chromium(*flags) as browser:
        async with serving_turn(tmp_path, WAYS[way].format(turn=turn)) as server:
            ada = await join(browser, server.url, "Ada", "garden", ONLY_RELAYED)
            ben = await join(browser, server.url, "Ben", "garden")
            await asyncio.gather(ada.sees(1), ada.hears(1), ben.sees(1), ben.hears(1))
            assert await relayed_by(ada) == {("relay", way)}
            await ada.leave()
            await ben.leave()

            async def rows() -> list[dict[str, Any]]:
                return await kept(server)

            found = await eventually(rows, lambda rows: is_over(rows, 2), 60)
            kinds = [row["candidate"] for row in found if row["event"] == "transport_ended"]
            assert "relayed" in kinds
        assert b"Ada" not in turn.written()


async def test_a_desktop_that_may_use_nothing_else(tmp_path: Path) -> None:
    relayed = room_pb2.IceTransportType.TRANSPORT_RELAY
    only = rtc.RoomOptions(rtc_config=rtc.RtcConfiguration(ice_transport_type=relayed))
    async with coturn(tmp_path) as turn, serving_turn(tmp_path, WAYS["udp"].format(turn=turn)) as server:
        async with (
            desktop(server.ws_url, server.token("garden", "bob")) as bob,
            desktop(server.ws_url, server.token("garden", "grace"), only) as grace,
        ):
            await bob.publish()

            async def frames() -> int:
                return grace.frames.get("bob", 0)

            await eventually(frames, lambda seen: seen >= 10, 40)
        assert b"grace" not in turn.written()


def told(turn: Turn, secret: str, now: float) -> tuple[str, str]:
    (server,) = TurnServers((WAYS["udp"].format(turn=turn),), secret, 600).told(now)
    return server.username, server.credential


async def test_credentials_expire_and_wrong_ones_are_refused(tmp_path: Path) -> None:
    async with coturn(tmp_path) as turn:
        now = time.time()
        await turn.allocate(*told(turn, SECRET, now))
        name, password = told(turn, SECRET, now)
        longer = f"{int(now) + 9000}:{name.partition(':')[2]}"
        for refused in (
            told(turn, SECRET, now - 601),
            told(turn, "another secret", now),
            (name, told(turn, SECRET, now)[1]),
            (longer, password),
        ):
            with pytest.raises(stun.TransactionFailed):
                await turn.allocate(*refused)
