"""What a connection of a relay needs, it inherits: after the lock nothing can be set."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

import pytest

from server.relay.sockets import TCP_RECEIVE_BUFFER, TCP_SEND_BUFFER, TCP_UNANSWERED, listening

TIMESTAMPS = 35  # SO_TIMESTAMPNS


@pytest.fixture(params=["127.0.0.1", "::1"])
def accepted(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    with listening(request.param, 0) as listener:
        address = listener.getsockname()[:2]
        with socket.create_connection(address), listener.accept()[0] as connection:
            yield connection


@pytest.mark.parametrize(
    ("level", "option", "expected"),
    [
        (socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * TCP_SEND_BUFFER),
        (socket.SOL_SOCKET, socket.SO_RCVBUF, 2 * TCP_RECEIVE_BUFFER),
        (socket.SOL_SOCKET, TIMESTAMPS, 1),
        (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
        (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, TCP_UNANSWERED),
    ],
    ids=["send buffer", "receive buffer", "timestamps", "no delay", "gives up"],
)
def test_an_option_is_inherited(accepted: socket.socket, level: int, option: int, expected: int) -> None:
    assert accepted.getsockopt(level, option) == expected


def test_what_is_not_sent_is_forgotten_at_the_end(accepted: socket.socket) -> None:
    linger = accepted.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)
    assert struct.unpack("ii", linger) == (1, 0)
