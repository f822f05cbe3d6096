"""One plant in one relay that carries a call: whether it got the media out, and how it ended."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from pathlib import Path
from typing import ClassVar, Final

from msgspec import structs

from server.config import Config
from server.control.messages import (
    CodecKind,
    CreateConsumer,
    CreateProducer,
    Encoding,
    MediaKind,
    Notification,
    PayloadCodec,
    PayloadMapping,
    RequestKeyFrame,
)
from server.errors import RelayError
from server.verify.planted.caller import CLOCK_RATE, PAYLOAD_TYPE, Caller
from server.verify.planted.plants import PACKETS, Plant
from server.verify.report import REFUSED_AT_BIRTH
from server.verify.wire import NO_CALL, Outcome
from server.workers.faults import UNKNOWN_CALL, Tripped
from server.workers.supervisor import boot_of
from server.workers.worker import BirthRefused, RelayProcess

CALL_SECONDS: Final = 30.0
"""Bound of one call, the birth of its relay included; it takes about two."""
_PATIENCE: Final = 2.0
"""Seconds after the last packet in which what was recorded must show."""
_SENDER, _RECEIVER, _PRODUCER, _CONSUMER = 1, 2, 1, 1
_SSRC_IN, _SSRC_OUT = 0x0FF0_0001, 0x0FF0_0002


class _Blind(RelayProcess):
    """Signaling of the control run: it neither inspects nor counts."""

    def _inspect(self) -> None:
        """Not looked at."""

    def _look_again(self) -> None:
        """Not looked at."""

    def _check(self, notification: Notification) -> None:
        """Anything is taken."""


class _Call:
    """A relay, a sender and a receiver."""

    relays: ClassVar[dict[bool, type[RelayProcess]]] = {True: RelayProcess, False: _Blind}

    def __init__(self, plant: type[Plant], locked: bool, directory: Path, known: bytes) -> None:
        config = Config()
        relay = structs.replace(
            config.relay,
            relays=1,
            ipv4_host="127.0.0.1",
            ipv6_host="",
            udp_port=0,
            tcp_port=0,
            media_memory_mib=2,
        )
        guarantee = config.guarantee if locked else structs.replace(config.guarantee, minimum_level="none")
        boot = boot_of(structs.replace(config, relay=relay, guarantee=guarantee), 1)
        self.known = known
        self.told: list[Notification] = []
        self.lost: RelayError | None = None
        self.arrived = False
        self._evidence = plant(directory)
        self._process = self.relays[locked](boot, 1, self._heard, self._ended)
        self._process.program = (
            "server.verify.planted.relay",
            *(plant.name, "on" if locked else "off", str(directory), known.decode()),
        )
        self._callers: list[Caller] = []

    def _heard(self, _: RelayProcess, notification: Notification) -> None:
        self.told.append(notification)

    def _ended(self, _: RelayProcess, reason: RelayError) -> None:
        self.lost = reason

    def found(self) -> bool:
        return self._evidence.found(self.known, self.told)

    async def start(self) -> None:
        """Raises BirthRefused, and ConnectionError when the call does not come about."""
        await self._process.start()
        sender, receiver = (Caller(self._process, id) for id in (_SENDER, _RECEIVER))
        self._callers = [sender, receiver]
        receiver.listen(_SSRC_OUT)
        await asyncio.gather(sender.connect(), receiver.connect())
        codec = PayloadCodec(PAYLOAD_TYPE, CodecKind.VP8, CLOCK_RATE)
        self._process.send(
            CreateProducer(_PRODUCER, _SENDER, MediaKind.VIDEO, "0", [codec], [], [Encoding("", _SSRC_IN, 0)])
        )
        mapping = [PayloadMapping(PAYLOAD_TYPE, PAYLOAD_TYPE)]
        self._process.send(
            CreateConsumer(_CONSUMER, _PRODUCER, _RECEIVER, _SSRC_OUT, mapping, [], paused=False)
        )

    async def talk(self) -> None:
        """Sends until the plant has had its packets, and for a while until what it recorded shows."""
        sender, receiver = self._callers
        while not receiver.received and self.lost is None:  # it hears nothing before it is created
            await self._one(sender, receiver, 0.1)
        self.arrived = any(self.known in payload for payload in receiver.received)
        for _ in range(PACKETS):
            if self.lost is None:
                self._process.send(RequestKeyFrame(_PRODUCER))
                await self._one(sender, receiver, 0.05)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _PATIENCE
        while self.lost is None and not self.found() and loop.time() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.02)  # a file has no event

    async def _one(self, sender: Caller, receiver: Caller, seconds: float) -> None:
        receiver.changed.clear()
        with contextlib.suppress(ConnectionError):  # the relay is gone, which `lost` says
            await sender.send(_SSRC_IN, self.known)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(receiver.changed.wait(), seconds)

    async def stop(self) -> None:
        for caller in self._callers:
            await caller.close()
        await self._process.kill()
        self._evidence.loot.unlink(missing_ok=True)


async def attempt(plant: type[Plant], locked: bool, scratch: Path) -> Outcome:
    """One relay from birth to end."""
    directory = scratch / secrets.token_hex(4)
    directory.mkdir()
    directory.chmod(0o777)
    call = _Call(plant, locked, directory, secrets.token_hex(8).encode() * 10)
    try:
        async with asyncio.timeout(CALL_SECONDS):
            await call.start()
            await call.talk()
        return _outcome(call)
    except BirthRefused as refusal:
        return Outcome(call.found(), f"{REFUSED_AT_BIRTH}: {str(refusal).rpartition(': ')[2]}")
    except (TimeoutError, ConnectionError):
        return Outcome(call.found(), NO_CALL)
    finally:
        await call.stop()


def _outcome(call: _Call) -> Outcome:
    if not call.arrived:
        return Outcome(call.found(), NO_CALL)
    if call.found():
        return Outcome(True, "worked")
    if isinstance(call.lost, Tripped):
        return Outcome(False, "killed" if call.lost.call == UNKNOWN_CALL else f"killed: {call.lost.call}")
    return Outcome(False, f"killed: {call.lost}" if call.lost is not None else "refused")
