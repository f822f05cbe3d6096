"""The host measure, as signaling has it: put in place, fed with who is invited, read back, put back.

install ── fed as transports come and go, read back every two seconds ──> lost ──> install
   └── not possible: `try` goes on without it and says so, `require` refuses to start
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Callable
from typing import Final

from server.control.messages import CloseTransport, CreateTransport, Request, RestartIce
from server.errors import OperatorError
from server.firewall import rules
from server.firewall.keeping import FirewallError, Keeping
from server.firewall.probe import Probe
from server.guarantee.host import FirewallEvidence, FirewallState
from server.workers.link import RelayLink

CHECK_EVERY: Final = 2.0
"""Seconds between two looks at what the kernel has."""
MANY: Final = 50
"""Refused datagrams between two looks that are worth a warning. A few are answers to somebody who asked in
the moment before the kernel knew of the invitation."""
LONGEST_RETRY: Final = 30.0
_log = logging.getLogger("offrecord.firewall")


class HostFirewall:
    """`required`: without it no relay may serve. `on_missing` is called then, where it cannot be put back."""

    def __init__(self, *, required: bool, on_missing: Callable[[], None]) -> None:
        self._required = required
        self._on_missing = on_missing
        self._ports: dict[tuple[int, int], frozenset[int]] = {}  # by number and generation of a relay
        self._listeners: dict[tuple[int, int], frozenset[int]] = {}  # likewise, of TCP
        self._invited: dict[tuple[int, int], dict[int, str]] = {}  # likewise: fragment by transport
        self._table = ""
        self._shape = ""
        self._known = rules.NOTHING  # what the kernel was told
        self._state = FirewallState.OFF
        self._observed_at: float | None = None
        self._observed_ports: frozenset[int] = frozenset()
        self._refused = 0
        self._probed = 0  # of these, the probe's own
        self._keeping: Keeping | None = None
        self._probe: Probe | None = None
        self._changed = asyncio.Event()
        self._turn = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Puts it in place. Raises OperatorError where that is impossible and it is required."""
        try:
            await self._install()
        except FirewallError as error:
            await self._lose(error)
            if self._required:
                raise OperatorError(_advice(error)) from error
            _log.warning("the host firewall is not in place: %s", error)
            return
        _log.info("the host firewall is in place: relays reach proven addresses only")
        self._task = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Removes it. After the relays have ended. Idempotent."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        await self._remove()

    async def guard(self, relay: RelayLink) -> None:
        """Takes the ports of a relay under its control, before the relay serves.

        Raises FirewallError where that fails and it is required.
        """
        self._ports[_key(relay)] = frozenset({relay.ipv4_port, relay.ipv6_port} - {0})
        self._listeners[_key(relay)] = frozenset({relay.tcp_port} - {0})
        try:
            async with self._turn:
                await self._tell()
                await self._check()
        except FirewallError:
            self._changed.set()  # whoever keeps it finds the same, and puts it back
        if self._required and self.evidence(relay).state is not FirewallState.HELD:
            self.forget(relay)
            raise FirewallError(self._state, "the host firewall is not in place")

    def forget(self, relay: RelayLink) -> None:
        """The relay is gone."""
        self._ports.pop(_key(relay), None)
        self._listeners.pop(_key(relay), None)
        self._invited.pop(_key(relay), None)
        self._changed.set()

    def sent(self, relay: RelayLink, request: Request) -> None:
        """Told of every request to a relay: who has a transport is invited. Before the relay gets it."""
        if isinstance(request, CreateTransport | RestartIce):
            self._invited.setdefault(_key(relay), {})[request.transport] = request.local_ufrag
        elif isinstance(request, CloseTransport):
            self._invited.get(_key(relay), {}).pop(request.transport, None)
        else:
            return
        self._changed.set()

    def evidence(self, relay: RelayLink) -> FirewallEvidence:
        """What was last read back, as far as it concerns the relay."""
        ports = self._ports.get(_key(relay), frozenset())
        state = self._state
        if state is FirewallState.HELD and not (ports and ports <= self._observed_ports):
            state = FirewallState.LOST
        return FirewallEvidence(state, self._observed_at, self._refused)

    async def _keep(self) -> None:
        while True:
            try:
                await self._watch()
            except FirewallError as error:
                _log.error("the host firewall is lost: %s", error)
                await self._lose(error)
            await self._put_back()

    async def _watch(self) -> None:
        """Until it is lost: raises FirewallError then."""
        checked = 0.0
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, checked + CHECK_EVERY - time.monotonic())):
                    await self._changed.wait()
            self._changed.clear()
            async with self._turn:
                await self._tell()
                if time.monotonic() >= checked + CHECK_EVERY:
                    await self._check()
                    checked = time.monotonic()

    async def _put_back(self) -> None:
        delay = CHECK_EVERY
        while True:
            try:
                async with self._turn:
                    await self._install()
            except FirewallError as error:
                await self._lose(error)
                if self._required:
                    self._on_missing()
            else:
                _log.warning("the host firewall is back in place")
                return
            await asyncio.sleep(delay)
            delay = min(2 * delay, LONGEST_RETRY)

    async def _install(self) -> None:
        await self._remove()
        try:
            self._probe = Probe()
        except OSError as error:
            raise FirewallError(FirewallState.FAILED, f"no socket on loopback: {error.strerror}") from error
        self._keeping = keeping = await Keeping.start(self._changed.set)
        self._table = rules.TABLE + secrets.token_hex(4)
        wanted = self._wanted()
        await keeping.run(rules.new_table(self._table) + rules.change(self._table, rules.NOTHING, wanted))
        self._known = wanted
        self._refused = self._probed = 0
        self._shape = rules.shape(await keeping.run(rules.ask_rules(self._table), terse=True))
        await self._check()

    async def _remove(self) -> None:
        keeping, self._keeping = self._keeping, None
        if keeping is not None:
            await keeping.close()
        probe, self._probe = self._probe, None
        if probe is not None:
            probe.close()

    async def _lose(self, error: FirewallError) -> None:
        self._state = error.state
        self._known = rules.NOTHING
        await self._remove()

    def _wanted(self) -> rules.Known:
        ports = frozenset().union(*self._ports.values())
        invited = frozenset(
            (ufrag, port)
            for key, live in self._invited.items()
            for ufrag in live.values()
            for port in self._ports.get(key, frozenset()) | self._listeners.get(key, frozenset())
        )
        if self._probe is not None:
            ports |= {self._probe.port}
        return rules.Known(ports, frozenset().union(*self._listeners.values()), invited)

    def _running(self) -> Keeping:
        if self._keeping is None or self._keeping.ended:
            raise FirewallError(FirewallState.LOST, "its keeper has ended")
        return self._keeping

    async def _tell(self) -> None:
        """Tells the kernel what has changed, in one transaction."""
        keeping = self._running()
        wanted = self._wanted()
        if commands := rules.change(self._table, self._known, wanted):
            await keeping.run(commands)
            self._known = wanted

    async def _check(self) -> None:
        """Reads back what the kernel has, and has a stranger tried."""
        keeping = self._running()
        assert self._probe is not None, "as long as there is a keeper"
        listing = await keeping.run(rules.ask_rules(self._table), terse=True)
        if rules.shape(listing) != self._shape:
            raise FirewallError(FirewallState.LOST, "its rules have changed")
        ports = rules.ports(await keeping.run(rules.ask_ports(self._table)))
        listeners = rules.ports(await keeping.run(rules.ask_ports(self._table, "listeners")))
        if not (self._known.relays <= ports and self._known.listeners <= listeners):
            raise FirewallError(FirewallState.LOST, "it does not cover every relay")
        self._count(rules.refused(listing) - self._probed)
        if not self._probe.is_refused():
            raise FirewallError(FirewallState.LOST, "a datagram to a stranger was let out")
        self._probed += 1
        self._observed_ports = ports
        self._observed_at = time.time()
        self._state = FirewallState.HELD

    def _count(self, refused: int) -> None:
        since = refused - self._refused
        if since > 0:
            level = logging.WARNING if since >= MANY else logging.INFO
            _log.log(level, "%d datagrams of relays to strangers were refused", since)
        self._refused = refused


def _key(relay: RelayLink) -> tuple[int, int]:
    return relay.number, relay.generation


def _advice(error: FirewallError) -> str:
    """The reason, and what an operator can do about it."""
    remedy = {
        FirewallState.NO_NFTABLES: "install nftables",
        FirewallState.NOT_PERMITTED: (
            "start the server as root, or with CAP_NET_ADMIN (AmbientCapabilities=CAP_NET_ADMIN in a systemd "
            "unit, --cap-add NET_ADMIN for a container)"
        ),
    }.get(error.state, "it needs nftables 1.0 and Linux 5.12 or later")
    return f'[guarantee] host_firewall is "require", but {error}: {remedy}, or set it to "try"'
