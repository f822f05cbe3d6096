"""The steps of a relay's birth that lock it, in the order in which they are called.

1. `stage0` before any event loop exists.
2. Imports, sockets, certificate, a throw-away handshake, the arena: everything that opens or loads.
3. `settle`: what is garbage goes now, and the descriptors 0 to 2 lead nowhere.
4. `lock`: the answer is the `Locked` message. Signaling inspects, and says `Proceed`.
5. `finish`: undumpable; then the packet thread may start.
6. `self_test`, again and again.

Any of them raises `BirthError`, after which the process must leave at once (`os._exit`): a lock that was
begun cannot be taken back.
"""

from __future__ import annotations

import errno
import gc
import os
import stat
from dataclasses import dataclass

from server import _native
from server.control.messages import BirthFailure, Boot, FourWords, Level, Locked, SelfTest
from server.errors import RelayError

LEAST_LANDLOCK_ABI = 4  # the first that covers TCP
_NULL = os.makedev(1, 3)


class BirthError(RelayError):
    """This relay must not be born. `errno` is 0 where the kernel gave no reason."""

    def __init__(self, reason: BirthFailure, errno: int = 0) -> None:
        super().__init__(f"a relay could not be locked: {reason.name.lower()} (errno {errno})")
        self.reason = reason
        self.errno = errno


@dataclass(frozen=True, slots=True)
class Layers:
    """What `lock` sets. A relay sets all; `verify` leaves some out for its control run."""

    limits: bool = True
    identity: bool = True
    landlock: bool = True
    seccomp: bool = True


ALL_LAYERS = Layers()


def _from_native(error: _native.LockError) -> BirthError:
    step, number = error.args
    return BirthError(BirthFailure(step), number)


def stage0() -> None:
    """Closes io_uring, before a loop could open a ring."""
    try:
        _native.stage0()
    except _native.LockError as error:
        raise _from_native(error) from None


def settle() -> None:
    """Collects what the throw-away handshake left, and keeps the rest out of later collections.

    A TLS context that died after the lock would free its callback in a page that cannot be written any
    more. Contexts that live now must be kept for ever.
    """
    gc.collect()
    gc.freeze()
    for descriptor in (0, 1, 2):
        try:
            status = os.fstat(descriptor)
        except OSError as error:
            if error.errno == errno.EBADF:
                continue
            raise BirthError(BirthFailure.OTHER, error.errno or 0) from None
        null = stat.S_ISCHR(status.st_mode) and status.st_rdev == _NULL
        if not null and not stat.S_ISFIFO(status.st_mode):
            raise BirthError(BirthFailure.OTHER)


def level_of(report: _native.LockReport, arena_bytes: int, arena_locked: bool) -> Level:
    """The level that is held, dumpable aside: `finish` fails where that is not. Only Landlock may lack.

    The arena counts as locked when who made it says so and the kernel counts as much.
    """
    emptied = report.limits_held and report.capabilities_empty and report.no_new_privs
    in_memory = arena_locked and 0 < arena_bytes <= report.locked_bytes
    if not (report.seccomp and emptied and in_memory):
        return Level.NONE
    landlock = report.landlock_abi >= LEAST_LANDLOCK_ABI and report.canary_refused
    return Level.FULL if landlock else Level.REDUCED


def words(digest: bytes) -> FourWords:
    """A digest of 32 bytes as the control vocabulary has it."""
    return FourWords(*(int.from_bytes(digest[start : start + 8], "big") for start in range(0, 32, 8)))


def lock(boot: Boot, arena_bytes: int, arena_locked: bool, layers: Layers = ALL_LAYERS) -> Locked:
    """Sets every layer; needs exactly one thread. Raises where less is held than `boot.minimum_level`."""
    try:
        report = _native.lock(
            boot.user,
            bool(boot.tcp_port),
            limits=layers.limits,
            identity=layers.identity,
            landlock=layers.landlock,
            seccomp=layers.seccomp,
        )
    except _native.LockError as error:
        raise _from_native(error) from None
    level = level_of(report, arena_bytes, arena_locked)
    if level < boot.minimum_level:
        raise BirthError(BirthFailure.LEVEL)
    return Locked(
        level=level,
        landlock_abi=report.landlock_abi,
        seccomp_filters=report.seccomp_filters,
        filter_digest=words(report.filter_digest),
        write_canary_refused=report.canary_refused,
        arena_bytes=arena_bytes,
        arena_locked=arena_locked,
        lock_microseconds=report.microseconds,
    )


def finish() -> None:
    """Becomes undumpable and checks itself. The packet thread starts after this."""
    try:
        _native.finish()
    except _native.LockError as error:
        raise _from_native(error) from None


def self_test() -> SelfTest:
    """The repeated probes; none of them is a tripwire."""
    probe = _native.probe()
    return SelfTest(
        open_refused=probe.open_refused,
        socket_refused=probe.socket_refused,
        status_unchanged=probe.state_unchanged and probe.code_refused,
    )
