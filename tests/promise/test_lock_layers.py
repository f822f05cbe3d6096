"""Each layer is held, and a relay that lacks one is noticed: by itself, and from outside."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import signal
import socket
from pathlib import Path

import msgspec
import pytest

from bench.unlocked import unlocked_relays
from server import _native
from server.control.messages import Level
from server.relay.birth import LEAST_LANDLOCK_ABI
from server.workers.faults import Fault, birth_faults, serving_faults
from server.workers.inspect import inspect
from server.workers.status import read_status
from server.workers.worker import BirthRefused
from tests.promise.lock_child import child
from tests.relay.conftest import Relay, loopback

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


ACCEPTING = """
    from server.relay.sockets import in_its_place, listening
    birth.stage0()
    listener = listening("127.0.0.1", 0)
    in_its_place(listener)
    port = listener.getsockname()[1]
    listener.close()
    lock(tcp_port=port)
    say(port=port)
    flags = socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
    accepted = []
    while True:
        try:
            accepted.append(kernel.libc("accept4", birth._native.TCP_LISTENER, 0, 0, flags))
        except BlockingIOError:
            continue
        except OSError as error:
            say(count=len(accepted), errno=error.errno, last=max(accepted))
            break
    wait()
"""


def test_a_relay_that_accepts_has_no_more_descriptors_than_its_limit() -> None:
    """The kernel's bound; the packet thread keeps below it."""
    with child(ACCEPTING) as relay, contextlib.ExitStack() as callers:
        port = relay.hear()["port"]
        limits = Path(f"/proc/{relay.pid}/limits").read_text()
        assert re.search(r"Max open files +1024 +1024 ", limits)
        for _ in range(1030):
            callers.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
        told = relay.hear()
        assert (told["errno"], told["last"]) == (errno.EMFILE, 1023)
        assert 960 < told["count"] < 1024


@pytest.mark.parametrize(
    ("limit", "resource"),
    [
        ("Max file size", "FSIZE"),
        ("Max core file size", "CORE"),
        ("Max msgqueue size", "MSGQUEUE"),
        ("Max open files", "NOFILE"),
    ],
)
def test_every_limit_is_nothing_and_missed_where_it_is_not_set(limit: str, resource: str) -> None:
    with child(LOCKED.format(left_out="")) as whole, child(LOCKED.format(left_out="limits=True")) as lacking:
        held = []
        for relay in (whole, lacking):
            relay.hear()
            limits = Path(f"/proc/{relay.pid}/limits").read_text().splitlines()
            words = next(line for line in limits if line.startswith(limit)).removeprefix(limit).split()
            held.append(words[:2])
        assert held[0] == ["0", "0"], resource
        assert held[1] != ["0", "0"] or resource == "CORE", "as the test was started"


def test_memory_that_only_seems_locked_is_no_level() -> None:
    """Who made the arena says that it is locked; the kernel counts."""
    with child(LOCKED.format(left_out="arena=lambda: None")) as relay:
        assert relay.hear()["level"] == Level.NONE


def test_a_relay_that_stays_dumpable_is_found_by_itself_and_from_outside() -> None:
    """Who stops being root is not dumpable any more; a relay of an ordinary user is, until it finishes."""
    script = """
        if os.geteuid() == 0:
            os.setgroups([])
            os.setresgid(61234, 61234, 61234)
            os.setresuid(61234, 61234, 61234)
            kernel.prctl(kernel.PR_SET_DUMPABLE, 1)
        birth.stage0()
        birth.settle()
        lock()
        test = birth.self_test()
        say(unchanged=test.status_unchanged)
        wait()
        birth.finish()
        test = birth.self_test()
        say(unchanged=test.status_unchanged)
        wait()
    """
    with child(script) as relay:
        assert relay.hear() == {"unchanged": False}
        assert Fault.DUMPABLE in serving_faults(read_status(relay.pid), Level.FULL, 0)
        relay.proceed()
        assert relay.hear() == {"unchanged": True}
        assert Fault.DUMPABLE not in serving_faults(read_status(relay.pid), Level.FULL, 0)


@pytest.mark.parametrize(
    ("attempt", "covered_from"),
    [
        ("open('/dev/null', 'w')", 1),
        ("open('/proc/self/status')", 1),
        ("os.listdir('/')", 1),
        ("socket.create_server(('127.0.0.1', 0))", 4),
        ("socket.socket(socket.AF_UNIX).connect(name)", 6),
        ("os.kill(os.getppid(), 0)", 6),
    ],
)
def test_landlock_alone_refuses(attempt: str, covered_from: int) -> None:
    if _native.landlock_abi() < covered_from:
        pytest.skip("this kernel's Landlock does not cover it")
    script = f"""
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(b"\\0offrecord-test-%d" % os.getpid())
        listener.listen()
        name = listener.getsockname()
        {attempt}
        lock(limits=True, identity=True, seccomp=True)
        try:
            {attempt}
        except PermissionError:
            say(refused=True)
    """
    with child(script) as relay:
        assert relay.hear() == {"refused": True}


@pytest.mark.parametrize("minimum_level", ["full", "reduced"])
async def test_the_unlocked_relay_of_benchmarks_is_accepted_by_no_server(minimum_level: str) -> None:
    config = loopback()
    guarantee = msgspec.structs.replace(config.guarantee, minimum_level=minimum_level)
    relay = Relay(msgspec.structs.replace(config, guarantee=guarantee))
    with unlocked_relays(), pytest.raises(BirthRefused, match="refused to be born: level"):
        await relay.process.start()


def test_a_relay_below_the_minimum_level_is_not_born() -> None:
    script = """
        birth.stage0()
        birth.settle()
        try:
            birth.lock(boot(Level.FULL), ARENA, False)
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
