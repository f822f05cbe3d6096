"""What an application does with data between participants, in the desktop SDK and in the browser SDK."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from livekit import rtc
from playwright.async_api import Browser, Page

from tests.e2e.serving import ROOT, Server

SDK_FOR_BROWSERS = ROOT / "client_demo/node_modules/livekit-client/dist/livekit-client.umd.js"
TOPIC = "things"

JOIN = """
async ([url, token, topic]) => {
  const room = new LivekitClient.Room();
  const heard = { data: [], texts: [], bytes: [] };
  window.room = room;
  window.heard = heard;
  room.on('dataReceived', (payload, sender, kind, topic) =>
    heard.data.push([sender?.identity ?? '', new TextDecoder().decode(payload), topic ?? '']));
  room.registerTextStreamHandler(topic, async (reader, sender) =>
    heard.texts.push([sender.identity, await reader.readAll()]));
  room.registerByteStreamHandler(topic, async (reader, sender) => {
    const parts = await reader.readAll();
    heard.bytes.push([sender.identity, parts.reduce((sum, part) => sum + part.length, 0)]);
  });
  room.registerRpcMethod('reverse', async ({ callerIdentity, payload }) =>
    callerIdentity + ':' + [...payload].reverse().join(''));
  await room.connect(url, token);
}
"""
SEND_BYTES = """
async ([topic, size]) => {
  const writer = await room.localParticipant.streamBytes({ topic, name: 'file', totalSize: size });
  await writer.write(new Uint8Array(size));
  await writer.close();
}
"""


@dataclass
class Heard:
    """Sender and content, in the order of arrival. Of bytes, the number."""

    data: list[tuple[str, str, str]] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)
    bytes: list[tuple[str, int]] = field(default_factory=list)


class DesktopUser:
    """The `livekit` SDK from PyPI."""

    def __init__(self, identity: str) -> None:
        self.identity = identity
        self.room = rtc.Room()
        self._heard = Heard()
        self._tasks: set[asyncio.Task[None]] = set()
        self.room.on("data_received", self._data)
        self.room.register_text_stream_handler(TOPIC, self._text)
        self.room.register_byte_stream_handler(TOPIC, self._bytes)

    async def heard(self) -> Heard:
        return self._heard

    async def send_data(self, text: str, *, reliable: bool = True, to: list[str] | None = None) -> None:
        await self.room.local_participant.publish_data(
            text, reliable=reliable, topic=TOPIC, destination_identities=to or []
        )

    async def send_text(self, text: str, to: list[str]) -> None:
        await self.room.local_participant.send_text(text, topic=TOPIC, destination_identities=to)

    async def send_bytes(self, size: int, to: list[str]) -> None:
        writer = await self.room.local_participant.stream_bytes(
            "file", total_size=size, topic=TOPIC, destination_identities=to
        )
        await writer.write(bytes(size))
        await writer.aclose()

    async def call(self, identity: str, payload: str) -> str:
        return await self.room.local_participant.perform_rpc(
            destination_identity=identity, method="reverse", payload=payload, response_timeout=10
        )

    def _data(self, packet: rtc.DataPacket) -> None:
        sender = packet.participant.identity if packet.participant else ""
        self._heard.data.append((sender, packet.data.decode(), packet.topic or ""))

    def _text(self, reader: rtc.TextStreamReader, sender: str) -> None:
        async def read() -> None:
            self._heard.texts.append((sender, await reader.read_all()))

        self._start(read())

    def _bytes(self, reader: rtc.ByteStreamReader, sender: str) -> None:
        async def read() -> None:
            self._heard.bytes.append((sender, sum([len(part) async for part in reader])))

        self._start(read())

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class BrowserUser:
    """The `livekit-client` SDK on an empty page in Chromium."""

    def __init__(self, identity: str, page: Page) -> None:
        self.identity = identity
        self.page = page

    async def heard(self) -> Heard:
        seen = await self.page.evaluate("heard")
        return Heard(*([tuple(one) for one in seen[kind]] for kind in ("data", "texts", "bytes")))

    async def send_data(self, text: str, *, reliable: bool = True, to: list[str] | None = None) -> None:
        await self.page.evaluate(
            "([text, options]) => room.localParticipant.publishData(new TextEncoder().encode(text), options)",
            [text, {"reliable": reliable, "topic": TOPIC, "destinationIdentities": to or []}],
        )

    async def send_text(self, text: str, to: list[str]) -> None:
        await self.page.evaluate(
            "([text, options]) => room.localParticipant.sendText(text, options).then(() => null)",
            [text, {"topic": TOPIC, "destinationIdentities": to}],
        )

    async def send_bytes(self, size: int, to: list[str]) -> None:
        await self.page.evaluate(SEND_BYTES, [TOPIC, size])

    async def call(self, identity: str, payload: str) -> str:
        answer = await self.page.evaluate(
            "(request) => room.localParticipant.performRpc(request)",
            {"destinationIdentity": identity, "method": "reverse", "payload": payload},
        )
        return str(answer)


User = DesktopUser | BrowserUser


@asynccontextmanager
async def desktop_user(server: Server, room: str, identity: str) -> AsyncIterator[DesktopUser]:
    user = DesktopUser(identity)
    await user.room.connect(server.ws_url, server.token(room, identity))

    async def reverse(data: rtc.RpcInvocationData) -> str:
        return f"{data.caller_identity}:{data.payload[::-1]}"

    user.room.local_participant.register_rpc_method("reverse", reverse)
    try:
        yield user
    finally:
        await user.room.disconnect()


@asynccontextmanager
async def browser_user(
    browser: Browser, server: Server, room: str, identity: str
) -> AsyncIterator[BrowserUser]:
    context = await browser.new_context(bypass_csp=True)
    page = await context.new_page()
    await page.goto(server.url)
    await page.add_script_tag(path=SDK_FOR_BROWSERS)
    await page.evaluate(JOIN, [server.ws_url, server.token(room, identity), TOPIC])
    try:
        yield BrowserUser(identity, page)
    finally:
        await context.close()
