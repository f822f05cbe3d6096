"""A relay is born locked, watched, and lost when it breaks a rule."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import msgspec
import pytest

from server.control import budget
from server.control.messages import CloseTransport, CreateTransport, Level, Locked, Notification, Stop
from server.errors import OperatorError, RelayError
from server.workers import faults, worker
from server.workers.epitaph import LONGEST_COMPLAINT
from server.workers.link import RelayLink
from server.workers.status import read_status
from server.workers.supervisor import Supervisor
from server.workers.worker import BirthRefused
from tests.relay.conftest import Relay, loopback


class Told:
    """A listener that only counts losses."""

    def __init__(self) -> None:
        self.lost: list[RelayLink] = []
        self.changed = asyncio.Event()

    def relay_notified(self, relay: RelayLink, notification: object) -> None:
        """Not looked at."""

    def relay_lost(self, relay: RelayLink) -> None:
        self.lost.append(relay)
        self.changed.set()


async def test_it_serves_with_every_layer_held(relay: Relay) -> None:
    evidence = relay.process.evidence()
    assert evidence.locked is not None
    assert evidence.locked.level is Level.FULL
    assert evidence.locked.write_canary_refused
    assert evidence.inspection is not None
    assert evidence.inspection.threads == 1
    assert evidence.inspection.writable_files == evidence.inspection.unexpected_descriptors == 0
    assert evidence.inspection.media_libraries == 0
    assert evidence.status is not None
    assert (evidence.status.seccomp_mode, evidence.status.capabilities) == (2, 0)
    assert evidence.status.every_task_locked
    assert len(relay.process.fingerprint) == 32
    assert relay.process.ipv4_port > 0
    assert relay.process.ipv6_port == 0


async def test_its_packet_thread_is_locked_too(relay: Relay) -> None:
    tasks = os.listdir(f"/proc/{relay.process.pid}/task")
    assert len(tasks) == 2
    assert read_status(relay.process.pid).every_task_locked


async def test_it_answers_and_repeats_its_probes(relay: Relay) -> None:
    async with asyncio.timeout(10):
        while relay.process.stats is None or relay.process.evidence().self_test is None:
            await asyncio.sleep(0.02)
    test = relay.process.evidence().self_test
    assert test is not None
    assert test.open_refused
    assert test.socket_refused
    assert test.status_unchanged


async def test_a_killed_relay_is_noticed(relay: Relay) -> None:
    os.kill(relay.process.pid, signal.SIGKILL)
    assert "SIGKILL" in str(await relay.until_lost())
    assert not relay.process.serving
    relay.send(CloseTransport(1))  # silently nothing


async def test_a_relay_that_does_not_answer_is_lost(relay: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "STATS_EVERY", 0.1)
    monkeypatch.setattr(worker, "SILENCE", 0.5)
    os.kill(relay.process.pid, signal.SIGSTOP)
    reason = await relay.until_lost()
    assert "not answered" in str(reason)


async def test_it_leaves_when_asked(relay: Relay) -> None:
    relay.send(Stop())
    await relay.until_lost()


async def test_a_malformed_control_message_is_fatal(relay: Relay) -> None:
    channel = relay.process._channel
    assert channel is not None
    os.write(channel._write_fd, b"\x00\x00\x00\x02\xc1\xc1")
    await relay.until_lost()
    process = relay.process._process
    assert process is not None
    async with asyncio.timeout(5):
        assert await process.wait() == 2


async def test_it_does_not_outlive_signaling(relay: Relay) -> None:
    channel = relay.process._channel
    assert channel is not None
    channel.close()
    process = relay.process._process
    assert process is not None
    async with asyncio.timeout(5):
        assert await process.wait() == 0


async def test_a_port_that_is_taken_is_told_to_the_operator() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        config = loopback()
        busy = msgspec.structs.replace(config.relay, udp_port=taken.getsockname()[1])
        supervisor = Supervisor(msgspec.structs.replace(config, relay=busy), Told())
        with pytest.raises(OperatorError, match=rf"ports free.* udp_port is {busy.udp_port} "):
            await supervisor.start()
    assert supervisor.relays() == []


async def test_a_relay_that_inspection_finds_fault_with_is_not_let_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(faults, "birth_faults", lambda *_: [faults.Fault.WRITABLE_FILE])
    made = Relay(loopback())
    with pytest.raises(BirthRefused, match="writable_file"):
        await made.process.start()
    assert made.process._process is not None
    assert made.process._process.returncode == -signal.SIGKILL


async def test_a_level_below_the_minimum_is_not_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signaling does not rely on the relay's own refusal."""
    made = Relay(loopback())
    real = made.process._notified

    def claims_less(notification: Notification) -> None:
        if isinstance(notification, Locked):
            notification = msgspec.structs.replace(notification, level=Level.REDUCED)
        real(notification)

    monkeypatch.setattr(made.process, "_notified", claims_less)
    with pytest.raises(BirthRefused, match="reduced"):
        await made.process.start()


async def test_a_relay_that_comes_too_late_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "LOCK_TIMEOUT", 0.01)
    made = Relay(loopback())
    with pytest.raises(BirthRefused, match="did not lock"):
        await made.process.start()
    assert made.process._process is not None
    assert made.process._process.returncode is not None


def _instead(monkeypatch: pytest.MonkeyPatch, directory: Path, script: str) -> Relay:
    """A relay whose process runs the script; its last two arguments are the pipes."""
    program = directory / "relay"
    program.write_text(f"#!{sys.executable}\nimport os, sys\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    return Relay(loopback())


async def test_what_a_relay_complains_of_before_it_dies_is_told_in_a_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    noise = "sys.stderr.write('noise' * 10_000 + chr(10))"
    made = _instead(monkeypatch, tmp_path, f"{noise}\nraise ImportError(chr(27) + '[1m' + 'no codec ' * 500)")
    with pytest.raises(BirthRefused) as refused:
        await made.process.start()
    told = str(refused.value)
    assert "its process ended (exit status 1): ImportError: ?[1mno codec no codec" in told
    assert len(told) < LONGEST_COMPLAINT + 100
    assert told.isprintable()
    assert "Traceback" not in told


async def test_the_end_of_a_process_says_more_than_that_of_its_pipes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """However long it takes to end after them."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    made = _instead(
        monkeypatch,
        tmp_path,
        f"os.close(int(sys.argv[-1]))\nopen({str(gate)!r}).read()\nsys.exit('the reason')",
    )
    lost = made.process._channel_lost

    def then_let_it_end(reason: RelayError) -> None:
        lost(reason)
        gate.write_text("now")

    assert made.process._channel is None
    monkeypatch.setattr(made.process, "_channel_lost", then_let_it_end)
    with pytest.raises(BirthRefused, match="the reason"):
        await made.process.start()


async def test_a_lost_relay_is_replaced_under_the_same_number() -> None:
    told = Told()
    supervisor = Supervisor(loopback(), told)
    await supervisor.start()
    try:
        first = supervisor.serving()[0]
        os.kill(supervisor.evidence()[0].pid, signal.SIGKILL)
        async with asyncio.timeout(15):
            await told.changed.wait()
            while not supervisor.serving():
                await asyncio.sleep(0.02)
        second = supervisor.serving()[0]
        assert told.lost == [first]
        assert (second.number, second.generation) == (first.number, first.generation + 1)
        assert second.fingerprint != first.fingerprint
    finally:
        await supervisor.stop()
    assert supervisor.evidence() == []


async def test_a_retired_relay_is_followed_by_a_fresh_one() -> None:
    told = Told()
    supervisor = Supervisor(loopback(), told)
    await supervisor.start()
    try:
        first = supervisor.serving()[0]
        assert not supervisor.has_carried(first)
        first.send(CreateTransport(first.next_id(), "ufrag", "p" * 22, opens_data_channels=False))
        assert supervisor.has_carried(first)
        pid = supervisor.evidence()[0].pid
        assert supervisor.retire(first)
        assert supervisor.serving() == []
        async with asyncio.timeout(15):
            while not supervisor.serving():
                await asyncio.sleep(0.02)
        assert supervisor.evidence()[0].pid != pid
        assert told.lost == [first]
        assert supervisor.retire(first), "it is gone: nothing to do"
        assert supervisor.serving() != []
    finally:
        await supervisor.stop()
