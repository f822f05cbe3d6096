"""One attack in one disposable process with some of the layers: staged, met, judged, cleared away."""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import select
import shutil
import signal
import socket
import time
from pathlib import Path

from server.control.messages import Level
from server.verify import kernel, target
from server.verify.attack import Accomplice, Attack, Scene
from server.verify.layers import WHOLE, Layer, Layers
from server.verify.report import REFUSED_AT_BIRTH
from server.verify.wire import Outcome
from server.workers.faults import Fault, birth_faults
from server.workers.inspect import inspect
from server.workers.proc import InspectionError
from server.workers.status import read_status

RUN_SECONDS = 10.0
_DETACH = 2  # MNT_DETACH
_buffer = ctypes.create_string_buffer(Accomplice.SIZE)  # at the same address in every fork


def _drop_to(user: int) -> None:
    if os.geteuid() == 0 and user != 0:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 1)  # as an ordinary process of that user is


def _start_accomplice(scene: Scene) -> Accomplice:
    """A process that waits, with a file open and one signal held back."""
    descriptor = os.open(scene.loot, os.O_RDWR | os.O_CREAT, 0o666)
    ready, told = os.pipe()
    child = os.fork()
    if child == 0:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
        _drop_to(scene.user)
        os.write(told, b"x")
        while True:
            signal.pause()
    os.read(ready, 1)
    for used in (ready, told, descriptor):
        os.close(used)
    return Accomplice(child, ctypes.addressof(_buffer), descriptor)


def _address(bound: socket.socket) -> tuple[str, int]:
    host, port = bound.getsockname()
    return str(host), int(port)


def _channel(scene: Scene, layers: Layers) -> None:
    """The way to the parent that a relay has: one-way pipes, or without them a pair of sockets."""
    if Layer.PIPES in layers:
        scene.descriptors["parent"], scene.channel = os.pipe()
    else:
        scene.parent, ours = socket.socketpair()
        scene.channel = ours.detach()
    scene.descriptors["channel"] = scene.channel


def _scene(scratch: Path, user: int) -> Scene:
    directory = scratch / secrets.token_hex(4)
    directory.mkdir()
    directory.chmod(0o777)
    stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    stranger.bind(("127.0.0.1", 0))
    listener = socket.create_server(("127.0.0.1", 0))
    marker = secrets.token_hex(8).encode()
    scene = Scene(directory, marker, user, stranger, listener, _address(stranger), _address(listener))
    scene.door = target.door()
    scene.door_address = _address(scene.door)
    return scene


def _clear(scene: Scene) -> None:
    for used in (scene.stranger, scene.listener, scene.door, scene.parent, *scene.sockets.values()):
        if used is not None:
            used.close()
    for descriptor in scene.descriptors.values():
        with contextlib.suppress(OSError):
            os.close(descriptor)
    if scene.accomplice is not None:
        _end(scene.accomplice.pid)
    with contextlib.suppress(OSError):
        kernel.libc("umount2", bytes(scene.directory), _DETACH)
    shutil.rmtree(scene.directory, ignore_errors=True)


def _end(pid: int) -> int:
    """Kills and reaps; the wait status."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    return os.waitpid(pid, 0)[1]


def _hear(answers: int, deadline: float) -> bytes | None:
    """What the disposable process says next; b"" when it is gone, None when it is silent for too long."""
    ready, _, _ = select.select([answers], [], [], max(0.0, deadline - time.monotonic()))
    return os.read(answers, 1 + target.LONGEST_WORD) if ready else None


def _await_end(pid: int, deadline: float) -> None:
    """An attack that became another program says no more, but works on."""
    process = os.pidfd_open(pid)
    select.select([process], [], [], max(0.0, deadline - time.monotonic()))
    os.close(process)


def _birth_faults(scene: Scene, layers: Layers, level: Level) -> list[Fault]:
    """What the supervisor would find. FFmpeg is there on purpose, and so is a hole in the lock: with less
    than all layers only what the process brought counts."""
    level = level if layers == WHOLE else Level.NONE
    try:
        found = birth_faults(inspect(scene.pid, scene.door_address[1]), read_status(scene.pid), level)
    except InspectionError:
        return [Fault.GONE]
    return [fault for fault in found if fault is not Fault.MEDIA_LIBRARY]


def _judge(attack: Attack, scene: Scene) -> bool:
    try:
        return attack.judged(scene)
    except (OSError, ValueError, LookupError, StopIteration):
        return False  # a process that has ended shows little of itself, and nothing in place of its word


def _failure(said: bytes | None) -> str:
    if said is None:
        return "timed out"
    if said[:1] in (target.FAILED, target.UNBORN):
        return f"refused: {said[1:].decode('ascii', 'replace')}"
    return "no effect" if said else "ended"


def _meet(attack: Attack, scene: Scene, layers: Layers, orders: int, answers: int) -> Outcome:
    """The run as seen from outside, from birth to judgement; the process is still there afterwards."""
    deadline = time.monotonic() + RUN_SECONDS
    said = _hear(answers, deadline)
    if not said or said[:1] != target.BORN:
        unborn = said is not None and said[:1] == target.UNBORN
        return Outcome(
            False, f"{REFUSED_AT_BIRTH}: {said[1:].decode()}" if unborn and said else _failure(said)
        )
    level = Level(said[1])
    if Layer.INSPECTION in layers and (found := _birth_faults(scene, layers, level)):
        return Outcome(False, f"{REFUSED_AT_BIRTH}: {found[0]}", level)
    os.write(orders, b"x")
    said = _hear(answers, deadline)
    if said and said[:1] == target.DONE:
        scene.word = said[1:]
    elif not said:
        _await_end(scene.pid, deadline)
    worked = _judge(attack, scene)
    return Outcome(worked, "worked" if worked else _failure(said), level)


def run(attack: Attack, scratch: Path, user: int, layers: Layers) -> Outcome:
    """One run in one disposable process that has these layers. `user` is whom it becomes, if it may."""
    scene = _scene(scratch, user if Layer.IDENTITY in layers else os.geteuid())
    try:
        return _run(attack, scene, layers)
    except OSError as error:
        return Outcome(False, f"could not be staged: {error.strerror or error}")
    finally:
        attack.restore(scene)
        _clear(scene)


def _run(attack: Attack, scene: Scene, layers: Layers) -> Outcome:
    _channel(scene, layers)
    attack.stage(scene)
    if attack.wants_accomplice:
        scene.accomplice = _start_accomplice(scene)
    ordered, orders = os.pipe()
    answers, answered = os.pipe()
    scene.pid = os.fork()
    if scene.pid == 0:
        target.live(attack, scene, layers, ordered, answered)
    os.close(ordered)
    os.close(answered)
    outcome = Outcome(False, "ended")
    try:
        outcome = _meet(attack, scene, layers, orders, answers)
    finally:
        os.close(orders)
        os.close(answers)
        status = _end(scene.pid)
    if not outcome.worked and os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGSYS:
        return Outcome(False, "killed", outcome.level)
    return outcome
