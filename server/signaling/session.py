"""One client's WebSocket: frames in, frames out, and when to give up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from aiohttp import WSCloseCode, WSMsgType, web
from livekit.protocol.rtc import SignalRequest

from server.protocol.codec import MAX_MESSAGE_BYTES, Outgoing, ProtocolError, decode
from server.room.inputs import SignalEnd
from server.signaling.outbox import Outbox

logger = logging.getLogger(__name__)

PING_SECONDS = 10.0
CLOSE_SECONDS = 2.0  # how long a client may take to say goodbye
BURST_MESSAGES = 1_000
MESSAGES_PER_SECOND = 100.0
_ENDS = {  # 0: a close frame without a code
    0: SignalEnd.CLOSED,
    WSCloseCode.OK: SignalEnd.CLOSED,
    WSCloseCode.GOING_AWAY: SignalEnd.GOODBYE,
}


class SignalSession:
    """What a room sends to; `run` reads until either side ends. `end` is how it ended."""

    def __init__(self) -> None:
        # Control frames of compression are the peer's choice; the limit holds after inflation.
        self.socket = web.WebSocketResponse(
            heartbeat=PING_SECONDS, timeout=CLOSE_SECONDS, max_msg_size=MAX_MESSAGE_BYTES
        )
        self.end = SignalEnd.LOST
        self._outbox = Outbox()
        self._as_json = False
        self._transport: asyncio.BaseTransport | None = None
        self._allowance = float(BURST_MESSAGES)
        self._counted_at = 0.0

    def send(self, message: Outgoing) -> None:
        """Queues a message; a client that reads too slowly is cut off."""
        if not self._outbox.put(message.frame(as_json=self._as_json)):
            logger.info("a client that does not read was cut off")
            self.end = SignalEnd.SLOW_READER
            self._abort()

    def disconnect(self) -> None:
        """Closes once what is queued has left."""
        self._outbox.finish()

    async def run(self, request: web.Request, received: Callable[[SignalRequest], None]) -> None:
        """Serves the WebSocket, prepared already, until it is over."""
        self._transport = request.transport
        writer = asyncio.create_task(self._write(), name="signal-writer")
        try:
            await self._read(received)
        finally:
            self._outbox.finish()
            await self._stop(writer)

    async def _read(self, received: Callable[[SignalRequest], None]) -> None:
        loop = asyncio.get_running_loop()
        while True:
            message = await self.socket.receive()
            if message.type not in {WSMsgType.BINARY, WSMsgType.TEXT}:
                # The socket's own close code is no witness: it is 1000 after a bare end of the stream too.
                if message.type is WSMsgType.CLOSE:
                    self.end = _ENDS.get(message.data, self.end)
                return
            if not self._is_within_rate(loop.time()):
                self.end = SignalEnd.PROTOCOL_ERROR
                await self.socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"too many messages")
                return
            try:
                signal = decode(message.data)
            except ProtocolError as error:
                self.end = SignalEnd.PROTOCOL_ERROR
                await self.socket.close(code=WSCloseCode.UNSUPPORTED_DATA, message=str(error).encode())
                return
            self._as_json = message.type is WSMsgType.TEXT
            received(signal)

    def _is_within_rate(self, now: float) -> bool:
        """A bucket of messages that refills steadily."""
        earned = (now - self._counted_at) * MESSAGES_PER_SECOND
        self._allowance = min(float(BURST_MESSAGES), self._allowance + earned) - 1
        self._counted_at = now
        return self._allowance >= 0

    async def _write(self) -> None:
        try:
            while (frame := await self._outbox.get()) is not None:
                if isinstance(frame, str):
                    await self.socket.send_str(frame)
                else:
                    await self.socket.send_bytes(frame)
            await self.socket.close()
        except (ConnectionError, RuntimeError):
            pass  # the client is gone; the reading side notices too

    async def _stop(self, writer: asyncio.Task[None]) -> None:
        """Lets the writer finish, within bounds: a client that does not read would hold it for ever."""
        done, _ = await asyncio.wait({writer}, timeout=CLOSE_SECONDS)
        if not done:
            writer.cancel()
            self._abort()
            await asyncio.wait({writer})

    def _abort(self) -> None:
        if isinstance(self._transport, asyncio.WriteTransport):
            self._transport.abort()
