"""What a relay may call is what it calls: a rule that no call needs says why it is there, or goes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from server import _native
from server.relay.birth import LEAST_LANDLOCK_ABI

pytestmark = [
    pytest.mark.promise,
    pytest.mark.xdist_group("traced call"),
    pytest.mark.timeout(120),
    pytest.mark.skipif(_native.landlock_abi() < LEAST_LANDLOCK_ABI, reason="this kernel has no full lock"),
]
ROOT = Path(__file__).parents[2]
CALL = re.compile(r"^(\w+)\((.*)\)\s+= (.*)$")
INSTALLED = re.compile(r"^seccomp\(0x1, .*= 0$")
FILTERS_AFTER_ALLOWED = 2  # what seems absent, and the tripwires
EXECUTABLE = 4
PROBES = {"open", "openat", "socket", "mmap", "clone3"}
"""Refused over and over, on purpose: the relay asks whether it is still locked. A thread is tried by
clone3 as well, before clone."""


@dataclass(frozen=True)
class Call:
    name: str
    arguments: tuple[int, ...]
    answer: str

    @property
    def refused(self) -> bool:
        return bool(re.match(r"-1 E(PERM|ACCES|NOSYS)\b", self.answer))


def _parsed(lines: list[str]) -> list[Call]:
    """Of a trace with raw arguments. A call that never came back has no line of this form, or `?`."""
    found = (CALL.match(line) for line in lines)
    return [
        Call(one[1], tuple(int(word, 0) for word in one[2].split(", ") if word), one[3])
        for one in found
        if one is not None
    ]


def _calls(traces: Path) -> list[Call]:
    """What the relay and its threads called under the allow list."""
    for path in traces.iterdir():
        lines = path.read_text().splitlines()
        installed = [number for number, line in enumerate(lines) if INSTALLED.match(line)]
        if len(installed) == _native.filter_count():
            calls = _parsed(lines[installed[-1 - FILTERS_AFTER_ALLOWED] + 1 :])
            threads = [int(call.answer, 0) for call in calls if call.name == "clone"]
            assert threads, "the packet thread is not in the trace"
            for thread in threads:
                calls += _parsed((traces / f"trace.{thread}").read_text().splitlines())
            return calls
    raise AssertionError("no relay is in the traces")


def _holds(condition: tuple[int, int, str, int, int], arguments: tuple[int, ...]) -> bool:
    argument, bits, test, mask, value = condition
    given = arguments[argument] & ((1 << bits) - 1)
    assert test in {"is", "not"}, "who signals itself is not to be seen here"
    return (given & mask == value) is (test == "is")


def _fits(rule: _native.PolicyRule, call: Call) -> bool:
    """Whether the rule lets this call pass."""
    if rule.name != call.name:
        return False
    return not rule.any or any(all(_holds(one, call.arguments) for one in checks) for checks in rule.any)


def _allowed() -> list[_native.PolicyRule]:
    return [rule for rule in _native.policy() if rule.table == "allowed"]


def _unneeded(rules: list[_native.PolicyRule], calls: list[Call]) -> list[str]:
    """Rules that let nothing pass and do not say why they are there."""
    return [
        f"{rule.name}: {rule.reason}"
        for rule in rules
        if not rule.unseen and not any(_fits(rule, call) for call in calls)
    ]


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> list[Call]:
    strace = shutil.which("strace")
    assert strace, "strace is not installed; scripts/debian.sh installs it where it can"
    traces = tmp_path_factory.mktemp("traces")
    ran = subprocess.run(
        [
            *(strace, "-ff", "-qq", "-e", "raw=all", "-e", "signal=none", "-o", str(traces / "trace")),
            *(sys.executable, "-m", "tests.promise.traced_call"),
        ],
        cwd=ROOT,
        env={"PATH": os.defpath, "PYTHONPATH": str(ROOT), "HOME": str(traces)},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return _calls(traces)


def test_the_trace_is_that_of_a_whole_call(calls: list[Call]) -> None:
    for name in ("recvmmsg", "sendmmsg"):
        assert sum(call.name == name for call in calls) > 50
    assert "exit_group" in {call.name for call in calls}


def test_every_rule_is_needed_or_says_why_it_is_there(calls: list[Call]) -> None:
    assert _unneeded(_allowed(), calls) == []


def test_nothing_that_a_call_needs_is_refused(calls: list[Call]) -> None:
    refused = [call for call in calls if call.refused]
    assert {call.name for call in refused} <= PROBES
    assert all(call.arguments[2] & EXECUTABLE for call in refused if call.name == "mmap")


def test_a_rule_that_nothing_needs_would_be_noticed(calls: list[Call]) -> None:
    without = [call for call in calls if call.name != "getrandom"]
    assert _unneeded(_allowed(), without) == ["getrandom: keys"]


def test_an_alternative_that_nothing_needs_would_be_noticed(calls: list[Call]) -> None:
    """A rule counts by its arguments, not by its name."""
    dumpable, get = 4, {3, 21, 39}
    without = [call for call in calls if call.name != "prctl" or call.arguments[0] in get]
    assert dumpable not in get
    assert len(_unneeded(_allowed(), without)) == 1
