"""`offrecord verify --host-settings`: a program that receives cores gets none of a relay; what was set is put
back."""

from __future__ import annotations

import os

import pytest

from server import _native
from server.relay.birth import LEAST_LANDLOCK_ABI
from server.verify import run as verify
from server.verify.layers import Layer
from server.verify.settings import CORE_PATTERN, put_back

pytestmark = [
    pytest.mark.promise,
    pytest.mark.xdist_group("core pattern"),
    pytest.mark.timeout(60),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may change who receives cores"),
    pytest.mark.skipif(_native.landlock_abi() < LEAST_LANDLOCK_ABI, reason="this kernel has no full lock"),
]
ATTACK = "crash_for_a_program_that_receives_cores"


async def test_no_core_of_a_relay_reaches_a_program_although_the_limit_does_not_stop_it() -> None:
    before = CORE_PATTERN.read_bytes()
    report = await verify.run(verify.Wanted(only=(ATTACK,), matrix=True, host_settings=True))
    assert CORE_PATTERN.read_bytes() == before
    if report.not_demonstrable:
        pytest.skip(f"cores of this machine go elsewhere: {report.not_demonstrable[0].reason}")
    assert report.blocked == 1
    assert report.matrix is not None
    (row,) = report.matrix.attacks
    assert Layer.LIMITS not in row.alone_stopped
    assert Layer.NOT_DUMPABLE in row.alone_stopped


async def test_without_being_asked_for_it_is_untested() -> None:
    report = await verify.run(verify.Wanted(only=(ATTACK,)))
    assert report.tried == 0
    assert [one.subject for one in report.untested] == [ATTACK]


def test_a_setting_that_a_killed_run_left_is_put_back() -> None:
    before = CORE_PATTERN.read_bytes()
    with put_back():
        CORE_PATTERN.write_text("core.of-a-test")
    assert CORE_PATTERN.read_bytes() == before
