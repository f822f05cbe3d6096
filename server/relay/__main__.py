"""The relay process: `python -m server.relay READ_FD WRITE_FD`, started by signaling and by nobody else.

Its birth, in order: stage 0; imports, sockets, certificate, one throw-away call, the arena; the lock;
inspection from outside; undumpable; the packet thread; serving. It leaves by `os._exit` alone, since an
orderly end of the interpreter asks for system calls that the lock answers with death.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import sys
import traceback
from typing import Final, NoReturn

from server.control.codec import LARGEST_NOTIFICATION, ProtocolError, encode, request_decoder
from server.control.messages import BirthFailure, Boot, Notification, Proceed, Ready, Request, Unborn
from server.errors import RelayError
from server.relay import birth
from server.relay.events import Events

EXIT_LEFT: Final = 0
EXIT_UNBORN: Final = 1
EXIT_PROTOCOL: Final = 2
EXIT_BUG: Final = 3


class _Signaling:
    """The two pipes before there is an event loop on them: blocking, one message at a time."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self.read_fd = read_fd
        self.write_fd = write_fd
        self._decoder = request_decoder()

    def receive(self) -> Request:
        """The next message, of which signaling sends one at a time before Ready."""
        while True:
            data = os.read(self.read_fd, 65_536)
            if not data:
                raise ProtocolError("signaling is gone")
            messages = self._decoder.feed(data)
            if len(messages) > 1:
                raise ProtocolError("signaling does not wait for its turn")
            if messages:
                return messages[0]

    def send(self, notification: Notification) -> None:
        frame = encode(notification, LARGEST_NOTIFICATION)
        while frame:
            frame = frame[os.write(self.write_fd, frame) :]


def main() -> NoReturn:
    """Never returns: whatever happens, the process ends here."""
    code = EXIT_BUG
    try:
        code = _live(_Signaling(int(sys.argv[1]), int(sys.argv[2])))
    except ProtocolError:
        code = EXIT_PROTOCOL
    except BaseException:
        # Before the lock this is a pipe to signaling, later /dev/null.
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _live(signaling: _Signaling) -> int:
    try:
        birth.stage0()
        boot = signaling.receive()
        if not isinstance(boot, Boot):
            raise ProtocolError("the first message is not Boot")
        return _be_born_and_serve(signaling, boot)
    except birth.BirthError as error:
        signaling.send(Unborn(error.reason, min(max(error.errno, 0), 0xFFFF)))
        return EXIT_UNBORN


def _be_born_and_serve(signaling: _Signaling, boot: Boot) -> int:
    # These load aiortc, OpenSSL and protobuf: after stage 0, before the lock.
    from server import _native
    from server.control.channel import Channel
    from server.relay.ortc import Certificate
    from server.relay.sockets import open_sockets
    from server.relay.warm_up import warm_up
    from server.relay.worker import Worker

    logging.disable(logging.CRITICAL)  # what libraries would log is about peers
    try:
        sockets = open_sockets(boot)
    except OSError as error:
        raise birth.BirthError(BirthFailure.SOCKET, error.errno or 0) from None
    certificate = Certificate.generateCertificate()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    # A task of aiortc that fails does so for its own transport, which is told in other ways.
    loop.set_exception_handler(lambda _loop, _context: None)
    try:
        loop.run_until_complete(warm_up(certificate))
    except TimeoutError:
        raise birth.BirthError(BirthFailure.OTHER, errno.ETIMEDOUT) from None
    try:
        packets = _native.PacketThread(
            sockets.ipv4_fd,
            sockets.ipv6_fd,
            sockets.tcp_fd,
            boot.media_memory,
            boot.ring_packets,
            boot.ring_milliseconds * 1000,
            os.urandom(32),
        )
    except OSError as error:
        raise birth.BirthError(BirthFailure.ARENA, error.errno or 0) from None
    _silence_stderr()
    birth.settle()
    signaling.send(birth.lock(boot, packets.arena_bytes, packets.arena_locked))
    if not isinstance(signaling.receive(), Proceed):
        raise ProtocolError("the second message is not Proceed")
    birth.finish()
    packets.start()

    exit_code = EXIT_LEFT

    def lost(reason: RelayError) -> None:
        nonlocal exit_code
        exit_code = EXIT_PROTOCOL if isinstance(reason, ProtocolError) else EXIT_LEFT
        packets.stop()
        loop.stop()

    def failed() -> None:
        """A mistake of ours: what signaling believes and what is here would drift apart."""
        nonlocal exit_code
        exit_code = EXIT_BUG
        loop.stop()

    def handle(request: Request) -> None:
        try:
            worker.handle(request)
        except Exception:
            failed()

    def take_events() -> bool:
        try:
            return worker.take_events()
        except Exception:
            failed()
            return False

    channel: Channel[Request] = Channel(
        signaling.read_fd,
        signaling.write_fd,
        decoder=request_decoder(),
        largest_sent=LARGEST_NOTIFICATION,
        on_message=handle,
        on_lost=lost,
    )
    worker = Worker(
        packets=packets,
        certificate=certificate,
        notify=channel.send,
        probe=birth.self_test,
        leave=loop.stop,
        replay_seconds=boot.replay_seconds,
    )
    loop.call_soon(channel.open)
    loop.call_soon(channel.send, Ready(certificate.fingerprint(), sockets.ipv4_port, sockets.ipv6_port))
    Events(packets.event_fd, take_events).listen()
    loop.run_forever()
    return exit_code


def _silence_stderr() -> None:
    """From here on an error text could hold what participants sent."""
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 2)
    os.close(null)


if __name__ == "__main__":
    main()
