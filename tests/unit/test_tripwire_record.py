"""Of the kernel's log only the number of the call is taken, of our process, from the kernel's own records."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from server import _native
from server.workers import tripwire
from server.workers.faults import UNKNOWN_CALL
from server.workers.tripwire import FOREIGN_ABI, KernelLog, call_of

PID = 16697
EXECVE = {name: number for number, name in _native.tripwires()}["execve"]
NATIVE = {"x86_64": "c000003e", "aarch64": "c00000b7"}.get(platform.machine(), "0")


def record(
    *,
    pid: int = PID,
    call: int = EXECVE,
    architecture: str = NATIVE,
    head: str = "5,1435,11499155328,-",
    signal: int = 31,
) -> bytes:
    """As Linux 6.18 writes it."""
    return (
        f"{head};audit: type=1326 audit(1795361788.283:2281): auid=4294967295 uid=61234 gid=61234 "
        f'ses=4294967295 pid={pid} comm="python" exe="/usr/bin/python3.11" sig={signal} arch={architecture} '
        f"syscall={call} compat=0 ip=0x7f2678728dc7 code=0x80000000\n"
    ).encode()


def test_the_name_is_that_of_the_policy() -> None:
    assert call_of(record(), PID) == "execve"
    with_label = record().replace(b" pid=", b" subj=system_u:system_r:init_t:s0 pid=")
    assert call_of(with_label, PID) == "execve"


@pytest.mark.parametrize(
    "other",
    [
        record(pid=PID + 1),
        record(signal=11),
        record(head="13,1435,11499155328,-"),  # facility 1: a process wrote it
        record().replace(b"type=1326", b"type=1300"),
        record()[:80],
        b"",
        b"4,1434,11499155322,-;kauditd_printk_skb: 58 callbacks suppressed\n",
    ],
)
def test_other_records_say_nothing(other: bytes) -> None:
    assert call_of(other, PID) is None


def test_a_name_that_quotes_a_record_is_not_read() -> None:
    """The kernel writes such names in hexadecimal; were it otherwise, the first words would still count."""
    forged = record(pid=1).replace(b'"python"', record())
    assert call_of(forged, PID) is None


def test_calls_that_have_no_name() -> None:
    assert call_of(record(architecture="40000003"), PID) == FOREIGN_ABI
    assert call_of(record(call=0x4000_0000 | EXECVE), PID) == FOREIGN_ABI
    assert call_of(record(call=999), PID) == UNKNOWN_CALL


async def test_only_what_is_said_from_now_on_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Process ids are used again."""
    monkeypatch.setattr(tripwire, "_numbers_are_the_kernels", lambda: True)
    path = tmp_path / "kmsg"
    path.write_bytes(record())
    log = KernelLog(path)
    assert await log.call_that_killed(PID) == UNKNOWN_CALL
    with path.open("ab") as kernel:
        kernel.write(record())
    assert await log.call_that_killed(PID) == "execve"
    log.close()
    assert await log.call_that_killed(PID) == UNKNOWN_CALL


async def test_in_a_namespace_of_processes_the_log_means_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tripwire, "_numbers_are_the_kernels", lambda: False)
    path = tmp_path / "kmsg"
    path.touch()
    log = KernelLog(path)
    path.write_bytes(record())
    assert await log.call_that_killed(PID) == UNKNOWN_CALL


async def test_a_log_that_cannot_be_read_is_no_error(tmp_path: Path) -> None:
    assert await KernelLog(tmp_path / "absent").call_that_killed(PID) == UNKNOWN_CALL
