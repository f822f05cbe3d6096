"""Every attempt: where the recorder is, and what the process does before it sends."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final

from server.verify.attack import Scene
from server.verify.strangers import hosts
from server.verify.strangers.stun import binding_request

GROUP: Final = "strangers"
UFRAG: Final = "abcdEFG2"
"""Of the participant that the relay has; a relay that was taken over knows it."""
LOOPBACK: Final = "127.0.0.1"
_ALSO_HERE: Final = "127.0.0.2"
_IP_PKTINFO: Final = 8


@dataclass(frozen=True, slots=True)
class Place:
    """Who is where. All sockets are bound."""

    relay: tuple[str, int]
    recorder: socket.socket
    participant: socket.socket


@dataclass(frozen=True, slots=True)
class Attempt:
    """`before` is what the process tries first; a refusal of it is no end. Without a `place` recorder and
    participant connect to it by TCP, in that order."""

    name: str
    what: str
    place: Callable[[], AbstractContextManager[Place]] | None = None
    before: Callable[[Scene, Place], None] = lambda _scene, _place: None
    why_not: Callable[[], str] = lambda: ""


def _free_port(host: str) -> int:
    with hosts.udp(host) as made:
        return int(made.getsockname()[1])


@contextlib.contextmanager
def _on_this_machine() -> Iterator[Place]:
    with hosts.udp(LOOPBACK) as recorder, hosts.udp(LOOPBACK) as participant:
        yield Place((LOOPBACK, _free_port(LOOPBACK)), recorder, participant)


@contextlib.contextmanager
def _on_another_host() -> Iterator[Place]:
    with hosts.other_host(2) as (recorder, participant):
        yield Place((hosts.HERE, _free_port(hosts.HERE)), recorder, participant)


@contextlib.contextmanager
def _with_the_relays_port() -> Iterator[Place]:
    """The recorder's address is one that the relay could claim to send from."""
    port = _free_port(LOOPBACK)
    with hosts.udp(_ALSO_HERE, port) as recorder, hosts.udp(LOOPBACK) as participant:
        yield Place((LOOPBACK, port), recorder, participant)


def _admit_the_recorder(scene: Scene, place: Place) -> None:
    """A participant's request, sent to itself from the recorder's address."""
    assert scene.relay_socket is not None, "every disposable process has one"
    source = struct.pack("=I4s4s", 0, socket.inet_aton(_ALSO_HERE), bytes(4))
    cover = [(socket.IPPROTO_IP, _IP_PKTINFO, source)]
    scene.relay_socket.sendmsg([binding_request(f"{UFRAG}:theirs")], cover, 0, place.relay)


ATTEMPTS: Final = (
    Attempt("recorder_on_this_machine", "to a recorder on this machine", _on_this_machine),
    Attempt(
        "recorder_on_another_host",
        "to a recorder on another host",
        _on_another_host,
        why_not=hosts.why_not,
    ),
    Attempt(
        "recorder_that_it_admits_itself",
        "to a recorder for which it forges a participant's request to itself",
        _with_the_relays_port,
        _admit_the_recorder,
    ),
    Attempt("recorder_that_connects", "to a recorder that connects to it by TCP"),
)
