"""The inspection from outside finds what a relay must not have, and nothing in one that has nothing."""

from __future__ import annotations

import os
import textwrap

import pytest

from server.control.messages import Level
from server.workers.faults import Fault, birth_faults, serving_faults
from server.workers.inspect import inspect
from server.workers.proc import InspectionError
from server.workers.status import read_status
from tests.promise.lock_child import child

pytestmark = pytest.mark.promise

BROUGHT = """
    import mmap, tempfile, threading
    loop = asyncio.new_event_loop()
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    event, (reader, writer) = os.eventfd(0), os.pipe()
    null = os.open("/dev/null", os.O_RDWR)
    {brought}
    say(ready=True)
    wait()
"""


def _found(brought: str) -> list[Fault]:
    with child(BROUGHT.format(brought=brought)) as relay:
        relay.hear()
        return birth_faults(inspect(relay.pid), read_status(relay.pid), Level.NONE)


def test_what_a_relay_lives_by_is_no_fault() -> None:
    assert _found("") == []


@pytest.mark.parametrize(
    ("brought", "expected"),
    [
        ("file = tempfile.TemporaryFile()", {Fault.WRITABLE_FILE, Fault.UNEXPECTED_DESCRIPTOR}),
        ('file = open("/proc/self/status")', {Fault.UNEXPECTED_DESCRIPTOR}),
        ('memory = os.memfd_create("x")', {Fault.WRITABLE_FILE, Fault.UNEXPECTED_DESCRIPTOR}),
        ("tcp = socket.create_server(('127.0.0.1', 0))", {Fault.WRITABLE_FILE, Fault.UNEXPECTED_DESCRIPTOR}),
        (
            "pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)",
            {Fault.WRITABLE_FILE, Fault.UNEXPECTED_DESCRIPTOR},
        ),
        ("shared = mmap.mmap(-1, 4096)", {Fault.SHARED_MAP}),
        ("code = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, 7)", {Fault.WRITABLE_CODE}),
        ("threading.Thread(target=threading.Event().wait, daemon=True).start()", {Fault.THREADS}),
        ("import av", {Fault.MEDIA_LIBRARY}),
        ("os.fork() or wait()", {Fault.OTHER_PROCESS}),
        (
            "import array; pair = socket.socketpair(); socket.send_fds(pair[0], [b'x'], [1])",
            {Fault.UNEXPECTED_DESCRIPTOR, Fault.WRITABLE_FILE},
        ),
    ],
)
def test_what_a_relay_must_not_have_is_found(brought: str, expected: set[Fault]) -> None:
    assert expected <= set(_found(brought))


@pytest.mark.parametrize(
    ("place", "port", "is_fault"),
    [("TCP_LISTENER", 0, False), ("TCP_LISTENER", 1, True), ("TCP_LISTENER + 1", 0, True)],
    ids=["as it must be", "at another port", "under another number"],
)
def test_one_listening_socket_is_known_by_its_number_and_port(place: str, port: int, is_fault: bool) -> None:
    brought = f"""
    from server._native import TCP_LISTENER
    with socket.create_server(("127.0.0.1", 0)) as made:
        listener = os.dup2(made.fileno(), {place})
        port = made.getsockname()[1]
    """
    script = BROUGHT.format(brought=textwrap.dedent(brought).replace("\n", "\n    "))
    with child(script.replace("ready=True", "port=port")) as relay:
        given = relay.hear()["port"]
        faults = birth_faults(inspect(relay.pid, given + port), read_status(relay.pid), Level.NONE)
        assert (Fault.UNEXPECTED_DESCRIPTOR in faults) is is_fault
        without = birth_faults(inspect(relay.pid), read_status(relay.pid), Level.NONE)
        assert Fault.UNEXPECTED_DESCRIPTOR in without


def test_a_ring_is_found() -> None:
    brought = "import ctypes; ctypes.CDLL(None).syscall(425, 4, ctypes.create_string_buffer(120))"
    assert Fault.RING in _found(brought)


def test_a_process_without_any_lock_has_every_fault_of_the_kernel() -> None:
    with child(BROUGHT.format(brought="")) as relay:
        relay.hear()
        found = serving_faults(read_status(relay.pid), Level.FULL, 0)
        assert {Fault.NO_FILTERS, Fault.NEW_PRIVILEGES, Fault.FILE_SIZE_LIMIT} <= set(found)


def test_a_process_that_is_gone_is_an_error() -> None:
    with child("say(ready=True)") as relay:
        relay.hear()
        relay.ended()
        with pytest.raises(InspectionError):
            read_status(relay.pid)
        with pytest.raises(InspectionError):
            inspect(relay.pid)


@pytest.mark.skipif(os.geteuid() == 0, reason="root sees what others do not")
def test_a_finished_relay_hides_its_descriptors_but_not_its_status() -> None:
    with child("birth.stage0(); lock(); birth.finish(); say(ready=True); wait()") as relay:
        relay.hear()
        assert read_status(relay.pid).every_task_locked
        with pytest.raises(InspectionError):
            inspect(relay.pid)
