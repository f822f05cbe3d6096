"""The published digest is that of the filters which the kernel holds, and the published policy is that of the
build."""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count, takewhile

import pytest

from server import _native
from server.verify import kernel
from tests.promise import lock_page
from tests.promise.lock_child import child

pytestmark = pytest.mark.promise
_SEIZE, _INTERRUPT, _DETACH, _GET_FILTER = 0x4206, 0x4207, 17, 0x420C
_WAIT_FOR_ANY = 0x4000_0000  # __WALL
_INSTRUCTION = struct.Struct("<HBBI")  # struct sock_filter
_LOAD_WORD, _JUMP_IF_EQUAL = 0x20, 0x15
_FIRST_ARGUMENT = 16  # of struct seccomp_data, the lower half


@contextmanager
def _stopped(pid: int) -> Iterator[None]:
    kernel.libc("ptrace", _SEIZE, pid, 0, 0)
    try:
        kernel.libc("ptrace", _INTERRUPT, pid, 0, 0)
        os.waitpid(pid, _WAIT_FOR_ANY)
        yield
    finally:
        kernel.libc("ptrace", _DETACH, pid, 0, 0)


def _held_filter(pid: int, index: int) -> list[tuple[int, ...]] | None:
    """The instructions of a filter, counted from the one that was set first; None past the last."""
    try:
        length = kernel.libc("ptrace", _GET_FILTER, pid, index, None)
    except OSError as error:
        if error.errno == errno.ENOENT:
            return None
        raise
    program = ctypes.create_string_buffer(length * _INSTRUCTION.size)
    kernel.libc("ptrace", _GET_FILTER, pid, index, program)
    return list(_INSTRUCTION.iter_unpack(program.raw))


def _without_pid(program: list[tuple[int, ...]], pid: int) -> tuple[list[tuple[int, ...]], int]:
    """With 0 wherever the first argument is compared with the process's id, and how often that was."""
    neutral: list[tuple[int, ...]] = []
    found, before = 0, (0, 0, 0, 0)
    for code, jt, jf, k in program:
        is_pid = (
            (code, k) == (_JUMP_IF_EQUAL, pid) and before[0] == _LOAD_WORD and before[3] == _FIRST_ARGUMENT
        )
        found += is_pid
        neutral.append((code, jt, jf, 0 if is_pid else k))
        before = (code, jt, jf, k)
    return neutral, found


def _digest(programs: list[list[tuple[int, ...]]]) -> bytes:
    digest = hashlib.sha256()
    for program in programs:
        digest.update(struct.pack("<I", len(program)))
        for instruction in program:
            digest.update(_INSTRUCTION.pack(*instruction))
    return digest.digest()


@pytest.mark.skipif(os.geteuid() != 0, reason="the kernel shows filters to root only")
def test_the_kernel_holds_the_filters_of_the_digest_and_no_other() -> None:
    script = """
        birth.stage0()
        lock()
        birth.finish()
        say(ready=True)
        wait()
    """
    with child(script) as relay:
        relay.hear()
        try:
            with _stopped(relay.pid):
                each = (_held_filter(relay.pid, index) for index in count())
                held = list(takewhile(lambda one: one is not None, each))
        except OSError as error:
            if error.errno in {errno.EACCES, errno.EINVAL, errno.EPERM}:
                pytest.skip(f"this kernel, or this container, shows no filters ({error.strerror})")
            raise
    # Those that the tests themselves run under, in a container for example, were set before.
    own = [one for one in held[-_native.filter_count() :] if one is not None]
    neutral, pids = zip(*(_without_pid(one, relay.pid) for one in own), strict=True)
    assert sum(pids) == 1
    assert _digest(list(neutral)) == _native.filter_digest()


def test_the_policy_has_every_filter_and_a_reason_for_every_rule() -> None:
    policy = _native.policy()
    assert {rule.table for rule in policy} == {"stage_0", "allowed", "absent", "tripwires"}
    assert {rule.answer for rule in policy} == {"allowed", "ENOSYS", "killed"}
    assert all(rule.reason and rule.number >= 0 for rule in policy)


@pytest.mark.skipif(not lock_page.applies(), reason="the page has the numbers of another architecture")
def test_the_page_says_what_the_policy_is() -> None:
    """Written again by `python -m tests.promise.lock_page`."""
    assert lock_page.PAGE.read_text("utf-8").partition(lock_page.MARK)[2] == lock_page.written()
