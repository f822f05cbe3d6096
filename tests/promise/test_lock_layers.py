"""Each layer is held, and a relay that lacks one is noticed: by itself, and from outside."""

from __future__ import annotations

import os
import signal

import pytest

from server import _native
from server.control.messages import Level
from server.relay.birth import LEAST_LANDLOCK_ABI
from server.workers.faults import Fault, birth_faults, serving_faults
from server.workers.inspect import inspect
from server.workers.status import read_status
from tests.promise.lock_child import child

pytestmark = [
    pytest.mark.promise,
    pytest.mark.skipif(_native.landlock_abi() < LEAST_LANDLOCK_ABI, reason="this kernel has no full lock"),
]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has an identity to drop")

LOCKED = """
    birth.stage0()
    birth.settle()
    locked = lock({left_out})
    say(level=locked.level, abi=locked.landlock_abi, filters=locked.seccomp_filters,
        canary=locked.write_canary_refused)
    wait()
    try:
        birth.finish()
        test = birth.self_test()
        say(held=test.open_refused and test.socket_refused and test.status_unchanged)
    except birth.BirthError as error:
        say(held=False, reason=error.reason.name)
    wait()
"""


def test_the_whole_lock_is_held_and_looks_so_from_outside() -> None:
    with child(LOCKED.format(left_out="")) as relay:
        told = relay.hear()
        assert told["level"] == Level.FULL
        assert told["abi"] == _native.landlock_abi()
        assert told["canary"]
        status, inspection = read_status(relay.pid), inspect(relay.pid)
        assert status.seccomp_mode == 2
        assert status.seccomp_filters == told["filters"]
        assert status.no_new_privs
        assert status.capabilities == 0
        assert (status.file_size_limit, status.core_limit) == (0, 0)
        assert status.every_task_locked
        assert birth_faults(inspection, status, Level.REDUCED) == []
        relay.proceed()
        assert relay.hear() == {"held": True}
        assert read_status(relay.pid).every_task_locked


@as_root
def test_root_becomes_the_user_it_was_given() -> None:
    with child(LOCKED.format(left_out="")) as relay:
        relay.hear()
        assert read_status(relay.pid).uid == 61234


@pytest.mark.parametrize(
    ("left_out", "level", "holds"),
    [
        ("limits=True", Level.NONE, False),
        pytest.param("identity=True", Level.NONE, False, marks=as_root),
        ("landlock=True", Level.REDUCED, True),
        ("seccomp=True", Level.NONE, False),
    ],
)
def test_a_relay_knows_which_layer_it_lacks(left_out: str, level: Level, holds: bool) -> None:
    with child(LOCKED.format(left_out=left_out)) as relay:
        assert relay.hear()["level"] == level
        relay.proceed()
        assert relay.hear()["held"] is holds


@pytest.mark.parametrize(
    ("left_out", "fault"),
    [
        ("limits=True", Fault.FILE_SIZE_LIMIT),
        pytest.param("identity=True", Fault.CAPABILITIES, marks=as_root),
    ],
)
def test_signaling_sees_which_layer_a_relay_lacks(left_out: str, fault: Fault) -> None:
    with child(LOCKED.format(left_out=left_out)) as relay:
        relay.hear()
        assert fault in birth_faults(inspect(relay.pid), read_status(relay.pid), Level.REDUCED)


def test_signaling_sees_that_only_stage_0_stands() -> None:
    """Landlock does not show in /proc, and stage 0 alone looks like filters: the count tells them apart."""
    with child(LOCKED.format(left_out="")) as whole, child(LOCKED.format(left_out="seccomp=True")) as lacking:
        whole.hear()
        lacking.hear()
        assert read_status(lacking.pid).seccomp_filters < read_status(whole.pid).seccomp_filters
        assert Fault.FEW_FILTERS in serving_faults(read_status(lacking.pid), Level.REDUCED, 0)


def test_a_relay_below_the_minimum_level_is_not_born() -> None:
    script = """
        birth.stage0()
        birth.settle()
        try:
            birth.lock(boot(Level.FULL), 65536, False)
        except birth.BirthError as error:
            say(reason=error.reason.name)
    """
    with child(script) as relay:
        assert relay.hear() == {"reason": "LEVEL"}


def test_a_second_thread_is_refused() -> None:
    script = """
        import threading
        threading.Thread(target=wait, daemon=True).start()
        birth.stage0()
        try:
            lock()
        except birth.BirthError as error:
            say(reason=error.reason.name)
        os._exit(0)
    """
    with child(script) as relay:
        assert relay.hear() == {"reason": "THREADS"}


@pytest.mark.parametrize(
    "tripwire",
    [
        'open("/dev/null", "w")',
        "socket.socket()",
        "os.fork()",
        "os.memfd_create('x')",
        'os.execv("/bin/true", ["true"])',
        "ctypes.CDLL(None).syscall(0x4000_0000 + 39)",  # getpid of the x32 ABI
    ],
)
def test_a_tripwire_ends_the_process(tripwire: str) -> None:
    script = f"""
        birth.stage0()
        lock()
        birth.finish()
        say(finished=True)
        {tripwire}
        say(alive=True)
    """
    with child(script) as relay:
        assert relay.hear() == {"finished": True}
        assert relay.ended()[0] == -signal.SIGSYS


def test_what_is_only_refused_leaves_the_relay_alive() -> None:
    script = """
        import threading
        birth.stage0()
        loop = asyncio.new_event_loop()
        lock()
        birth.finish()
        refused = []
        for attempt in (lambda: open("/etc/hostname"), lambda: os.stat("/"), lambda: os.dup(1)):
            try:
                attempt()
            except PermissionError:
                refused.append(True)
        try:
            import wave
        except (ImportError, PermissionError):
            refused.append(True)
        done = threading.Event()
        threading.Thread(target=done.set).start()
        loop.run_until_complete(asyncio.sleep(0))
        say(refused=len(refused), thread=done.wait(5))
        os._exit(0)
    """
    with child(script) as relay:
        assert relay.hear() == {"refused": 4, "thread": True}
        assert relay.ended()[0] == 0


def test_stage_0_takes_rings_away() -> None:
    script = """
        libc = ctypes.CDLL(None, use_errno=True)
        birth.stage0()
        made = libc.syscall(425, 4, ctypes.create_string_buffer(120))
        say(made=made, errno=ctypes.get_errno())
    """
    with child(script) as relay:
        assert relay.hear() == {"made": -1, "errno": 38}


def test_every_relay_of_a_build_has_the_same_filters() -> None:
    script = """
        birth.stage0()
        digest = lock().filter_digest
        say(digest=[digest.a, digest.b, digest.c, digest.d])
    """
    with child(script) as one, child(script) as other:
        told = one.hear()["digest"]
        assert told == other.hear()["digest"]
        assert b"".join(word.to_bytes(8, "big") for word in told) == _native.filter_digest()
