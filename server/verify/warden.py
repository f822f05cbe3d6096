"""Runs the attacks, each without the lock and with it, and says what came out.

Started by `run` as a process of its own with a `Plan`; writes a `Line` per attack to standard output,
between two `Alive`, and then the limits. It loads everything once and forks a disposable process per run.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import threading
from pathlib import Path

import msgspec

from server.config import Relay
from server.verify import isolation
from server.verify.attack import YES, Attack, Group, Namespace, Scene, nothing, said_yes
from server.verify.attacks import ATTACKS
from server.verify.layers import NONE, WHOLE, Layer, Layers, alone, without
from server.verify.limits import limits
from server.verify.trial import run
from server.verify.wire import Alive, Line, Measured, Outcome, Plan

NOT_ISOLATED = "needs a namespace that this machine does not allow"


def _own_port(scene: Scene) -> None:
    assert scene.relay_socket is not None, "every disposable process has one"
    scene.numbers["port"] = scene.relay_socket.getsockname()[1]


def _serve(scene: Scene) -> bytes | None:
    """What a locked relay must still be able to do: send, receive, start a thread, wait."""
    ours = scene.relay_socket
    assert ours is not None, "every disposable process has one"
    ours.sendto(b"ping", ("127.0.0.1", scene.numbers["port"]))
    heard = ours.recv(16)
    started = threading.Event()
    threading.Thread(target=started.set).start()
    return YES if heard == b"ping" and started.wait(5) else None


SERVE = Attack("serve", Group.NETWORK, _serve, said_yes, prepare=_own_port)
"""No attack: shows that the locked process is alive, without which refusals would mean nothing."""


def _user() -> int:
    """Whom a disposable process becomes where it changes its user."""
    return Relay().user if os.geteuid() == 0 else os.geteuid()


def try_out(attack: Attack, plan: Plan, isolated: frozenset[Namespace]) -> Line:
    """All runs of one attack. Those with layers mean something after one without that worked."""

    def went(layers: Layers) -> Outcome:
        return run(attack, Path(plan.scratch), _user(), layers)

    line = Line(
        attack.name,
        attack.group,
        Outcome(False, NOT_ISOLATED),
        closed_by=attack.closed_by.name if attack.closed_by else "",
        from_before=attack.prepare is not nothing or bool(attack.inherits),
    )
    if attack.changes_host and not plan.host_settings:
        return msgspec.structs.replace(line, skipped=attack.changes_host)
    if not isolated.issuperset(attack.needs):
        return line
    line = msgspec.structs.replace(line, control=went(NONE))
    if not line.control.worked:
        return line
    line = msgspec.structs.replace(line, locked=went(plan.layers))
    if not plan.matrix:
        return line
    return msgspec.structs.replace(
        line,
        alone={layer: went(alone(layer)) for layer in Layer},
        without={layer: went(without(layer)) for layer in Layer},
    )


def _limits(plan: Plan) -> list[Measured]:
    """Only with everything: they take seconds."""
    if plan.only is not None:
        return []
    return limits(lambda attack: run(attack, Path(plan.scratch), _user(), WHOLE))


def _alive(plan: Plan, attacks: int, limits: int = 0) -> Alive:
    """A process that does nothing wrong is born with every combination of layers that is used."""
    scratch = Path(plan.scratch)
    serve = run(SERVE, scratch, _user(), plan.layers)
    if plan.matrix:
        for layers in (*map(alone, Layer), *map(without, Layer)):
            if not (outcome := run(SERVE, scratch, _user(), layers)).worked:
                return Alive(serve, f"{', '.join(sorted(layers))}: {outcome.how}", attacks)
    return Alive(serve, "", attacks, limits)


def _say(value: Alive | Line | Measured) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(value) + b"\n")
    sys.stdout.buffer.flush()


def main(arguments: list[str]) -> None:
    """`arguments` are the plan, as JSON."""
    plan = msgspec.json.decode(arguments[0], type=Plan)
    isolated = isolation.enter(Path(plan.scratch))
    with contextlib.suppress(OSError):
        isolation.forget_keys()
    gc.collect()
    gc.freeze()  # or every disposable process would copy all objects only to look at them
    attacks = [attack for attack in ATTACKS if plan.only is None or attack.name in plan.only]
    _say(_alive(plan, len(attacks)))
    for attack in attacks:
        _say(try_out(attack, plan, isolated))
    narrow = _limits(plan)
    _say(_alive(plan, len(attacks), len(narrow)))
    for limit in narrow:
        _say(limit)
    os._exit(0)  # the first process of a namespace takes all others with it


if __name__ == "__main__":
    main(sys.argv[1:])
