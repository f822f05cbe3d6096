"""One relay process, from outside: spawned, inspected, let go, watched, ended.

spawn ── Boot ──> Locked ── inspection ──> Proceed ──> Ready ──> serving ──> lost
  └───────────── any step late or wrong: killed, with the reason ─────────────┘
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import server
from server.control import budget
from server.control.channel import Channel
from server.control.codec import LARGEST_REQUEST, ProtocolError, notification_decoder
from server.control.messages import (
    Boot,
    CreateConsumer,
    CreateProducer,
    CreateTransport,
    Level,
    Locked,
    Notification,
    Proceed,
    ProducerEnded,
    Ready,
    Receiver,
    ReceiversEnd,
    Refused,
    Request,
    SelfTest,
    Stats,
    Stop,
    Traffic,
    TransportEnded,
    TransportState,
    Unborn,
)
from server.errors import RelayError, RelayFault
from server.firewall.keeping import FirewallError
from server.firewall.measure import HostFirewall
from server.guarantee.evidence import MediaTimes, RelayEvidence
from server.workers.allowance import Allowance
from server.workers.counting import Counting
from server.workers.endings import EndingBook
from server.workers.epitaph import epitaph
from server.workers.faults import Drifted, Fault, Tripped
from server.workers.observation import Observation
from server.workers.proc import InspectionError
from server.workers.receivers import Answer, ReceiverBook
from server.workers.steps import StepBook
from server.workers.tripwire import KernelLog

LOCK_TIMEOUT: Final = 30.0
"""Seconds from the spawn to Locked: imports on a slow machine."""
READY_TIMEOUT: Final = 10.0
ANSWER_TIMEOUT: Final = 2.0
"""Seconds in which a relay says who receives; whether it lives is judged by other means."""
SILENCE: Final = 10.0
"""Seconds without an answer after which a relay is taken for dead."""
STOP_TIMEOUT: Final = 3.0
EPITAPH_TIMEOUT: Final = 5.0
"""So long may a process that closed its pipes take to end, before it is lost without a reason."""
MOST_STDERR: Final = 16 * 1024

N = TypeVar("N", bound=Notification)
Create = CreateTransport | CreateProducer | CreateConsumer


class BirthRefused(RelayError):
    """A relay was not born, or not as it must be; the message says why."""


class RelayProcess:
    """A `RelayLink` once `start` has returned.

    `on_notification` is told what concerns rooms; `on_lost`, once, that a serving relay is gone.
    """

    program: tuple[str, ...] = ("server.relay",)
    """Module and arguments; `verify` runs one that has something planted in it."""

    def __init__(
        self,
        boot: Boot,
        generation: int,
        on_notification: Callable[[RelayProcess, Notification], None],
        on_lost: Callable[[RelayProcess, RelayError], None],
        firewall: HostFirewall | None = None,
    ) -> None:
        self.number: Final = boot.relay
        self.generation: Final = generation
        self.started_at: Final = time.time()
        self._boot = boot
        self._on_notification = on_notification
        self._on_lost = on_lost
        self._firewall = firewall
        self._last_id = 0
        self._ready: Ready | None = None
        self._locked: Locked | None = None
        self._observation = Observation()
        self._media: MediaTimes | None = None
        self._birth: asyncio.Queue[Notification | RelayError] = asyncio.Queue()
        self._serving = False
        self._process: asyncio.subprocess.Process | None = None
        self._channel: Channel[Notification] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._kernel_log: KernelLog | None = None
        self._stderr = bytearray()
        self._answered_at = 0.0
        self._allowance = Allowance(time.monotonic())
        self._counting = Counting()
        self._endings = EndingBook(time.monotonic())
        self._steps = StepBook()
        self._receivers = ReceiverBook()
        self._largest_id = 0
        self.serving_since = 0.0

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of the certificate. Only after `start`."""
        ready = self._after_ready()
        words = ready.fingerprint
        return b"".join(word.to_bytes(8, "big") for word in (words.a, words.b, words.c, words.d))

    @property
    def ipv4_port(self) -> int:
        return self._after_ready().ipv4_port

    @property
    def ipv6_port(self) -> int:
        return self._after_ready().ipv6_port

    @property
    def tcp_port(self) -> int:
        return self._boot.tcp_port

    @property
    def load(self) -> float:
        return self._counting.load.share

    @property
    def stats(self) -> Stats | None:
        """The last, if any."""
        return self._counting.stats

    @property
    def traffic(self) -> Traffic | None:
        """The last, if any."""
        return self._counting.traffic

    @property
    def serving(self) -> bool:
        return self._serving

    @property
    def pid(self) -> int:
        """0 before it was spawned."""
        return self._process.pid if self._process is not None else 0

    @property
    def carried(self) -> bool:
        """Whether it has ever had a transport: its memory may hold what participants said."""
        return self._largest_id > 0

    def next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def send(self, request: Request) -> None:
        if self._serving and self._channel is not None:
            self._allowance.sent(request)
            self._receivers.sent(request)
            self._endings.sent(request)
            self._steps.sent(request)
            self._counting.sent(request)
            if self._firewall is not None:
                self._firewall.sent(self, request)
            if isinstance(request, Create):
                self._largest_id = max(self._largest_id, _named(request))
            self._channel.send(request)

    async def receivers(self, transport: int) -> Answer:
        """Who receives what a transport sends, by the relay's own account. Raises RelayError."""
        if not self._serving:
            raise RelayError("it does not serve")
        request, answer = self._receivers.ask(time.monotonic(), transport)
        self.send(request)
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT):
                return await answer
        except TimeoutError:
            raise RelayError("it has not said in time who receives", RelayFault.SILENT) from None

    def condemn(self, reason: RelayError) -> None:
        """Signaling found it doing what it must not: it is lost."""
        self._lost(reason)

    def evidence(self) -> RelayEvidence:
        """What has been observed so far."""
        observed = self._observation
        return RelayEvidence(
            relay=self.number,
            generation=self.generation,
            pid=self.pid,
            started_at=self.started_at,
            locked=self._locked,
            inspection=observed.inspection,
            status=observed.status,
            self_test=observed.self_test,
            self_test_at=observed.self_test_at,
            media=self._media,
            host_firewall=self._firewall.evidence(self) if self._firewall is not None else None,
        )

    async def start(self) -> None:
        """Gives birth. Raises BirthRefused with the reason; no process is left then."""
        try:
            await self._spawn()
            assert self._channel is not None, "made by spawn"
            self._channel.send(self._boot)
            self._locked = await self._expect(Locked, LOCK_TIMEOUT, "did not lock itself")
            self._inspect()
            self._channel.send(Proceed())
            self._ready = await self._expect(Ready, READY_TIMEOUT, "did not become ready")
            self._look_again()
            await self._guard()
        except BaseException:
            await self.kill()
            raise
        self._serving = True
        self.serving_since = self._answered_at = time.monotonic()
        self._counting.begin(self.serving_since)
        self._observation.serves()
        self._tasks.append(asyncio.create_task(self._watch()))

    async def stop(self) -> None:
        """Asks it to leave, and makes sure. `on_lost` is not called."""
        self.send(Stop())
        self._serving = False
        try:
            if self._process is not None and self._process.returncode is None:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(STOP_TIMEOUT):
                        await self._process.wait()
        finally:
            await self.kill()

    async def kill(self) -> None:
        """Ends it whatever it does, and reaps it. Idempotent."""
        self._serving = False
        self._receivers.lost(RelayError("it was ended"))
        process = self._process
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        if self._channel is not None:
            self._channel.close()
        if process is not None:
            await process.wait()
        if self._firewall is not None:
            self._firewall.forget(self)
        current = asyncio.current_task()
        tasks = [task for task in self._tasks if task is not current]
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._kernel_log is not None:
            self._kernel_log.close()

    async def _spawn(self) -> None:
        self._kernel_log = KernelLog()
        down_read, down_write = os.pipe()
        up_read, up_write = os.pipe()
        self._channel = Channel(
            up_read,
            down_write,
            decoder=notification_decoder(),
            largest_sent=LARGEST_REQUEST,
            on_message=self._notified,
            on_lost=self._channel_lost,
        )
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-s", "-P", "-B", "-m", *self.program, str(down_read), str(up_write)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                env={"PYTHONPATH": str(Path(server.__file__).parent.parent), "LC_ALL": "C.UTF-8"},
                pass_fds=(down_read, up_write),
                start_new_session=True,  # an interrupt at the terminal is signaling's to handle
            )
        except OSError as error:
            raise BirthRefused(f"relay {self.number} could not be started: {error.strerror}") from error
        finally:
            os.close(down_read)
            os.close(up_write)
        self._channel.open()
        self._tasks.append(asyncio.create_task(self._reap(self._process)))

    async def _expect(self, kind: type[N], timeout: float, late: str) -> N:
        try:
            async with asyncio.timeout(timeout):
                answer = await self._birth.get()
        except TimeoutError:
            raise BirthRefused(f"relay {self.number} {late} within {timeout:.0f} seconds") from None
        if isinstance(answer, kind):
            return answer
        if isinstance(answer, Unborn):
            reason = answer.reason.name.lower()
            cause = f" ({os.strerror(answer.errno)})" if answer.errno else ""
            raise BirthRefused(f"relay {self.number} refused to be born: {reason}{cause}")
        if isinstance(answer, RelayError):
            raise BirthRefused(f"relay {self.number} {late}: {answer}")
        raise BirthRefused(f"relay {self.number} spoke out of turn")

    def _inspect(self) -> None:
        """Reads from outside what the lock left. Raises BirthRefused where anything is unexpected."""
        assert self._locked is not None, "follows Locked"
        if self._locked.level < self._boot.minimum_level:
            raise BirthRefused(f"relay {self.number} holds level {self._locked.level.name.lower()} only")
        try:
            found = self._observation.at_birth(self.pid, self._locked.level, self._boot.tcp_port)
        except InspectionError as error:
            raise BirthRefused(f"relay {self.number} could not be inspected: {error}") from error
        self._refuse(found)

    def _look_again(self) -> None:
        """It is undumpable now. Where /proc hides such a process, nothing can be observed of it any more, and
        the level that is shown would be none. Raises BirthRefused."""
        assert self._locked is not None, "follows Ready"
        if self._boot.minimum_level is Level.NONE:
            return
        try:
            found = self._observation.of_now(self.pid, self._locked)
        except InspectionError as error:
            raise BirthRefused(
                f"relay {self.number} cannot be observed once it is locked: {error}"
            ) from error
        self._refuse(found)

    async def _guard(self) -> None:
        """Before the first participant. Raises BirthRefused where the host measure is required and fails."""
        if self._firewall is not None:
            try:
                await self._firewall.guard(self)
            except FirewallError as error:
                raise BirthRefused(f"relay {self.number} may not serve: {error}") from error

    def _refuse(self, found: list[Fault]) -> None:
        if found:
            raise BirthRefused(f"relay {self.number} failed inspection: {', '.join(found)}")

    def _notified(self, notification: Notification) -> None:
        if not self._serving:
            self._birth.put_nowait(notification)
            return
        try:
            self._check(notification)
        except RelayError as fault:
            self._lost(fault)
            return
        if isinstance(notification, Stats):
            self._answered_at = time.monotonic()
            self._media = self._times_of_media(notification)
        elif isinstance(notification, SelfTest):
            if found := self._observation.tested(notification):
                self._lost(Drifted(found))
        elif not isinstance(notification, Traffic | Receiver | ReceiversEnd):
            if isinstance(notification, Refused):
                self._receivers.refused(notification.id)
            self._on_notification(self, notification)

    def _times_of_media(self, stats: Stats) -> MediaTimes:
        """The greatest so far."""
        oldest, longest = stats.oldest_media_milliseconds, stats.residence_longest_microseconds
        if self._media is not None:
            oldest = max(oldest, self._media.oldest_milliseconds)
            longest = max(longest, self._media.longest_residence_microseconds)
        return MediaTimes(
            observed_at=time.time(),
            arena_bytes=0 if self._locked is None else self._locked.arena_bytes,
            ring_packets=self._boot.ring_packets,
            ring_milliseconds=self._boot.ring_milliseconds,
            oldest_milliseconds=oldest,
            longest_residence_microseconds=longest,
        )

    def _check(self, notification: Notification) -> None:
        """Rate, names and numbers: see `budget`. Raises RelayError where a relay may not say this."""
        now = time.monotonic()
        if isinstance(notification, Receiver | ReceiversEnd):
            self._receivers.heard(notification)
        elif isinstance(notification, TransportEnded | ProducerEnded):
            self._endings.heard(notification, now)
            if isinstance(notification, TransportEnded):
                self._steps.heard(notification)
        elif isinstance(notification, TransportState):
            if not budget.plausible_state(notification):
                raise RelayError("it says of a transport what cannot be")
            self._steps.heard(notification)
        elif isinstance(notification, Locked | Ready | Unborn):
            raise RelayError("it spoke of its birth while serving")
        elif not self._allowance.spend(now):
            raise RelayError("it says more than a relay may")
        elif isinstance(notification, Stats | Traffic):
            self._counting.heard(notification, now)
            if isinstance(notification, Stats):
                self._allowance.answered()
        name = budget.named_id(notification)
        if name is not None and not 1 <= name <= max(self._largest_id, self._last_id):
            raise RelayError("it names what signaling has not named")

    async def _watch(self) -> None:
        """Liveness, and the kernel's word, for as long as it serves."""
        assert self._locked is not None, "serving"
        may_hide = self._boot.minimum_level is Level.NONE
        while self._serving:
            for question in self._counting.questions(time.monotonic()):
                self.send(question)
            await asyncio.sleep(budget.STATS_EVERY)
            if time.monotonic() - self._answered_at > SILENCE:
                self._lost(RelayError(f"it has not answered for {SILENCE:.0f} seconds", RelayFault.SILENT))
            elif found := self._observation.drift(self.pid, self._locked, may_hide=may_hide):
                self._lost(Drifted(found))

    async def _reap(self, process: asyncio.subprocess.Process) -> None:
        """Reads what a failing birth prints, of that the end, and notices when it has died."""
        assert process.stderr is not None, "a pipe was asked for"
        while chunk := await process.stderr.read(4096):
            self._stderr += chunk
            del self._stderr[:-MOST_STDERR]
        code = await process.wait()
        if code == -signal.SIGSYS:
            assert self._kernel_log is not None, "opened before the process was started"
            self._lost(Tripped(await self._kernel_log.call_that_killed(process.pid)))
        else:
            self._lost(RelayError(epitaph(code, bytes(self._stderr), served=self._serving), RelayFault.DIED))

    def _channel_lost(self, reason: RelayError) -> None:
        """A process that has just died says more by how it ended than by its silence."""
        if isinstance(reason, ProtocolError):
            self._lost(reason)
        else:
            asyncio.get_running_loop().call_later(EPITAPH_TIMEOUT, self._lost, reason)

    def _lost(self, reason: RelayError) -> None:
        if not self._serving:
            self._birth.put_nowait(reason)
            return
        self._serving = False
        self._receivers.lost(reason)
        self._on_lost(self, reason)

    def _after_ready(self) -> Ready:
        assert self._ready is not None, "only after start"
        return self._ready


def _named(request: Create) -> int:
    """The identifier that a request brings into being."""
    if isinstance(request, CreateTransport):
        return request.transport
    return request.producer if isinstance(request, CreateProducer) else request.consumer
