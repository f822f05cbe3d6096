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
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from server.config import Relay
from server.firewall import rules
from server.firewall.nftables import Nftables
from server.verify import isolation
from server.verify.attack import Attack, Group, Namespace, Scene, heard
from server.verify.layers import WHOLE
from server.verify.strangers.attempts import ATTEMPTS, UFRAG, Attempt, Place
from server.verify.strangers.stun import binding_request
from server.verify.strangers.wire import Attempted
from server.verify.trial import run
from server.verify.wire import Outcome, Plan

ARRIVAL_SECONDS: Final = 5.0
"""Between hosts a datagram takes a moment; the rest is for a busy machine."""
_NOT_ISOLATED: Final = "needs a network namespace, which this machine does not allow"


@contextlib.contextmanager
def _guarded(place: Place) -> Iterator[None]:
    """The rules of the measure, and the participant admitted by its own request. Raises OSError."""
    nftables, table = Nftables(), rules.TABLE + secrets.token_hex(4)
    try:
        port = place.relay[1]
        known = rules.Known(relays=frozenset({port}), invited=frozenset({(UFRAG, port)}))
        commands = rules.new_table(table) + rules.change(table, rules.NOTHING, known)
        done, told = nftables.run(commands, terse=False)
        if not done:
            raise OSError(0, told.partition("\n")[0])
        place.participant.sendto(binding_request(f"{UFRAG}:theirs"), place.relay)
        deadline = time.monotonic() + ARRIVAL_SECONDS
        while "elements" not in nftables.run(f"list set inet {table} peers4\n", terse=False)[1]:
            if time.monotonic() > deadline:
                raise OSError(0, "the participant was not admitted")
            time.sleep(0.001)
        yield
    finally:
        nftables.close()


def _attempt(attempt: Attempt, guarded: bool, scratch: Path, user: int) -> tuple[Outcome, bool]:
    """How it went, and whether the participant was reached in spite of it."""
    reached = False
    with contextlib.ExitStack() as surroundings:
        place = surroundings.enter_context(attempt.place())
        recorder, participant = place.recorder.getsockname(), place.participant.getsockname()
        if guarded:
            surroundings.enter_context(_guarded(place))

        def stage(scene: Scene) -> None:
            scene.relay_address = place.relay

        def act(scene: Scene) -> bytes:
            ours = scene.relay_socket
            assert ours is not None, "every disposable process has one"
            with contextlib.suppress(OSError):
                attempt.before(scene, place)
            with contextlib.suppress(PermissionError):
                ours.sendto(scene.marker, recorder)
            ours.sendto(b"media " + scene.marker, participant)
            return b""

        def judged(scene: Scene) -> bool:
            nonlocal reached
            # Later on the same way: what was sent to the recorder has arrived as well then.
            reached = _arrives(place.participant, b"media " + scene.marker)
            return heard(place.recorder, scene.marker)

        outcome = run(Attack(attempt.name, Group.NETWORK, act, judged, stage), scratch, user, WHOLE)
    return outcome, reached


def _arrives(participant: socket.socket, data: bytes) -> bool:
    participant.settimeout(ARRIVAL_SECONDS)
    try:
        while data != participant.recv(100):
            pass
    except TimeoutError:
        return False
    return True


def try_out(attempt: Attempt, scratch: Path, isolated: bool) -> Attempted:
    """Both runs of one attempt."""
    said = Attempted(attempt.name, attempt.what)
    reason = _NOT_ISOLATED if not isolated else attempt.why_not()
    user = Relay().user if os.geteuid() == 0 else os.geteuid()
    if not reason:
        try:
            control, reached_without = _attempt(attempt, False, scratch, user)
            guarded, reached_with = _attempt(attempt, True, scratch, user)
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
