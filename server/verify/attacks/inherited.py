"""What the process had before the lock: descriptors, mappings, threads that must not survive it.

Most of these are refused before the relay serves, by the inspection from outside.
"""

from __future__ import annotations

import array
import ctypes
import fcntl
import mmap
import os
import pty
import socket
import struct
import threading
import time
from pathlib import Path

from server.verify import kernel
from server.verify.attack import Group, Scene, attack, heard, heard_by_listener, looted


def _open_loot(scene: Scene) -> None:
    scene.descriptors["loot"] = os.open(scene.loot, os.O_RDWR | os.O_CREAT, 0o666)


@attack(Group.INHERITED, looted, prepare=_open_loot)
def write_to_open_file(scene: Scene) -> None:
    os.write(scene.descriptors["loot"], scene.marker)


@attack(Group.INHERITED, looted, prepare=_open_loot)
def write_at_offset_of_open_file(scene: Scene) -> None:
    os.pwrite(scene.descriptors["loot"], scene.marker, 0)


@attack(Group.INHERITED, lambda scene: scene.loot.stat().st_size == 4242, prepare=_open_loot)
def data_in_the_size_of_open_file(scene: Scene) -> None:
    os.ftruncate(scene.descriptors["loot"], 4242)


def _open_loot_and_pipe(scene: Scene) -> None:
    _open_loot(scene)
    scene.descriptors["reader"], scene.descriptors["writer"] = os.pipe()


@attack(Group.INHERITED, looted, prepare=_open_loot_and_pipe)
def splice_into_open_file(scene: Scene) -> None:
    reader, writer = scene.descriptors["reader"], scene.descriptors["writer"]
    os.write(writer, scene.marker)
    kernel.libc("splice", reader, None, scene.descriptors["loot"], None, len(scene.marker), 0)


def _open_loot_with_room(scene: Scene) -> None:
    _open_loot(scene)
    os.ftruncate(scene.descriptors["loot"], mmap.PAGESIZE)


@attack(Group.INHERITED, looted, prepare=_open_loot_with_room)
def map_open_file(scene: Scene) -> None:
    with mmap.mmap(scene.descriptors["loot"], mmap.PAGESIZE) as mapping:
        mapping[: len(scene.marker)] = scene.marker


def _map_loot(scene: Scene) -> None:
    """A shared mapping whose descriptor is closed again, so that only the mapping is left."""
    descriptor = os.open(scene.loot, os.O_RDWR | os.O_CREAT, 0o666)
    os.ftruncate(descriptor, mmap.PAGESIZE)
    size = mmap.PAGESIZE
    address = kernel.libc("mmap", 0, size, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_SHARED, descriptor, 0)
    os.close(descriptor)
    scene.numbers["mapping"] = address


@attack(Group.INHERITED, looted, prepare=_map_loot)
def write_through_old_mapping(scene: Scene) -> None:
    ctypes.memmove(scene.numbers["mapping"], scene.marker, len(scene.marker))


def _log_on_standard_error(scene: Scene) -> None:
    descriptor = os.open(scene.loot, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    os.dup2(descriptor, 2)
    os.close(descriptor)


@attack(Group.INHERITED, looted, prepare=_log_on_standard_error)
def write_to_log_on_standard_error(scene: Scene) -> None:
    os.write(2, scene.marker)


def _open_directory(scene: Scene) -> None:
    scene.descriptors["directory"] = os.open(scene.directory, os.O_RDONLY | os.O_DIRECTORY)


@attack(Group.INHERITED, looted, prepare=_open_directory)
def create_in_open_directory(scene: Scene) -> None:
    descriptor = os.open("loot", os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=scene.descriptors["directory"])
    os.write(descriptor, scene.marker)


@attack(Group.INHERITED, looted, prepare=_open_loot)
def reopen_open_file(scene: Scene) -> None:
    descriptor = os.open(f"/proc/self/fd/{scene.descriptors['loot']}", os.O_WRONLY)
    os.write(descriptor, scene.marker)


def _lock_seen(scene: Scene) -> bool:
    """Somebody holds the lock: one bit, again and again."""
    descriptor = os.open(scene.loot, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


@attack(Group.INHERITED, _lock_seen, prepare=_open_loot)
def data_in_a_file_lock(scene: Scene) -> None:
    fcntl.flock(scene.descriptors["loot"], fcntl.LOCK_EX)


def _connect(scene: Scene) -> None:
    connection = socket.create_connection(scene.listener_address)
    scene.descriptors["connection"] = connection.detach()


@attack(Group.INHERITED, heard_by_listener, prepare=_connect)
def send_over_open_connection(scene: Scene) -> None:
    os.write(scene.descriptors["connection"], scene.marker)


def _came_out_of_the_door(scene: Scene) -> bool:
    caller = scene.sockets["caller"]
    caller.settimeout(0.2)
    try:
        return scene.marker in caller.recv(64)
    except OSError:
        return False


def _listen_and_call(scene: Scene) -> None:
    scene.sockets["door"] = socket.create_server(("127.0.0.1", 0))
    scene.sockets["caller"] = socket.create_connection(scene.sockets["door"].getsockname())


@attack(Group.INHERITED, _came_out_of_the_door, stage=_listen_and_call, inherits=("door",))
def accept_on_open_listener(scene: Scene) -> None:
    connection, _ = scene.sockets["door"].accept()
    connection.sendall(scene.marker)


def _log_socket(scene: Scene) -> None:
    """A named datagram socket as of a system log."""
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.bind(str(scene.directory / "log"))
    (scene.directory / "log").chmod(0o666)
    scene.sockets["log"] = log


def _datagram_pair(scene: Scene) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    theirs.close()
    scene.sockets["pair"] = ours


def _logged(scene: Scene) -> bool:
    return heard(scene.sockets["log"], scene.marker)


@attack(Group.INHERITED, _logged, stage=_log_socket, prepare=_datagram_pair)
def datagram_pair_to_the_system_log(scene: Scene) -> None:
    scene.sockets["pair"].sendto(scene.marker, str(scene.directory / "log"))


def _terminal(scene: Scene) -> None:
    scene.descriptors["master"], scene.descriptors["terminal"] = pty.openpty()


def _on_terminal(scene: Scene) -> bool:
    os.set_blocking(scene.descriptors["master"], False)
    try:
        return scene.marker in os.read(scene.descriptors["master"], 4096)
    except OSError:
        return False


@attack(Group.INHERITED, _on_terminal, stage=_terminal, inherits=("terminal",))
def write_to_open_terminal(scene: Scene) -> None:
    os.write(scene.descriptors["terminal"], scene.marker)


_orders = threading.Event()
_done = threading.Event()


def _old_thread(scene: Scene) -> None:
    """A thread from before the lock, which Landlock alone would not cover."""

    def work() -> None:
        _orders.wait()
        scene.loot.write_bytes(scene.marker)
        _done.set()

    threading.Thread(target=work, daemon=True).start()


@attack(Group.INHERITED, looted, prepare=_old_thread)
def thread_from_before_the_lock(_scene: Scene) -> None:
    _orders.set()
    _done.wait(5)


def _pipe_with_marker(scene: Scene) -> None:
    scene.descriptors["reader"], scene.descriptors["writer"] = os.pipe()
    os.write(scene.descriptors["writer"], scene.marker)
    scene.sockets["channel"] = socket.socket(fileno=scene.channel)  # fails where it is none


def _descriptor_arrived(scene: Scene) -> bool:
    """The parent got a descriptor through its end, where that is a socket, and reads the marker from it."""
    if scene.parent is None:
        return False
    scene.parent.settimeout(0.2)
    _, descriptors, _, _ = socket.recv_fds(scene.parent, 1, 1)
    with os.fdopen(descriptors[0], "rb") as received:
        return scene.marker in received.read(len(scene.marker))


@attack(Group.INHERITED, _descriptor_arrived, prepare=_pipe_with_marker)
def pass_a_descriptor_to_the_parent(scene: Scene) -> None:
    """What pipes are for: whatever a socket to signaling would carry, they carry bytes."""
    rights = array.array("i", [scene.descriptors["reader"]])
    scene.sockets["channel"].sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])


def _old_child(scene: Scene) -> None:
    """A process from before the lock, which no layer of ours covers, and a pipe to it."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.dup2(reader, 3)
        os.closerange(4, 1024)  # it would keep the ways of this process to its parent open
        scene.loot.write_bytes(os.read(3, 64))
        os._exit(0)
    os.close(reader)
    scene.descriptors["child"] = writer


def _looted_by_the_child(scene: Scene) -> bool:
    for _ in range(100):
        if looted(scene):
            return True
        time.sleep(0.01)
    return False


@attack(Group.INHERITED, _looted_by_the_child, prepare=_old_child)
def child_from_before_the_lock(scene: Scene) -> None:
    os.write(scene.descriptors["child"], scene.marker)


def _ring(scene: Scene) -> None:
    """A ring would create files from a kernel thread that no layer covers."""
    parameters = ctypes.create_string_buffer(120)
    scene.descriptors["ring"] = kernel.syscall(kernel.IO_URING_SETUP, 4, parameters)


def _has_ring(scene: Scene) -> bool:
    """Seen among the descriptors of the living process."""
    links = Path(f"/proc/{scene.pid}/fd")
    try:
        return any("io_uring" in os.readlink(link) for link in links.iterdir())
    except OSError:
        return False


@attack(Group.INHERITED, _has_ring, prepare=_ring)
def ring_from_before_the_lock(scene: Scene) -> None:
    fcntl.fcntl(scene.descriptors["ring"], fcntl.F_GETFD)


def _held_descriptor(scene: Scene) -> None:
    """A file waits in a socket, where no list of descriptors shows it, to be received after the lock."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    descriptor = os.open(scene.loot, os.O_WRONLY | os.O_CREAT, 0o666)
    theirs.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))])
    os.close(descriptor)
    scene.sockets["ours"], scene.sockets["theirs"] = ours, theirs


@attack(Group.INHERITED, looted, prepare=_held_descriptor)
def file_waiting_in_a_socket(scene: Scene) -> None:
    _, ancillary, _, _ = scene.sockets["ours"].recvmsg(1, socket.CMSG_SPACE(4))
    (descriptor,) = struct.unpack("i", ancillary[0][2][:4])
    os.write(descriptor, scene.marker)
