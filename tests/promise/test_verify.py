"""`offrecord verify`: what it attacks, what it counts, and that a missing layer makes it fail."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import msgspec
import pytest

from server import _native
from server.control.messages import Level
from server.errors import OperatorError
from server.relay.birth import LEAST_LANDLOCK_ABI
from server.verify import run as verify
from server.verify import warden
from server.verify.attack import Group
from server.verify.attacks import ATTACKS
from server.verify.layers import Layer, without
from server.verify.measures import MEASURES, State
from server.verify.report import FORMAT, Recorder, Report, summarise
from server.verify.wire import NO_CALL, How, Line, Outcome, Plan, Planted

pytestmark = [
    pytest.mark.promise,
    pytest.mark.timeout(150),  # hundreds of processes are born; machines are slow at times
    pytest.mark.skipif(_native.landlock_abi() < LEAST_LANDLOCK_ABI, reason="this kernel has no full lock"),
]
KNOWN = {
    "data_in_the_command_line",
    "data_in_the_signal_handlers",
    "data_in_the_signal_mask",
    "data_in_the_size_of_memory",
    "send_to_a_stranger_over_the_relay_socket",
    "send_to_a_stranger_who_connects",
}


def _check_identities(report: Report) -> None:
    assert report.tried == report.control_worked + len(report.not_demonstrable)
    assert report.control_worked == report.blocked + len(report.open)


def test_a_whole_lock_stops_everything_but_what_is_documented(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ends: dict[str, Line] = {}
    run = verify.run

    async def noted(wanted: verify.Wanted, progress: verify.ProgressOf) -> Report:
        def told(one: Line | Planted, total: int) -> None:
            if isinstance(one, Line):
                ends[one.attack] = one
            progress(one, total)

        return await run(wanted, told)

    monkeypatch.setattr(verify, "run", noted)
    before = set(Path("/dev/shm").iterdir())
    assert verify.main(verify.Wanted(), json=True) == 0
    out, err = capsys.readouterr()
    report = msgspec.json.decode(out, type=Report)  # the report and nothing else
    assert f"attacks: {len(ATTACKS)} of {len(ATTACKS)}" in err
    assert (report.format, report.level, report.matrix) == (FORMAT, "full", None)
    skipped = {attack.name for attack in ATTACKS if attack.changes_host}
    assert report.tried + len(skipped) == len(ATTACKS) >= 100
    assert skipped <= {each.subject for each in report.untested}
    assert report.control_worked >= 30
    _check_identities(report)
    assert {found.attack for found in report.open} <= KNOWN
    assert all(found.documented and found.closed_by and found.closed_by.text for found in report.open)
    assert all(each.subject and each.reason for each in report.untested)
    assert {one.how for one in report.limits} == set(How)
    _check_recorders(report.planted)
    assert set(Path("/dev/shm").iterdir()) == before
    # The lock stops the recorder: neither a missing module nor a recorder that never works would do.
    for recorder in ("aiortc_media_recorder", "pyav_container"):
        assert (ends[recorder].control.how, ends[recorder].locked) == (
            "worked",
            Outcome(False, "killed", Level.FULL),
        )


CAUGHT = {
    "planted_media_recorder": "not born: media_library",
    "planted_pyav_muxing": "not born: media_library",
    "planted_program": "refused",
    "planted_packet_dump": "killed",
    "planted_memory_mapped_file": "not born: writable_file, unexpected_descriptor, shared_map",
    "planted_shared_memory_segment": "killed",
    "planted_log_line_per_packet": "not born: writable_file, unexpected_descriptor",
    "planted_inherited_child": "not born: other_process",
    "planted_inherited_thread": "not born: threads",
    "planted_control_messages": "killed: it says more than a relay may",
    "planted_numbers_of_endings": "killed: it told an end that was not asked for",
}


def _check_recorders(planted: list[Recorder]) -> None:
    """Each recorded a call when nothing was locked, and was caught by what is there to catch it."""
    assert [one.recorder for one in planted if not one.found_unlocked] == []
    # The kernel's log, where it can be read, names the call after "killed".
    assert {one.recorder: one.locked.removesuffix(": openat") for one in planted if one.caught} == CAUGHT


def test_a_recorder_that_escapes_fails_the_verification() -> None:
    worked = Outcome(True, "worked")
    escaped = Planted("planted_log", "a log", worked, worked)
    report = summarise(Level.FULL, [], MEASURES, [escaped])
    assert not report.holds
    assert report.escaped == report.planted


async def test_without_filters_the_attacks_get_through() -> None:
    covered = ("write_a_path", "connect_by_tcp", "aiortc_media_recorder")
    uncovered = ("data_in_a_time", "data_in_a_mode", "shared_memory_segment")
    report = await verify.run(verify.Wanted(only=covered + uncovered), layers=without(Layer.SECCOMP))
    _check_identities(report)
    assert report.level == "none"
    assert not report.holds
    assert {found.attack for found in report.open} == {
        "data_in_a_time",
        "data_in_a_mode",
        "shared_memory_segment",
    }


async def test_the_matrix_says_what_each_layer_stops() -> None:
    chosen = (
        "data_in_a_time",
        "crash_for_a_core_file",
        "write_through_old_mapping",
        "ring_from_before_the_lock",
    )
    report = await verify.run(verify.Wanted(only=chosen, matrix=True))
    assert report.holds
    assert report.matrix is not None
    rows = {row.attack: row for row in report.matrix.attacks}
    assert set(rows) == set(chosen)
    for row in rows.values():
        assert set(row.alone) == set(row.without) == set(Layer)
    assert rows["data_in_a_time"].only_stopped_by == rows["data_in_a_time"].alone_stopped == [Layer.SECCOMP]
    assert rows["write_through_old_mapping"].only_stopped_by == [Layer.INSPECTION]
    assert {Layer.LIMITS, Layer.LANDLOCK, Layer.NOT_DUMPABLE} <= set(
        rows["crash_for_a_core_file"].alone_stopped
    )
    assert rows["crash_for_a_core_file"].only_stopped_by == []
    assert {Layer.STAGE_0, Layer.INSPECTION} <= set(rows["ring_from_before_the_lock"].alone_stopped)
    seccomp = next(each for each in report.matrix.layers if each.layer is Layer.SECCOMP)
    assert seccomp.without_it_open == ["data_in_a_time"]
    assert seccomp.alone_stops >= 1


def test_attacks_are_named_once_and_spread_over_all_groups() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
    assert {attack.group for attack in ATTACKS} == set(Group)
    assert {attack.name for attack in ATTACKS if attack.closed_by is not None} == KNOWN
    assert {attack.closed_by for attack in ATTACKS} - {None} <= set(MEASURES)


def test_a_name_that_no_attack_has_is_told() -> None:
    with pytest.raises(OperatorError, match="write_a_poem"):
        verify.main(verify.Wanted(only=("write_a_poem",)), json=True)


def test_whether_a_measure_is_in_place_is_looked_up() -> None:
    for measure in MEASURES:
        assert measure.state() in State


def _one(control: bool, locked: bool, closed_by: str = "") -> Line:
    went = [Outcome(worked, "worked" if worked else "ended") for worked in (control, locked)]
    return Line("attack", "files", went[0], went[1] if control else None, closed_by)


def test_an_open_attack_that_nobody_documented_fails_the_verification() -> None:
    report = summarise(Level.FULL, [_one(True, True)], [])
    assert not report.holds
    assert not report.open[0].documented


def test_counts_are_kept_apart() -> None:
    measure = MEASURES[0]
    skipped = msgspec.structs.replace(_one(False, False), attack="skipped", skipped="not here")
    lines = [_one(True, False), _one(True, True, measure.name), _one(False, False), skipped]
    report = summarise(Level.FULL, lines, list(MEASURES))
    assert (report.tried, report.control_worked, report.blocked) == (3, 2, 1)
    assert report.open[0].closed_by is not None
    assert report.open[0].closed_by.text == measure.text
    assert report.not_demonstrable[0].reason == "ended"
    assert [each.subject for each in report.untested] == ["skipped"]
    _check_identities(report)
    assert report.holds


async def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "mkdtemp", lambda prefix: str(scratch))
    monkeypatch.setattr(verify, "SECONDS", 0.0)
    with pytest.raises(verify.VerifyError):
        await verify.run()
    assert os.listdir(tmp_path) == []


def test_an_attack_that_could_reach_the_host_is_not_run_without_its_namespace(tmp_path: Path) -> None:
    for one in ATTACKS:
        if one.needs:
            told = warden.try_out(one, Plan(str(tmp_path)), frozenset())
            assert told.locked is None
            assert told.skipped or told.control == Outcome(False, warden.NOT_ISOLATED)
    assert os.listdir(tmp_path) == []


async def test_a_recorder_whose_relay_carried_no_call_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    said = Planted("planted_packet_dump", "a dump", Outcome(True, "worked"), Outcome(False, NO_CALL))
    monkeypatch.setattr(msgspec.json, "decode", lambda _line, type: said)
    with pytest.raises(verify.VerifyError, match="planted_packet_dump"):
        await verify.plant(verify.Wanted(only=("planted_packet_dump",)))
