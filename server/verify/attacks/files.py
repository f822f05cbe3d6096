"""Files by path: in a scratch directory that the attacker may write by every permission bit."""

from __future__ import annotations

import ctypes
import os
import secrets
import struct
from pathlib import Path

from server.verify import kernel
from server.verify.attack import YES, Group, Scene, attack, holds, looted, said_yes

_HERE, _FOLLOW = -100, 0x400  # AT_FDCWD, AT_SYMLINK_FOLLOW
OLD = b"what was there before"


def _victim(scene: Scene) -> None:
    """A file of the attacker's own, with content."""
    scene.loot.write_bytes(OLD)
    scene.loot.chmod(0o666)
    if os.geteuid() == 0:
        os.chown(scene.loot, scene.user, scene.user)


def _names(scene: Scene) -> list[str]:
    return os.listdir(scene.directory)


def _save(descriptor: int, data: bytes) -> None:
    os.write(descriptor, data)
    os.close(descriptor)


@attack(Group.FILES, looted)
def create_file(scene: Scene) -> None:
    _save(os.open(scene.loot, os.O_WRONLY | os.O_CREAT, 0o644), scene.marker)


@attack(Group.FILES, looted)
def create_file_with_creat(scene: Scene) -> None:
    _save(kernel.libc("creat", bytes(scene.loot), 0o644), scene.marker)


@attack(Group.FILES, looted)
def create_file_with_openat2(scene: Scene) -> None:
    how = ctypes.create_string_buffer(struct.pack("QQQ", os.O_WRONLY | os.O_CREAT, 0o644, 0), 24)
    _save(kernel.syscall(kernel.OPENAT2, _HERE, bytes(scene.loot), how, 24), scene.marker)


@attack(Group.FILES, looted)
def nameless_file_then_link(scene: Scene) -> None:
    descriptor = os.open(scene.directory, os.O_TMPFILE | os.O_WRONLY, 0o644)
    os.write(descriptor, scene.marker)
    path = f"/proc/self/fd/{descriptor}".encode()
    kernel.libc("linkat", _HERE, path, _HERE, bytes(scene.loot), _FOLLOW)


@attack(Group.FILES, looted, stage=_victim)
def append_to_file(scene: Scene) -> None:
    _save(os.open(scene.loot, os.O_WRONLY | os.O_APPEND), scene.marker)


@attack(Group.FILES, looted, stage=_victim)
def overwrite_file(scene: Scene) -> None:
    _save(os.open(scene.loot, os.O_RDWR), scene.marker)


def _emptied(scene: Scene) -> bool:
    return scene.loot.stat().st_size == 0


@attack(Group.FILES, _emptied, stage=_victim)
def empty_file_by_opening(scene: Scene) -> None:
    os.close(os.open(scene.loot, os.O_RDONLY | os.O_TRUNC))


def _resized(scene: Scene) -> bool:
    return scene.loot.stat().st_size == 4242


@attack(Group.FILES, _resized, stage=_victim)
def data_in_a_size(scene: Scene) -> None:
    os.truncate(scene.loot, 4242)


@attack(Group.FILES, lambda scene: scene.text in _names(scene))
def data_in_a_directory_name(scene: Scene) -> None:
    (scene.directory / scene.text).mkdir()


def _links_to_marker(scene: Scene) -> bool:
    return scene.loot.is_symlink() and os.readlink(scene.loot) == scene.text


@attack(Group.FILES, _links_to_marker)
def data_in_a_symbolic_link(scene: Scene) -> None:
    scene.loot.symlink_to(scene.text)


@attack(Group.FILES, lambda scene: scene.text in _names(scene))
def data_in_a_fifo_name(scene: Scene) -> None:
    os.mkfifo(scene.directory / scene.text)


@attack(Group.FILES, lambda scene: scene.text in _names(scene), stage=_victim)
def data_in_a_new_name(scene: Scene) -> None:
    scene.loot.rename(scene.directory / scene.text)


@attack(Group.FILES, lambda scene: scene.text in _names(scene), stage=_victim)
def data_in_a_hard_link(scene: Scene) -> None:
    os.link(scene.loot, scene.directory / scene.text)


@attack(Group.FILES, lambda scene: "loot" not in _names(scene), stage=_victim)
def delete_file(scene: Scene) -> None:
    scene.loot.unlink()


def _attribute_set(scene: Scene) -> bool:
    try:
        return os.getxattr(scene.loot, "user.loot") == scene.marker
    except OSError:
        return False


@attack(Group.FILES, _attribute_set, stage=_victim)
def data_in_an_attribute(scene: Scene) -> None:
    os.setxattr(scene.loot, "user.loot", scene.marker)


@attack(Group.FILES, lambda scene: int(scene.loot.stat().st_mtime) == 424242, stage=_victim)
def data_in_a_time(scene: Scene) -> None:
    os.utime(scene.loot, (424242, 424242))


@attack(Group.FILES, lambda scene: scene.loot.stat().st_mode & 0o777 == 0o642, stage=_victim)
def data_in_a_mode(scene: Scene) -> None:
    scene.loot.chmod(0o642)


def _shared_path(scene: Scene) -> Path:
    return Path("/dev/shm") / f"offrecord-{scene.text}"  # noqa: S108 - the attack is to write there


def _in_shared_memory(scene: Scene) -> bool:
    path = _shared_path(scene)
    found = holds(path, scene.marker)
    path.unlink(missing_ok=True)
    return found


@attack(Group.FILES, _in_shared_memory)
def file_in_shared_memory(scene: Scene) -> None:
    path = bytes(Path("/") / _shared_path(scene).name)
    _save(kernel.libc("shm_open", path, os.O_RDWR | os.O_CREAT, 0o600), scene.marker)


def _victim_and_handle(scene: Scene) -> None:
    """A file, and a handle of it, which opens without a path."""
    _victim(scene)
    handle = ctypes.create_string_buffer(struct.pack("Ii", 128, 0), 136)
    mount_id = ctypes.create_string_buffer(4)
    kernel.libc("name_to_handle_at", _HERE, bytes(scene.loot), handle, mount_id, 0)
    scene.things["handle"] = handle.raw


@attack(Group.FILES, looted, stage=_victim_and_handle)
def open_by_handle(scene: Scene) -> None:
    handle = ctypes.create_string_buffer(scene.things["handle"], 136)
    _save(kernel.libc("open_by_handle_at", _HERE, handle, os.O_WRONLY), scene.marker)


def _secret(scene: Scene) -> None:
    path = scene.directory / "secret"
    path.write_text(secrets.token_hex(16))
    path.chmod(0o644)


def _told(scene: Scene) -> bool:
    return scene.word == (scene.directory / "secret").read_bytes()


@attack(Group.FILES, _told, stage=_secret)
def read_a_secret(scene: Scene) -> bytes:
    return (scene.directory / "secret").read_bytes()


@attack(Group.FILES, said_yes)
def list_a_directory(scene: Scene) -> bytes:
    os.listdir(scene.directory)
    return YES
