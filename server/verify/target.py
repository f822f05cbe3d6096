"""The disposable process: born as a relay is born, by the same code, and then attacking.

It differs from a relay in what makes the attack fair: FFmpeg and the recorder are loaded before the lock,
and the attack may leave itself something from before the lock.
"""

from __future__ import annotations

import asyncio
import mmap
import os
import socket
from typing import NoReturn

from server.control.messages import Boot, Level
from server.relay import birth
from server.relay.sockets import in_its_place, listening
from server.verify import kernel
from server.verify.attack import Attack, Scene
from server.verify.layers import OF_THE_KERNEL, Layer, Layers

BORN, UNBORN, DONE, FAILED = b"B", b"U", b"D", b"F"
LONGEST_WORD = 1024
_ARENA_BYTES = 64 * 1024


def _say(answers: int, kind: bytes, word: bytes = b"") -> None:
    """One write, below what a pipe takes in one piece."""
    os.write(answers, kind + word[:LONGEST_WORD])


def _close_all_but(keep: set[int]) -> None:
    for name in os.listdir("/proc/self/fd"):
        descriptor = int(name)
        if descriptor > 2 and descriptor not in keep:
            try:
                os.close(descriptor)
            except OSError:  # the listing's own, closed already
                continue


def _bare(attack: Attack, scene: Scene, keep: set[int]) -> None:
    """Without descriptors but those given, in the scratch directory."""
    for name in attack.inherits:
        if name in scene.sockets:
            keep.add(scene.sockets[name].fileno())
        else:
            keep.add(scene.descriptors[name])
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    _close_all_but(keep)
    os.chdir(scene.directory)


def door() -> socket.socket:
    """What a relay would listen on; made outside, where its port must be known."""
    return listening("127.0.0.1", 0)


def _moved(door: socket.socket) -> int:
    with door:
        return in_its_place(door)


def _arena() -> tuple[int, bool]:
    """Bytes of media memory, and whether they are locked in memory."""
    rights, flags = mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    address = kernel.libc("mmap", 0, _ARENA_BYTES, rights, flags, -1, 0)
    try:
        kernel.libc("mlock", address, _ARENA_BYTES)
    except OSError:
        return _ARENA_BYTES, False
    return _ARENA_BYTES, True


def _boot(user: int, tcp_port: int) -> Boot:
    """Any level will do: what is not held shows in the attacks."""
    return Boot(
        relay=1,
        ipv4_host="127.0.0.1",
        ipv6_host="",
        udp_port=0,
        tcp_port=tcp_port,
        media_memory=_ARENA_BYTES,
        ring_packets=16,
        ring_milliseconds=50,
        replay_seconds=0,
        user=user,
        minimum_level=Level.NONE,
    )


def _set(layers: Layers, user: int, tcp_port: int, arena_bytes: int, arena_locked: bool) -> Level:
    """Those of the kernel that one call sets; the level that is held."""
    wanted = layers & OF_THE_KERNEL
    if not wanted:
        return Level.NONE
    birth.settle()
    switches = birth.Layers(
        limits=Layer.LIMITS in wanted,
        identity=Layer.IDENTITY in wanted,
        landlock=Layer.LANDLOCK in wanted,
        seccomp=Layer.SECCOMP in wanted,
    )
    return birth.lock(_boot(user, tcp_port), arena_bytes, arena_locked, switches).level


def _finish(layers: Layers) -> None:
    if Layer.NOT_DUMPABLE not in layers:
        return
    if layers >= OF_THE_KERNEL:
        birth.finish()
    else:
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)


def _live(attack: Attack, scene: Scene, layers: Layers, orders: int, answers: int) -> None:
    assert scene.door is not None, "every scene has one"
    _bare(attack, scene, {orders, answers, scene.channel, scene.door.fileno()})
    scene.door = socket.socket(fileno=_moved(scene.door))
    if Layer.STAGE_0 in layers:
        birth.stage0()
    scene.loop = asyncio.new_event_loop()
    scene.relay_socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    scene.relay_socket.bind(scene.relay_address)
    arena_bytes, arena_locked = _arena()
    attack.prepare(scene)
    level = _set(layers, scene.user, scene.door_address[1], arena_bytes, arena_locked)
    _say(answers, BORN, bytes([level]))
    if not os.read(orders, 1):
        return
    _finish(layers)
    _say(answers, DONE, attack.act(scene) or b"")
    os.read(orders, 1)


def live(attack: Attack, scene: Scene, layers: Layers, orders: int, answers: int) -> NoReturn:
    """The whole life of the forked process.

    `answers` gets BORN with the level, or UNBORN with the reason; after a byte on `orders`, DONE with the
    attack's word or FAILED with the error; silence and an end of file when the kernel killed it.
    """
    try:
        _live(attack, scene, layers, orders, answers)
    except birth.BirthError as error:
        _say(answers, UNBORN, error.reason.name.lower().encode())
    except OSError as error:
        _say(answers, FAILED, kernel.name(error).encode())
    except BaseException as error:
        _say(answers, FAILED, type(error).__name__.encode())
    os._exit(0)
