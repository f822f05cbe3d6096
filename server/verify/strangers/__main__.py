"""Makes every attempt, without the host measure and with it, and says what came out.

Started by `run` as a process of its own with a `Plan`; writes an `Attempted` per attempt to standard output.
It is in a network of its own, so that the machine's firewall is not touched, or it tries nothing.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

import msgspec

from server.config import Relay
from server.firewall import rules
from server.firewall.nftables import Nftables
from server.verify import isolation
from server.verify.attack import Attack, Group, Namespace, Scene, accept, heard
from server.verify.layers import WHOLE
from server.verify.strangers.attempts import ATTEMPTS, UFRAG, Attempt, Place
from server.verify.strangers.stun import binding_request
from server.verify.strangers.wire import Attempted
from server.verify.trial import run
from server.verify.wire import Outcome, Plan

ARRIVAL_SECONDS: Final = 5.0
"""Between hosts a datagram takes a moment; the rest is for a busy machine."""
_Plan = tuple[Path, int]  # scratch directory, and user of the disposable process
_NOT_ISOLATED: Final = "needs a network namespace, which this machine does not allow"


@contextlib.contextmanager
def _rules(known: rules.Known, members: str, ask: Callable[[], None]) -> Iterator[None]:
    """The rules of the measure, with the participant, who asks, among the `members`. Raises OSError."""
    nftables, table = Nftables(), rules.TABLE + secrets.token_hex(4)
    try:
        commands = rules.new_table(table) + rules.change(table, rules.NOTHING, known)
        done, told = nftables.run(commands, terse=False)
        if not done:
            raise OSError(0, told.partition("\n")[0])
        ask()
        deadline = time.monotonic() + ARRIVAL_SECONDS
        while "elements" not in nftables.run(f"list set inet {table} {members}\n", terse=False)[1]:
            if time.monotonic() > deadline:
                raise OSError(0, "the participant was not admitted")
            time.sleep(0.001)
        yield
    finally:
        nftables.close()


def _guarded(place: Place) -> AbstractContextManager[None]:
    port = place.relay[1]
    known = rules.Known(relays=frozenset({port}), invited=frozenset({(UFRAG, port)}))
    return _rules(known, "peers4", lambda: _ask(place))


def _ask(place: Place) -> None:
    place.participant.sendto(binding_request(f"{UFRAG}:theirs"), place.relay)


def _attempt(
    place: Callable[[], AbstractContextManager[Place]], attempt: Attempt, guarded: bool, plan: _Plan
) -> tuple[Outcome, bool]:
    """How it went, and whether the participant was reached in spite of it."""
    reached = False
    with contextlib.ExitStack() as surroundings:
        here = surroundings.enter_context(place())
        recorder, participant = here.recorder.getsockname(), here.participant.getsockname()
        if guarded:
            surroundings.enter_context(_guarded(here))

        def stage(scene: Scene) -> None:
            scene.relay_address = here.relay

        def act(scene: Scene) -> bytes:
            ours = scene.relay_socket
            assert ours is not None, "every disposable process has one"
            with contextlib.suppress(OSError):
                attempt.before(scene, here)
            with contextlib.suppress(PermissionError):
                ours.sendto(scene.marker, recorder)
            ours.sendto(b"media " + scene.marker, participant)
            return b""

        def judged(scene: Scene) -> bool:
            nonlocal reached
            # Later on the same way: what was sent to the recorder has arrived as well then.
            reached = _arrives(here.participant, b"media " + scene.marker)
            return heard(here.recorder, scene.marker)

        outcome = run(Attack(attempt.name, Group.NETWORK, act, judged, stage), *plan, WHOLE)
    return outcome, reached


def _attempt_by_tcp(attempt: Attempt, guarded: bool, plan: _Plan) -> tuple[Outcome, bool]:
    """The same where both connect to it."""
    reached = False
    with contextlib.ExitStack() as surroundings:
        ends: list[socket.socket] = []

        def ask() -> None:
            request = binding_request(f"{UFRAG}:theirs")
            ends[1].sendall(len(request).to_bytes(2, "big") + request)

        def stage(scene: Scene) -> None:
            for _ in range(2):
                ends.append(surroundings.enter_context(socket.create_connection(scene.door_address)))
            port = scene.door_address[1]
            known = rules.Known(listeners=frozenset({port}), invited=frozenset({(UFRAG, port)}))
            if guarded:
                surroundings.enter_context(_rules(known, "connections4", ask))

        def act(scene: Scene) -> bytes:
            assert scene.door is not None, "every disposable process has one"
            recorder, participant = accept(scene.door), accept(scene.door)
            os.write(recorder, scene.marker)
            os.write(participant, b"media " + scene.marker)
            return b""

        def judged(scene: Scene) -> bool:
            nonlocal reached
            reached = _arrives(ends[1], b"media " + scene.marker)
            return heard(ends[0], scene.marker)

        outcome = run(Attack(attempt.name, Group.NETWORK, act, judged, stage), *plan, WHOLE)
    return outcome, reached


def _arrives(participant: socket.socket, data: bytes) -> bool:
    participant.settimeout(ARRIVAL_SECONDS)
    try:
        while data != participant.recv(100):
            pass
    except TimeoutError:
        return False
    return True


def _both(attempt: Attempt, plan: _Plan) -> tuple[tuple[Outcome, bool], tuple[Outcome, bool]]:
    if attempt.place is None:
        return _attempt_by_tcp(attempt, False, plan), _attempt_by_tcp(attempt, True, plan)
    return _attempt(attempt.place, attempt, False, plan), _attempt(attempt.place, attempt, True, plan)


def try_out(attempt: Attempt, scratch: Path, isolated: bool) -> Attempted:
    """Both runs of one attempt."""
    said = Attempted(attempt.name, attempt.what)
    reason = _NOT_ISOLATED if not isolated else attempt.why_not()
    user = Relay().user if os.geteuid() == 0 else os.geteuid()
    if not reason:
        try:
            (control, reached_without), (guarded, reached_with) = _both(attempt, (scratch, user))
        except OSError as error:
            reason = f"could not be staged: {error.strerror or 'libnftables is not installed'}"
        else:
            reached = reached_without and reached_with
            return msgspec.structs.replace(
                said, control=control, guarded=guarded, participant_reached=reached
            )
    return msgspec.structs.replace(said, skipped=reason)


def main(arguments: list[str]) -> None:
    """`arguments` are the plan, as JSON."""
    plan = msgspec.json.decode(arguments[0], type=Plan)
    scratch = Path(plan.scratch)
    isolated = Namespace.NETWORK in isolation.enter(scratch)
    for attempt in ATTEMPTS:
        if plan.only is None or attempt.name in plan.only:
            said = try_out(attempt, scratch, isolated)
            sys.stdout.buffer.write(msgspec.json.encode(said) + b"\n")
            sys.stdout.buffer.flush()
    os._exit(0)  # the first process of a namespace takes all others with it


if __name__ == "__main__":
    main(sys.argv[1:])
