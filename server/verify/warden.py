"""Runs the attacks, each without the lock and with it, and judges what came out.

Started by `run` as a process of its own; writes a JSON line per attack to standard output. It loads
everything once and forks a disposable process per run.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import secrets
import select
import shutil
import signal
import socket
import sys
import threading
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from server.config import Relay
from server.control.messages import Level
from server.verify import isolation, kernel, target
from server.verify.attack import YES, Accomplice, Attack, Group, Namespace, Scene, nothing, said_yes
from server.verify.attacks import ATTACKS
from server.verify.report import REFUSED_AT_BIRTH
from server.workers.faults import Fault, birth_faults
from server.workers.inspect import inspect
from server.workers.proc import InspectionError
from server.workers.status import read_status

RUN_SECONDS = 10.0
_DETACH = 2  # MNT_DETACH
_buffer = ctypes.create_string_buffer(Accomplice.SIZE)  # at the same address in every fork


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one run ended. `how` is a word from a closed list, some with a reason of the kernel."""

    worked: bool
    how: str
    level: int = int(Level.NONE)


def _serve(scene: Scene) -> bytes | None:
    """What a locked relay must still be able to do: send, receive, start a thread, wait."""
    ours = scene.relay_socket
    assert ours is not None, "every disposable process has one"
    ours.sendto(b"ping", ours.getsockname())
    heard = ours.recv(16)
    started = threading.Event()
    threading.Thread(target=started.set).start()
    return YES if heard == b"ping" and started.wait(5) else None


SERVE = Attack("serve", Group.NETWORK, _serve, said_yes)
"""No attack: shows that the locked process is alive, without which refusals would mean nothing."""


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


def _scene(scratch: Path, user: int) -> Scene:
    directory = scratch / secrets.token_hex(4)
    directory.mkdir()
    directory.chmod(0o777)
    stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    stranger.bind(("127.0.0.1", 0))
    listener = socket.create_server(("127.0.0.1", 0))
    marker = secrets.token_hex(8).encode()
    return Scene(directory, marker, user, stranger, listener, _address(stranger), _address(listener))


def _clear(scene: Scene) -> None:
    for used in (scene.stranger, scene.listener, *scene.sockets.values()):
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


def _birth_faults(pid: int, level: Level) -> list[Fault]:
    """What the supervisor would find. FFmpeg is there on purpose."""
    try:
        found = birth_faults(inspect(pid), read_status(pid), level)
    except InspectionError:
        return [Fault.GONE]
    return [fault for fault in found if fault is not Fault.MEDIA_LIBRARY]


def _judge(attack: Attack, scene: Scene) -> bool:
    try:
        return attack.judged(scene)
    except OSError:
        return False


def _failure(said: bytes | None) -> str:
    if said is None:
        return "timed out"
    if said[:1] in (target.FAILED, target.UNBORN):
        return f"refused: {said[1:].decode('ascii', 'replace')}"
    return "no effect" if said else "ended"


def _meet(
    attack: Attack, scene: Scene, left_out: frozenset[str] | None, orders: int, answers: int
) -> Outcome:
    """The run as seen from outside, from birth to judgement; the process is still there afterwards."""
    deadline = time.monotonic() + RUN_SECONDS
    said = _hear(answers, deadline)
    if not said or said[:1] != target.BORN:
        unborn = said is not None and said[:1] == target.UNBORN
        return Outcome(
            False, f"{REFUSED_AT_BIRTH}: {said[1:].decode()}" if unborn and said else _failure(said)
        )
    level = Level(said[1])
    if left_out is not None and (found := _birth_faults(scene.pid, level)):
        return Outcome(False, f"{REFUSED_AT_BIRTH}: {found[0]}", level)
    os.write(orders, b"x")
    said = _hear(answers, deadline)
    if said and said[:1] == target.DONE:
        scene.word = said[1:]
    elif not said:
        _await_end(scene.pid, deadline)
    worked = _judge(attack, scene)
    return Outcome(worked, "worked" if worked else _failure(said), level)


def run(attack: Attack, scratch: Path, user: int, left_out: frozenset[str] | None) -> Outcome:
    """One run in one disposable process. `left_out` None: without the lock."""
    scene = _scene(scratch, user)
    try:
        return _run(attack, scene, left_out)
    except OSError as error:
        return Outcome(False, f"could not be staged: {error.strerror or error}")
    finally:
        _clear(scene)


def _run(attack: Attack, scene: Scene, left_out: frozenset[str] | None) -> Outcome:
    attack.stage(scene)
    if attack.wants_accomplice:
        scene.accomplice = _start_accomplice(scene)
    ordered, orders = os.pipe()
    answers, answered = os.pipe()
    scene.pid = os.fork()
    if scene.pid == 0:
        target.live(attack, scene, left_out, ordered, answered)
    os.close(ordered)
    os.close(answered)
    outcome = Outcome(False, "ended")
    try:
        outcome = _meet(attack, scene, left_out, orders, answers)
    finally:
        os.close(orders)
        os.close(answers)
        status = _end(scene.pid)
    if not outcome.worked and os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGSYS:
        return replace(outcome, how="killed")
    return outcome


def _report(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def both(
    attack: Attack, scratch: Path, isolated: frozenset[Namespace], left_out: frozenset[str]
) -> dict[str, object]:
    """The line that is reported of an attack. The run with the lock means something after one that worked."""
    ours = os.geteuid()
    if not isolated.issuperset(attack.needs):
        control = Outcome(False, "needs a namespace that this machine does not allow")
        locked = None
    else:
        control = run(attack, scratch, ours, None)
        locked = (
            run(attack, scratch, Relay().user if ours == 0 else ours, left_out) if control.worked else None
        )
    return {
        "attack": attack.name,
        "group": attack.group,
        "host_measure": attack.known.host_measure if attack.known else None,
        "from_before": attack.prepare is not nothing or bool(attack.inherits),
        "control": asdict(control),
        "locked": None if locked is None else asdict(locked),
    }


def _alive(scratch: Path, user: int, left_out: frozenset[str]) -> dict[str, object]:
    """Said before and after all attacks: between the two, a process that does nothing wrong is born."""
    return {"serve": asdict(run(SERVE, scratch, user, left_out))}


def main(arguments: list[str]) -> None:
    """`arguments` are the scratch directory and the layers to leave out."""
    scratch, left_out = Path(arguments[0]), frozenset(arguments[1:])
    isolated = isolation.enter(scratch)
    with contextlib.suppress(OSError):
        isolation.forget_keys()
    gc.collect()
    gc.freeze()  # or every disposable process would copy all objects only to look at them
    user = Relay().user if os.geteuid() == 0 else os.geteuid()
    _report({**_alive(scratch, user, left_out), "attacks": len(ATTACKS)})
    for attack in ATTACKS:
        _report(both(attack, scratch, isolated, left_out))
    _report(_alive(scratch, user, left_out))
    os._exit(0)  # the first process of a namespace takes all others with it


if __name__ == "__main__":
    main(sys.argv[1:])
