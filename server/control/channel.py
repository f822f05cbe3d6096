"""One end of the control channel: two one-way pipes on the event loop, never blocking.

Pipes carry no file descriptors, so nothing can be handed to a relay or taken out of it.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from server.control.codec import Decoder, ProtocolError, encode
from server.control.messages import Notification, Request
from server.errors import RelayError, RelayFault

LONGEST_QUEUE: Final = 8 * 1024 * 1024
"""Bytes that may wait for a reader that does not read."""
_READ: Final = 64 * 1024

M = TypeVar("M")


class Channel(Generic[M]):
    """Reads messages of one direction and writes those of the other.

    `on_message` is called for each message, `on_lost` once with the reason: the other end closed, broke
    the protocol, or does not read. Neither is called after `close`, nor by `send` for an end that is gone.
    """

    def __init__(
        self,
        read_fd: int,
        write_fd: int,
        *,
        decoder: Decoder[M],
        largest_sent: int,
        on_message: Callable[[M], None],
        on_lost: Callable[[RelayError], None],
    ) -> None:
        """Takes the descriptors over and makes them non-blocking. Call `open` to begin."""
        self._read_fd = read_fd
        self._write_fd = write_fd
        self._decoder = decoder
        self._largest_sent = largest_sent
        self._on_message = on_message
        self._on_lost = on_lost
        self._queue: deque[bytes] = deque()
        self._queued = 0
        self._open = False
        self._broken = False  # nobody reads what we write
        self._loop: asyncio.AbstractEventLoop | None = None
        os.set_blocking(read_fd, False)
        os.set_blocking(write_fd, False)

    def open(self) -> None:
        """Begins reading on the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._open = True
        self._loop.add_reader(self._read_fd, self._readable)
        if self._queue:
            self._loop.add_writer(self._write_fd, self._writable)

    def send(self, message: Request | Notification) -> None:
        """Queues a message; at once on the pipe where there is room. Nothing once the channel is lost."""
        if not self._open or self._broken:
            return
        try:
            frame = encode(message, self._largest_sent)
        except ProtocolError as error:
            self._lose(error)
            return
        if self._queued + len(frame) > LONGEST_QUEUE:
            self._lose(RelayError("the other end of the control channel does not read", RelayFault.SILENT))
            return
        idle = not self._queue
        self._queue.append(frame)
        self._queued += len(frame)
        if idle:
            self._writable()
            if self._queue and self._open and self._loop is not None:
                self._loop.add_writer(self._write_fd, self._writable)

    def close(self) -> None:
        """Stops and closes both pipes. Idempotent."""
        if self._loop is not None and self._read_fd >= 0:
            self._loop.remove_reader(self._read_fd)
            self._loop.remove_writer(self._write_fd)
        for fd in (self._read_fd, self._write_fd):
            if fd >= 0:
                os.close(fd)
        self._read_fd = self._write_fd = -1
        self._open = False
        self._queue.clear()
        self._queued = 0

    def _reads_no_more(self, reason: RelayError) -> None:
        """The other end is lost, once what it said last has been read: the reason may be in there.

        Not at once, since somebody is sending who does not expect to be answered before it is done.
        """
        self._queue.clear()
        self._queued = 0
        self._broken = True
        if self._loop is not None:
            self._loop.remove_writer(self._write_fd)
            self._loop.call_soon(self._read_last_words, reason)

    def _read_last_words(self, reason: RelayError) -> None:
        while self._open and self._readable():
            pass
        self._lose(reason)

    def _readable(self) -> bool:
        """Whether there was something."""
        try:
            data = os.read(self._read_fd, _READ)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError as error:
            self._lose(RelayError(f"the control channel failed: {error.strerror}", RelayFault.DIED))
            return False
        if not data:
            self._lose(RelayError("the other end of the control channel is gone", RelayFault.DIED))
            return False
        try:
            messages = self._decoder.feed(data)
        except ProtocolError as error:
            self._lose(error)
            return False
        for message in messages:
            if not self._open:
                break
            self._on_message(message)
        return True

    def _writable(self) -> None:
        while self._queue:
            frame = self._queue[0]
            try:
                written = os.write(self._write_fd, frame)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                self._reads_no_more(
                    RelayError(f"the control channel failed: {error.strerror}", RelayFault.DIED)
                )
                return
            self._queued -= written
            if written < len(frame):
                self._queue[0] = frame[written:]
                return
            self._queue.popleft()
        if self._loop is not None:
            self._loop.remove_writer(self._write_fd)

    def _lose(self, reason: RelayError) -> None:
        if not self._open:
            return
        self.close()
        self._on_lost(reason)
