"""A path that loses media: a UDP relay between browsers and the server, by a seed."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from typing import Any

# Candidates of the server are moved to the lossy path before the browser reads them.
SCRIPT = """
const setRemoteDescription = RTCPeerConnection.prototype.setRemoteDescription;
RTCPeerConnection.prototype.setRemoteDescription = function (description) {
  const sdp = description.sdp.replace(/^(a=candidate:\\S+ 1 udp \\d+) \\S+ \\d+ /gm, '$1 127.0.0.1 PORT ');
  return setRemoteDescription.call(this, { type: description.type, sdp });
};
"""


def is_rtp(datagram: bytes) -> bool:
    """Neither STUN, DTLS nor RTCP (RFC 7983, RFC 5761)."""
    return len(datagram) > 1 and 128 <= datagram[0] < 192 and not 192 <= datagram[1] < 224


class _End(asyncio.DatagramProtocol):
    """One browser socket as the server sees it."""

    def __init__(self, path: LossyPath, browser: tuple[str, int]) -> None:
        self._path = path
        self._browser = browser

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._path.to_browser(data, self._browser)


class LossyPath(asyncio.DatagramProtocol):
    """Browsers send to it, and it to the server, each browser socket by a socket of its own."""

    def __init__(self, server: tuple[str, int], loss: float) -> None:
        self._server = server
        self._loss = loss
        self._random = random.Random(7)
        self._ends: dict[tuple[str, int], asyncio.Task[asyncio.DatagramTransport]] = {}
        self._transport: asyncio.DatagramTransport | None = None

    @property
    def port(self) -> int:
        assert self._transport is not None
        return int(self._transport.get_extra_info("sockname")[1])

    @property
    def script(self) -> str:
        """To be run in a page before its own."""
        return SCRIPT.replace("PORT", str(self.port))

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if self._loses(data):
            return
        if addr not in self._ends:
            self._ends[addr] = asyncio.ensure_future(self._open(addr))
        end = self._ends[addr]
        if end.done():
            end.result().sendto(data)
        else:
            end.add_done_callback(lambda opened: opened.result().sendto(data))

    def to_browser(self, data: bytes, browser: tuple[str, int]) -> None:
        if self._transport is not None and not self._loses(data):
            self._transport.sendto(data, browser)

    def _loses(self, data: bytes) -> bool:
        return is_rtp(data) and self._random.random() < self._loss

    async def _open(self, browser: tuple[str, int]) -> asyncio.DatagramTransport:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _End(self, browser), remote_addr=self._server
        )
        return transport

    async def close(self) -> None:
        for end in self._ends.values():
            (await end).close()
        if self._transport is not None:
            self._transport.close()


@contextlib.asynccontextmanager
async def lossy_path(udp_port: int, loss: float) -> AsyncIterator[LossyPath]:
    """A path to the server's UDP port on loopback that loses this share of the media, each way."""
    loop = asyncio.get_running_loop()
    _, path = await loop.create_datagram_endpoint(
        lambda: LossyPath(("127.0.0.1", udp_port), loss), local_addr=("127.0.0.1", 0)
    )
    try:
        yield path
    finally:
        await path.close()
