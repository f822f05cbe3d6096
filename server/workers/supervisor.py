"""Keeps the configured number of relays serving: born locked, watched, replaced when lost."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import time
from collections.abc import Coroutine
from typing import Final

from server.config import Config, relay_count, replay_seconds
from server.control.messages import Boot, Level, Notification
from server.errors import OperatorError, RelayError, RelayFault
from server.firewall.measure import HostFirewall
from server.guarantee.evidence import RelayEvidence
from server.workers.advice import advice
from server.workers.link import RelayChronicle, RelayLink, RelayListener
from server.workers.worker import BirthRefused, RelayProcess

FIRST_BACKOFF: Final = 0.2
"""Seconds before a lost relay is replaced; doubled for each birth that fails."""
LONGEST_BACKOFF: Final = 30.0
LONG_LIFE: Final = 60.0
"""Seconds of service after which the backoff starts anew."""

_LEVELS: Final = {"full": Level.FULL, "reduced": Level.REDUCED, "none": Level.NONE}
_log = logging.getLogger("offrecord.relays")


class Supervisor:
    """Owns the relay processes. `listener` is told of their words and of their loss."""

    def __init__(
        self, config: Config, listener: RelayListener, chronicle: RelayChronicle | None = None
    ) -> None:
        self._config = config
        self._listener = listener
        self._chronicle = chronicle
        self._relays: dict[int, RelayProcess] = {}
        self._generations: dict[int, int] = {}
        self._backoff: dict[int, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._changed = asyncio.Event()
        wanted = config.guarantee.host_firewall
        self._firewall = (
            HostFirewall(required=wanted == "require", on_missing=self._unguarded)
            if wanted != "off"
            else None
        )

    async def start(self) -> None:
        """Starts all relays. Raises OperatorError when one cannot be born: it would not be later."""
        if sys.platform != "linux":
            raise OperatorError(
                "relays are locked by Linux (Landlock and seccomp) and this is another system: "
                "run the server in a Linux machine or container"
            )
        if self._firewall is not None:
            await self._firewall.start()
        births = [asyncio.create_task(self._give_birth(n)) for n in range(1, relay_count(self._config) + 1)]
        try:
            await asyncio.gather(*births)
        except BirthRefused as refusal:
            for birth in births:
                birth.cancel()
            await asyncio.gather(*births, return_exceptions=True)
            await self.stop()
            raise OperatorError(advice(refusal, self._config)) from refusal

    async def stop(self) -> None:
        """Ends all relays; none is replaced. Idempotent."""
        self._stopping = True
        self._changed.set()
        tasks, self._tasks = self._tasks, set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        relays, self._relays = self._relays, {}
        await asyncio.gather(*(relay.stop() for relay in relays.values()))
        if self._firewall is not None:
            await self._firewall.stop()

    def serving(self) -> list[RelayLink]:
        """The relays that can take a room, by number."""
        return [relay for _, relay in sorted(self._relays.items()) if relay.serving]

    async def until_serving(self, seconds: float) -> None:
        """Returns once a relay serves; also when none does within `seconds`, or the server stops."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self.serving() and not self._stopping:
                    self._changed.clear()
                    await self._changed.wait()

    def has_carried(self, relay: RelayLink) -> bool:
        """Whether a serving relay has ever had a transport."""
        return any(mine is relay and mine.carried for mine in self._relays.values())

    def retire(self, relay: RelayLink) -> bool:
        """Replaces a relay that no room lives on: what Python held of its participants cannot be wiped.

        False, and nothing done, while it is the only one serving of several.
        """
        mine = self._relays.get(relay.number)
        if mine is not relay or self._stopping:
            return True
        if len(self.serving()) == 1 and relay_count(self._config) > 1:
            return False
        del self._relays[mine.number]
        _log.info("relay %d.%d retires", mine.number, mine.generation)
        self._listener.relay_lost(mine)
        self._begin(self._succeed(mine))
        return True

    def evidence(self) -> list[RelayEvidence]:
        """What has been observed of every relay that is alive."""
        return [relay.evidence() for _, relay in sorted(self._relays.items())]

    def relays(self) -> list[RelayProcess]:
        """For metrics: the processes with their last `stats`."""
        return [relay for _, relay in sorted(self._relays.items())]

    async def _give_birth(self, number: int) -> None:
        generation = self._generations.get(number, 0) + 1
        self._generations[number] = generation
        boot = boot_of(self._config, number)
        relay = RelayProcess(boot, generation, self._notified, self._lost, self._firewall)
        await relay.start()
        self._relays[number] = relay
        self._changed.set()
        locked = relay.evidence().locked
        level = locked.level if locked is not None else Level.NONE
        _log.info("relay %d.%d serves, level %s", number, generation, level)
        if self._chronicle is not None:
            self._chronicle.relay_born(number, generation, level)

    def _notified(self, relay: RelayProcess, notification: Notification) -> None:
        self._listener.relay_notified(relay, notification)

    def _lost(self, relay: RelayProcess, reason: RelayError) -> None:
        _log.error("relay %d.%d is lost: %s", relay.number, relay.generation, reason)
        if self._relays.get(relay.number) is relay:
            del self._relays[relay.number]
        self._listener.relay_lost(relay)
        if self._chronicle is not None:
            self._chronicle.relay_ended(relay.number, relay.generation, reason)
        if not self._stopping:
            self._begin(self._replace(relay))

    def _unguarded(self) -> None:
        """The host measure is required and could not be put back: no relay may serve until it is."""
        for relay in list(self._relays.values()):
            relay.condemn(RelayError("the host firewall is not in place", RelayFault.DRIFTED))

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _succeed(self, retired: RelayProcess) -> None:
        await retired.stop()
        try:
            await self._give_birth(retired.number)
        except BirthRefused as refusal:
            _log.error("%s", refusal)
            await self._replace(retired)

    async def _replace(self, lost: RelayProcess) -> None:
        """The same number and port; the old process must be gone before."""
        await lost.kill()
        number = lost.number
        lived = time.monotonic() - lost.serving_since
        backoff = FIRST_BACKOFF if lived > LONG_LIFE else self._backoff.get(number, FIRST_BACKOFF)
        while not self._stopping:
            await asyncio.sleep(backoff)
            backoff = min(backoff * 2, LONGEST_BACKOFF)
            self._backoff[number] = backoff
            try:
                await self._give_birth(number)
            except BirthRefused as refusal:
                _log.error("%s; the next attempt follows in %.1f s", refusal, backoff)
            else:
                return


def boot_of(config: Config, number: int) -> Boot:
    """What relay `number` (from 1) is told at birth. Each has its own ports."""
    relay = config.relay
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    return Boot(
        relay=number,
        ipv4_host=relay.ipv4_host,
        ipv6_host=relay.ipv6_host,
        udp_port=relay.udp_port + number - 1 if relay.udp_port else 0,
        tcp_port=relay.tcp_port + number - 1 if relay.tcp_port else 0,
        media_memory=relay.media_memory_mib * 1024 * 1024,
        ring_packets=relay.ring_packets,
        ring_milliseconds=relay.ring_milliseconds,
        replay_seconds=replay_seconds(config),
        user=relay.user if root else 0,
        minimum_level=_LEVELS[config.guarantee.minimum_level],
    )
