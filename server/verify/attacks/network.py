"""Ways out by network: new sockets, and the one UDP socket a relay has."""

from __future__ import annotations

import contextlib
import os
import socket

from server.verify import kernel
from server.verify.attack import (
    YES,
    Group,
    Namespace,
    Scene,
    accept,
    accepted,
    attack,
    heard,
    heard_by_listener,
    heard_by_stranger,
    said_yes,
)
from server.verify.measures import KNOWN_PEERS

_ALL_PROTOCOLS = 0x0003


@attack(Group.NETWORK, heard_by_listener)
def connect_by_tcp(scene: Scene) -> None:
    with socket.socket() as connection:
        connection.connect(scene.listener_address)
        connection.sendall(scene.marker)


@attack(Group.NETWORK, heard_by_stranger)
def new_udp_socket(scene: Scene) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.sendto(scene.marker, scene.stranger_address)


def _relay_socket(scene: Scene) -> socket.socket:
    assert scene.relay_socket is not None, "every disposable process has one"
    return scene.relay_socket


@attack(Group.NETWORK, heard_by_stranger)
def connect_the_relay_socket(scene: Scene) -> None:
    ours = _relay_socket(scene)
    ours.connect(scene.stranger_address)
    ours.send(scene.marker)


@attack(
    Group.NETWORK,
    heard_by_stranger,
    closed_by=KNOWN_PEERS,
)
def send_to_a_stranger_over_the_relay_socket(scene: Scene) -> None:
    _relay_socket(scene).sendto(scene.marker, scene.stranger_address)


def _named(scene: Scene) -> None:
    for name, kind in (("stream", socket.SOCK_STREAM), ("datagram", socket.SOCK_DGRAM)):
        path = scene.directory / name
        listener = socket.socket(socket.AF_UNIX, kind)
        listener.bind(str(path))
        path.chmod(0o666)
        if kind is socket.SOCK_STREAM:
            listener.listen()
        scene.sockets[name] = listener


@attack(Group.NETWORK, lambda scene: accepted(scene.sockets["stream"], scene.marker), stage=_named)
def connect_to_a_named_socket(scene: Scene) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(scene.directory / "stream"))
        connection.sendall(scene.marker)


@attack(Group.NETWORK, lambda scene: heard(scene.sockets["datagram"], scene.marker), stage=_named)
def write_to_the_system_log(scene: Scene) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.sendto(scene.marker, str(scene.directory / "datagram"))


def _abstract(scene: Scene) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(b"\0offrecord-" + scene.marker)
    listener.listen()
    scene.sockets["abstract"] = listener


@attack(Group.NETWORK, lambda scene: accepted(scene.sockets["abstract"], scene.marker), stage=_abstract)
def connect_to_an_abstract_socket(scene: Scene) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(b"\0offrecord-" + scene.marker)
        connection.sendall(scene.marker)


def _served(scene: Scene) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", int(scene.word)), timeout=1) as caller:
            return int(caller.getpeername()[1]) == int(scene.word)
    except (OSError, ValueError):
        return False


@attack(Group.NETWORK, _served)
def open_a_listener(scene: Scene) -> bytes:
    listener = socket.create_server(("127.0.0.1", 0))
    scene.sockets["door"] = listener
    return str(listener.getsockname()[1]).encode()


@attack(Group.NETWORK, said_yes)
def ask_the_kernel_by_netlink(scene: Scene) -> bytes:
    scene.sockets["netlink"] = netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    netlink.bind((0, 0))
    return YES


@attack(Group.NETWORK, heard_by_stranger, needs=(Namespace.NETWORK,))
def raw_datagram(scene: Scene) -> None:
    port = scene.stranger_address[1]
    datagram = (
        b"\x10\x00"
        + port.to_bytes(2, "big")
        + (8 + len(scene.marker)).to_bytes(2, "big")
        + b"\0\0"
        + scene.marker
    )
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP) as raw:
        raw.sendto(datagram, ("127.0.0.1", 0))


@attack(Group.NETWORK, said_yes, needs=(Namespace.NETWORK,))
def capture_packets(scene: Scene) -> bytes:
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL_PROTOCOLS))
    scene.sockets["packets"] = packets
    return YES


@attack(Group.NETWORK, said_yes)
def pair_of_sockets(scene: Scene) -> bytes:
    scene.sockets["a"], scene.sockets["b"] = socket.socketpair()
    return YES


@attack(Group.NETWORK, said_yes)
def change_the_relay_socket(scene: Scene) -> bytes | None:
    ours = _relay_socket(scene)
    ours.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 0x88)
    return YES if ours.getsockopt(socket.IPPROTO_IP, socket.IP_TOS) == 0x88 else None


def _door(scene: Scene) -> socket.socket:
    assert scene.door is not None, "every disposable process has one"
    return scene.door


def _call(scene: Scene) -> None:
    scene.sockets["recorder"] = socket.create_connection(scene.door_address)


def _recorded(scene: Scene) -> bool:
    recorder = scene.sockets["recorder"]
    recorder.settimeout(1)
    return recorder.recv(100) == scene.marker


@attack(Group.NETWORK, _recorded, stage=_call, closed_by=KNOWN_PEERS)
def send_to_a_stranger_who_connects(scene: Scene) -> None:
    os.write(accept(_door(scene)), scene.marker)


def _call_another(scene: Scene) -> None:
    scene.sockets["another"] = socket.create_server(("127.0.0.1", 0))
    scene.sockets["recorder"] = socket.create_connection(scene.sockets["another"].getsockname())


@attack(Group.NETWORK, _recorded, stage=_call_another, inherits=("another",))
def accept_on_another_socket(scene: Scene) -> None:
    os.write(accept(scene.sockets["another"]), scene.marker)


@attack(Group.NETWORK, said_yes)
def listen_again(scene: Scene) -> bytes:
    _door(scene).listen(4096)
    return YES


@attack(Group.NETWORK, heard_by_listener)
def connect_with_the_listening_socket(scene: Scene) -> None:
    door = _door(scene)
    with contextlib.suppress(PermissionError):
        door.shutdown(socket.SHUT_RDWR)
    door.setblocking(True)
    door.connect(scene.listener_address)
    door.sendall(scene.marker)


@attack(Group.NETWORK, heard_by_listener)
def connect_by_sending(scene: Scene) -> None:
    """TCP fast open, tcp(7): a socket that does not listen any more is connected by what it sends."""
    door = _door(scene)
    with contextlib.suppress(PermissionError):
        door.shutdown(socket.SHUT_RDWR)
    door.setblocking(True)
    door.sendto(scene.marker, socket.MSG_FASTOPEN, scene.listener_address)


@attack(Group.NETWORK, heard_by_listener, stage=_call)
def connect_with_an_accepted_connection(scene: Scene) -> None:
    accepted = accept(_door(scene))
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, accepted) as connection:
        connection.setblocking(True)
        kernel.libc("connect", connection.fileno(), bytes(16), 16)  # of the unspecified family: not connected
        connection.connect(scene.listener_address)
        connection.sendall(scene.marker)


@attack(Group.NETWORK, said_yes)
def duplicate_the_relay_socket(scene: Scene) -> bytes:
    scene.descriptors["copy"] = os.dup(_relay_socket(scene).fileno())
    return YES
