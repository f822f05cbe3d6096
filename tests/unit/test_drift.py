"""Each field of the kernel's account that is watched, in a /proc of the test: one change, one fault."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from server import _native
from server.control.messages import Level, SelfTest
from server.workers import observation, status
from server.workers.faults import Fault, self_test_faults, serving_faults
from server.workers.proc import InspectionError
from server.workers.status import read_status
from tests.unit.test_judge import LOCKED

PID = 4242
FILTERS = _native.filter_count()
ARENA = 8 * 1024 * 1024
RELAYS = 61234

STATUS = f"""Name:\tpython
State:\tS (sleeping)
TracerPid:\t0
Uid:\t{RELAYS}\t{RELAYS}\t{RELAYS}\t{RELAYS}
Gid:\t{RELAYS}\t{RELAYS}\t{RELAYS}\t{RELAYS}
VmLck:\t    8192 kB
VmSwap:\t       0 kB
Threads:\t2
CapInh:\t0000000000000000
CapPrm:\t0000000000000000
CapEff:\t0000000000000000
CapBnd:\t000001ffffffffff
CapAmb:\t0000000000000000
NoNewPrivs:\t1
Seccomp:\t2
Seccomp_filters:\t{FILTERS}
"""
LIMITS = """Limit                     Soft Limit           Hard Limit           Units
Max cpu time              unlimited            unlimited            seconds
Max file size             0                    0                    bytes
Max core file size        0                    0                    bytes
Max locked memory         8388608              8388608              bytes
Max msgqueue size         0                    0                    bytes
"""


class Proc:
    """Files as the kernel shows them of a locked relay, and of the process that reads."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._relay = root / str(PID)
        for task in (PID, PID + 1):
            self._write(self._relay / "task" / str(task) / "status", STATUS)
        self._write(self._relay / "status", STATUS)
        self._write(self._relay / "limits", LIMITS)
        self._write(root / "self" / "status", "Seccomp_filters:\t0\nTracerPid:\t0\n")
        self._write(root / "self" / "uid_map", "         0          0 4294967295\n")

    def change(self, name: str, old: str, new: str) -> None:
        path = self._relay / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def add_task(self, text: str = STATUS) -> None:
        self._write(self._relay / "task" / "5000" / "status", text)

    def found(self, level: Level = Level.FULL) -> list[Fault]:
        return serving_faults(read_status(PID, self.root), level, ARENA)

    @staticmethod
    def _write(path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def proc(tmp_path: Path) -> Proc:
    return Proc(tmp_path)


def test_a_whole_lock_is_no_drift(proc: Proc) -> None:
    assert proc.found() == []


CHANGES = [
    ("status", "Seccomp:\t2", "Seccomp:\t0", Fault.NO_FILTERS),
    ("status", f"filters:\t{FILTERS}", f"filters:\t{FILTERS - 1}", Fault.FEW_FILTERS),
    ("status", "NoNewPrivs:\t1", "NoNewPrivs:\t0", Fault.NEW_PRIVILEGES),
    ("status", f"Uid:\t{RELAYS}", "Uid:\t0", Fault.ROOT),
    ("status", f"\t{RELAYS}\nGid", "\t0\nGid", Fault.ROOT),
    ("status", "CapEff:\t0000000000000000", "CapEff:\t0000000000000400", Fault.CAPABILITIES),
    ("status", "CapPrm:\t0000000000000000", "CapPrm:\t0000000000000001", Fault.CAPABILITIES),
    ("status", "CapInh:\t0000000000000000", "CapInh:\t0000000000000001", Fault.CAPABILITIES),
    ("status", "CapAmb:\t0000000000000000", "CapAmb:\t0000000000000001", Fault.CAPABILITIES),
    ("status", "TracerPid:\t0", "TracerPid:\t77", Fault.TRACED),
    ("status", "VmLck:\t    8192", "VmLck:\t    8191", Fault.NOTHING_LOCKED),
    ("limits", "size             0        ", "size             1        ", Fault.FILE_SIZE_LIMIT),
    ("limits", "core file size        0    ", "core file size        unlimited", Fault.CORE_LIMIT),
    ("limits", "msgqueue size         0      ", "msgqueue size         819200 ", Fault.QUEUE_LIMIT),
    (f"task/{PID + 1}/status", "Seccomp:\t2", "Seccomp:\t0", Fault.UNLOCKED_THREAD),
    (f"task/{PID + 1}/status", f"ters:\t{FILTERS}", f"ters:\t{FILTERS - 1}", Fault.UNLOCKED_THREAD),
    (f"task/{PID + 1}/status", "NoNewPrivs:\t1", "NoNewPrivs:\t0", Fault.UNLOCKED_THREAD),
]


@pytest.mark.parametrize(("name", "old", "new", "fault"), CHANGES)
def test_one_change_is_one_fault(proc: Proc, name: str, old: str, new: str, fault: Fault) -> None:
    proc.change(name, old, new)
    # Without no_new_privs the bounding set counts too.
    also = [Fault.CAPABILITIES] if fault is Fault.NEW_PRIVILEGES else []
    assert proc.found() == [fault, *also]


def test_a_hard_limit_above_a_soft_one_counts(proc: Proc) -> None:
    proc.change(
        "limits",
        "file size             0                    0  ",
        "file size             0                    9  ",
    )
    assert Fault.FILE_SIZE_LIMIT in proc.found()


def test_a_limit_that_is_not_listed_is_none(proc: Proc) -> None:
    proc.change("limits", "Max msgqueue size", "Max something else")
    assert proc.found() == [Fault.QUEUE_LIMIT]


def test_one_thread_more(proc: Proc) -> None:
    proc.add_task()
    assert proc.found() == [Fault.THREADS]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another")
def test_files_that_belong_to_the_relays_user_are_those_of_a_dumpable_process(proc: Proc) -> None:
    os.chown(proc.root / str(PID) / "status", RELAYS, -1)
    assert proc.found() == [Fault.DUMPABLE]


def test_a_server_that_is_traced_itself_does_not_end_its_relays(proc: Proc) -> None:
    proc.change("status", "TracerPid:\t0", "TracerPid:\t77")
    status = read_status(PID, proc.root)
    assert status.traced
    assert serving_faults(status, Level.FULL, ARENA, may_be_traced=True) == []


def test_where_nothing_is_promised_nothing_drifts(proc: Proc) -> None:
    proc.change("status", "Seccomp:\t2", "Seccomp:\t0")
    assert proc.found(Level.NONE) == []


@pytest.mark.parametrize("name", ["status", "limits", "task"])
def test_a_process_that_is_gone_or_hidden_is_an_error(proc: Proc, name: str) -> None:
    os.rename(proc.root / str(PID) / name, proc.root / "gone")
    with pytest.raises(InspectionError):
        proc.found()


def test_an_account_that_lacks_a_field_is_an_error(proc: Proc) -> None:
    proc.change("status", "NoNewPrivs", "Another")
    with pytest.raises(InspectionError):
        proc.found()


@pytest.mark.parametrize(
    ("field", "fault"),
    [
        ("open_refused", Fault.OPENING_ALLOWED),
        ("socket_refused", Fault.CONNECTING_ALLOWED),
        ("status_unchanged", Fault.OWN_STATUS_CHANGED),
    ],
)
def test_each_probe_counts(field: str, fault: Fault) -> None:
    held = {name: name != field for name in SelfTest.__struct_fields__}
    assert self_test_faults(SelfTest(**held)) == [fault]


@pytest.mark.parametrize(("may_hide", "expected"), [(True, []), (False, [Fault.HIDDEN])])
def test_where_no_level_is_asked_for_a_relay_may_be_hidden(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, may_hide: bool, expected: list[Fault]
) -> None:
    monkeypatch.setattr(observation, "UNOBSERVED", -1.0)
    monkeypatch.setattr(status, "read_status", lambda pid: read_status(pid, tmp_path))
    assert observation.Observation().drift(PID, LOCKED, may_hide=may_hide) == expected
