"""A stranger of our own: shows that the kernel refuses what it must, instead of what the rules say."""

from __future__ import annotations

import socket


class Probe:
    """Two UDP sockets on loopback. The port of the one counts as that of a relay, to which nobody is invited;
    the other is a stranger, as everybody else is."""

    def __init__(self) -> None:
        self._sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for one in (self._sender, self._stranger):
            one.setblocking(False)
            one.bind(("127.0.0.1", 0))

    @property
    def port(self) -> int:
        return int(self._sender.getsockname()[1])

    def is_refused(self) -> bool:
        """Sends, and says whether the kernel refused it. The datagram is empty."""
        try:
            self._sender.sendto(b"", self._stranger.getsockname())
        except PermissionError:
            return True
        except OSError:
            return False
        return False

    def close(self) -> None:
        self._sender.close()
        self._stranger.close()
