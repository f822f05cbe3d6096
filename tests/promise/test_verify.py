"""`offrecord verify`: what it attacks, what it counts, and that a missing layer makes it fail."""

from __future__ import annotations

import json
import os
from pathlib import Path

import msgspec
import pytest

from server import _native
from server.control.messages import Level
from server.relay.birth import LEAST_LANDLOCK_ABI
from server.verify import run as verify
from server.verify import warden
from server.verify.attack import Group
from server.verify.attacks import ATTACKS
from server.verify.report import Report, Tried, summarise

pytestmark = [
    pytest.mark.promise,
    pytest.mark.timeout(150),  # two hundred processes are born; machines are slow at times
    pytest.mark.skipif(_native.landlock_abi() < LEAST_LANDLOCK_ABI, reason="this kernel has no full lock"),
]
KNOWN = {
    "data_in_the_command_line",
    "data_in_the_signal_mask",
    "send_to_a_stranger_over_the_relay_socket",
}


def _check_identities(report: Report) -> None:
    assert report.tried == report.control_worked + len(report.not_demonstrable)
    assert report.control_worked == report.blocked + len(report.open)


def test_a_whole_lock_stops_everything_but_what_is_documented(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ends: dict[str, Tried] = {}
    run = verify.run

    async def noted() -> Report:
        return await run(lambda one, _total: ends.update({one.attack: one}))

    monkeypatch.setattr(verify, "run", noted)
    before = set(Path("/dev/shm").iterdir())
    assert verify.main(json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {"level", "tried", "control_worked", "blocked", "open", "not_demonstrable"}
    assert told["level"] == "full"
    assert told["tried"] == len(ATTACKS) >= 40
    assert told["control_worked"] >= 30
    _check_identities(msgspec.convert(told, Report))
    assert {found["attack"] for found in told["open"]} <= KNOWN
    assert all(found["documented"] and found["host_measure"] for found in told["open"])
    assert set(Path("/dev/shm").iterdir()) == before
    # The lock stops the recorder: neither a missing module nor a recorder that never works would do.
    for recorder in ("aiortc_media_recorder", "pyav_container"):
        assert (ends[recorder].control, ends[recorder].locked) == ("worked", "killed")


async def test_without_filters_the_attacks_get_through() -> None:
    report = await verify.run(left_out=frozenset({"seccomp"}))
    _check_identities(report)
    assert report.level == "none"
    assert not report.holds
    opened = {found.attack for found in report.open} - KNOWN
    # Landlock covers none of these.
    assert {"data_in_a_time", "data_in_a_mode", "shared_memory_segment"} <= opened
    # And these it does.
    assert not {"write_a_path", "connect_by_tcp", "aiortc_media_recorder"} & opened


def test_attacks_are_named_once_and_spread_over_all_groups() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
    assert {attack.group for attack in ATTACKS} == set(Group)
    assert {attack.name for attack in ATTACKS if attack.known is not None} == KNOWN


def _one(control: bool, locked: bool, measure: str | None) -> Tried:
    return Tried("attack", "files", control, "ended", locked, "worked" if locked else "killed", measure)


def test_an_open_attack_that_nobody_documented_fails_the_verification() -> None:
    report = summarise(Level.FULL, [_one(True, True, None)])
    assert not report.holds
    assert not report.open[0].documented


def test_counts_are_kept_apart() -> None:
    tried = [_one(True, False, None), _one(True, True, "a firewall"), _one(False, False, None)]
    report = summarise(Level.FULL, tried)
    assert (report.tried, report.control_worked, report.blocked) == (3, 2, 1)
    assert report.open[0].host_measure == "a firewall"
    assert report.not_demonstrable[0].reason == "ended"
    _check_identities(report)
    assert report.holds


async def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(verify, "_scratch", lambda: scratch)
    monkeypatch.setattr(verify, "SECONDS", 0.0)
    with pytest.raises(verify.VerifyError):
        await verify.run()
    assert os.listdir(tmp_path) == []


def test_an_attack_that_could_reach_the_host_is_not_run_without_its_namespace(tmp_path: Path) -> None:
    for one in ATTACKS:
        if one.needs:
            told = warden.both(one, tmp_path, frozenset(), frozenset())
            assert told["locked"] is None
            assert told["control"] == {
                "worked": False,
                "how": "needs a namespace that this machine does not allow",
                "level": Level.NONE,
            }
    assert os.listdir(tmp_path) == []
