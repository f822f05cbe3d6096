"""From the facts of a host to findings: each thing that is missing is said, with what to do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from server.config import Config
from server.control.messages import Level
from server.doctor.checks import check_configuration, check_host
from server.doctor.finding import Finding, Verdict, missing, ok, summary, warning
from server.doctor.host import Host, read_host

GOOD = Host(
    system="linux",
    release=(6, 18),
    machine="x86_64",
    landlock_abi=7,
    seccomp_actions=frozenset({"kill_process", "errno", "allow", "log"}),
    lockable_bytes=None,
    user=1000,
    groups=frozenset({1000}),
    hides_processes=True,
    proc_group=1000,
    swap_areas=0,
    core_pattern="core",
    rings_disabled=0,
    receive_bytes=8 * 1024 * 1024,
    send_bytes=8 * 1024 * 1024,
    kernel_log_readable=True,
    clock_synchronised=True,
)


def findings(host: Host) -> dict[str, Finding]:
    return {finding.subject: finding for finding in check_host(host, Config())}


def test_nothing_is_said_against_a_good_host() -> None:
    assert {finding.verdict for finding in findings(GOOD).values()} == {Verdict.OK}
    assert all(finding.do == "" for finding in findings(GOOD).values())


LACKS = [
    ({"system": "darwin"}, "system", Verdict.MISSING, True),
    ({"machine": "riscv64"}, "system", Verdict.MISSING, True),
    ({"release": (5, 10)}, "system", Verdict.MISSING, False),
    ({"release": None}, "system", Verdict.WARNING, False),
    ({"landlock_abi": 0}, "landlock", Verdict.MISSING, False),
    ({"landlock_abi": 3}, "landlock", Verdict.MISSING, False),
    ({"seccomp_actions": frozenset({"allow"})}, "seccomp", Verdict.MISSING, False),
    ({"lockable_bytes": 8 * 1024 * 1024}, "locked memory", Verdict.WARNING, False),
    ({"lockable_bytes": 64 * 1024}, "locked memory", Verdict.MISSING, False),
    ({"proc_group": None}, "/proc", Verdict.MISSING, True),
    ({"proc_group": 5}, "/proc", Verdict.MISSING, True),
    ({"hides_processes": False}, "/proc", Verdict.WARNING, False),
    ({"swap_areas": 1}, "swap", Verdict.WARNING, False),
    ({"core_pattern": "|/usr/lib/systemd/systemd-coredump %P"}, "core dumps", Verdict.WARNING, False),
    ({"receive_bytes": 212_992}, "UDP buffers", Verdict.WARNING, False),
    ({"send_bytes": None, "receive_bytes": None}, "UDP buffers", Verdict.WARNING, False),
    ({"kernel_log_readable": False}, "kernel log", Verdict.WARNING, False),
    ({"clock_synchronised": False}, "clock", Verdict.WARNING, False),
]


@pytest.mark.parametrize(("change", "subject", "verdict", "stops"), LACKS)
def test_what_is_missing_is_said(
    change: dict[str, object], subject: str, verdict: Verdict, stops: bool
) -> None:
    found = findings(replace(GOOD, **change))  # type: ignore[arg-type]
    assert found[subject].verdict is verdict
    assert found[subject].stops is stops
    assert found[subject].do
    others = {one.verdict for one in found.values() if one.subject != subject}
    assert others == {Verdict.OK}


def test_root_needs_neither_group_nor_sysctl() -> None:
    root = replace(GOOD, user=0, proc_group=None, receive_bytes=212_992)
    assert {finding.verdict for finding in findings(root).values()} == {Verdict.OK}
    assert "61234" in findings(root)["user"].says


def test_facts_are_read_as_the_kernel_writes_them(tmp_path: Path) -> None:
    texts = {
        "proc/sys/kernel/osrelease": "5.15.0-91-generic\n",
        "proc/sys/kernel/seccomp/actions_avail": "kill_process kill_thread trap errno trace log allow\n",
        "proc/sys/kernel/core_pattern": "|/usr/share/apport/apport -p%p\n",
        "proc/sys/kernel/io_uring_disabled": "2\n",
        "proc/sys/net/core/rmem_max": "212992\n",
        "proc/swaps": "Filename\tType\tSize\tUsed\tPriority\n/dev/sda2 partition 1 0 -2\n",
        "proc/self/status": "CapEff:\t0000000000004000\n",
        "proc/self/mountinfo": "22 1 0:21 / /proc rw,relatime - proc proc rw\n"
        "23 22 0:30 / /proc/sys ro - proc proc ro\n"
        "40 22 0:41 / /proc rw,nosuid shared:5 - proc proc rw,gid=44,hidepid=invisible\n",
    }
    for name, text in texts.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    host = read_host(tmp_path)
    assert host.release == (5, 15)
    assert "kill_process" in host.seccomp_actions
    assert (host.hides_processes, host.proc_group) == (True, 44)
    assert (host.swap_areas, host.rings_disabled) == (1, 2)
    assert host.core_pattern.startswith("|/usr/share/apport")
    assert (host.receive_bytes, host.send_bytes) == (212_992, None)
    assert host.lockable_bytes is None, "CAP_IPC_LOCK knows no limit"
    assert not host.kernel_log_readable


def test_a_configuration_that_cannot_serve_stops() -> None:
    (found,) = check_configuration(Config(), dev=False)
    assert found.stops
    (found,) = check_configuration(Config(keys={"backend": "s" * 32}), dev=False)
    assert (found.verdict, found.stops) == (Verdict.WARNING, False)
    (found,) = check_configuration(Config(), dev=True)
    assert found.verdict is Verdict.OK


@pytest.mark.parametrize(
    ("level", "last", "code"),
    [
        (Level.FULL, ok("a", "b"), 0),
        (Level.FULL, warning("a", "b", "c"), 0),
        (Level.REDUCED, missing("a", "b", "c"), 1),
        (Level.NONE, missing("a", "b", "c"), 2),
        (Level.FULL, missing("a", "b", "c", stops=True), 2),
    ],
)
def test_the_exit_code_says_what_is_possible(level: Level, last: Finding, code: int) -> None:
    report = summary(level, [ok("x", "y"), last])
    assert (report.level, report.exit) == (level.name.lower(), code)
