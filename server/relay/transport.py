"""One transport's life: waiting, handshake, connected, gone.

    NEW ── reachable and the peer's parameters known ──> HANDSHAKE ── keys ──> CONNECTED
     │                                                        │                    │
     │                                                        └──> FAILED          └──> LOST, LEFT
     └── close, at any time ──> CLOSED

The packet thread says what arrives; this says what happened, once per phase. Media lives even where SCTP
has died. Nothing here raises towards its caller.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from enum import Enum, auto
from typing import Final, Protocol

from server._native import DataSession
from server.control.messages import ConnectTransport, CreateTransport, TransportPhase, TransportState
from server.relay import ortc
from server.relay.turns import Turns

HANDSHAKE_TIMEOUT: Final = 15.0
"""Seconds from its turn, which follows on reachable, to keys; aiortc itself would wait for ever."""
RELIABLE_LABEL: Final = "_reliable"
LOSSY_LABEL: Final = "_lossy"
MOST_RELIABLE_BUFFERED: Final = 512 * 1024
"""Bytes waiting for one slow reader; beyond, its messages are lost, as LiveKit loses them."""
MOST_LOSSY_BUFFERED: Final = 64 * 1024
MOST_HELD: Final = 128 * 1024
"""Bytes of reliable messages held for a participant whose channel is not open yet."""

MOST_DATAGRAMS: Final = 1500
"""Datagrams a second that one peer may have looked at: 1.7 MB/s of data messages."""


class Phase(Enum):
    NEW = auto()
    HANDSHAKE = auto()
    CONNECTED = auto()
    FAILED = auto()
    LOST = auto()
    LEFT = auto()
    CLOSED = auto()


class Wire(Protocol):
    """What a transport asks of the packet thread."""

    def create_transport(self, id: int, local_ufrag: bytes, local_pwd: bytes) -> None: ...
    def close_transport(self, id: int) -> None: ...
    def send_dtls(self, id: int, datagram: bytes) -> None: ...
    def set_keys(
        self, id: int, profile: int, *, rx_key: bytes, rx_salt: bytes, tx_key: bytes, tx_salt: bytes
    ) -> None: ...


class Listener(Protocol):
    """Who is told of a transport. Must not raise."""

    def transport_changed(self, state: TransportState) -> None: ...
    def data_received(self, transport: int, reliable: bool, message: bytes) -> None: ...


class Transport:
    """See the module. Made by CreateTransport, connected by ConnectTransport."""

    def __init__(
        self,
        request: CreateTransport,
        wire: Wire,
        certificate: ortc.Certificate,
        listener: Listener,
        turns: Turns,
    ) -> None:
        self.id: Final = request.transport
        self.phase = Phase.NEW
        self._opens_data_channels = request.opens_data_channels
        self._wire = wire
        self._certificate = certificate
        self._listener = listener
        self._turns = turns
        self._path = ortc.Path(lambda datagram: wire.send_dtls(self.id, datagram), turns)
        self._reachable = False
        self._parameters: ConnectTransport | None = None
        self._dtls: ortc.Dtls | None = None
        self._sctp: ortc.Sctp | None = None
        self._channels: dict[str, ortc.DataChannel] = {}
        self._held: deque[bytes] = deque()
        self._held_bytes = 0
        self._task: asyncio.Task[None] | None = None
        self._allowance: float = MOST_DATAGRAMS
        self._allowed_at = time.monotonic()
        wire.create_transport(self.id, request.local_ufrag.encode(), request.local_pwd.encode())

    def connect(self, request: ConnectTransport) -> None:
        """The peer's DTLS parameters; a second time changes nothing."""
        if self._parameters is None and self.phase is Phase.NEW:
            self._parameters = request
            self._begin()

    def became_reachable(self) -> None:
        """A STUN request with the right password arrived."""
        if self._reachable or self.phase is not Phase.NEW:
            return
        self._reachable = True
        self._listener.transport_changed(TransportState(self.id, TransportPhase.REACHABLE))
        self._begin()

    def received(self, datagram: bytes) -> None:
        """A DTLS datagram from a validated address. A flood is lost here, before it costs anything."""
        now = time.monotonic()
        refilled = self._allowance + (now - self._allowed_at) * MOST_DATAGRAMS
        self._allowance = min(MOST_DATAGRAMS, refilled)
        self._allowed_at = now
        if self._allowance >= 1:
            self._allowance -= 1
            self._path.push(datagram)

    def expired(self) -> None:
        """Consent is gone (RFC 7675)."""
        self._end(Phase.LOST)

    def send_data(self, reliable: bool, message: bytes) -> None:
        """To the peer's data channel; held while a reliable channel is not open, lost beyond bounds."""
        channel = self._channels.get(RELIABLE_LABEL if reliable else LOSSY_LABEL)
        if channel is not None and channel.is_open:
            channel.send(message, MOST_RELIABLE_BUFFERED if reliable else MOST_LOSSY_BUFFERED)
        elif reliable and self.phase in _LIVING and self._held_bytes + len(message) <= MOST_HELD:
            self._held.append(message)
            self._held_bytes += len(message)

    @property
    def session(self) -> DataSession | None:
        """What messages to many go out by; None before there is an association."""
        return self._dtls.session if self._sctp is not None and self._dtls is not None else None

    def recover_data(self) -> None:
        """What was sent by the session was not acknowledged in time."""
        if self._sctp is not None:
            self._sctp.lane.recover()

    async def close(self) -> None:
        """Says goodbye to the peer and forgets everything. Idempotent."""
        if self.phase is Phase.CLOSED:
            return
        self.phase = Phase.CLOSED
        if self._task is not None:
            self._task.cancel()
        await self._stop_protocols()
        self._wire.close_transport(self.id)

    def _begin(self) -> None:
        if self._reachable and self._parameters is not None and self.phase is Phase.NEW:
            self.phase = Phase.HANDSHAKE
            self._turns.begin(self._begin_in_turn)

    def _begin_in_turn(self) -> None:
        if self._parameters is not None and self.phase is Phase.HANDSHAKE:
            self._task = asyncio.get_running_loop().create_task(self._connect(self._parameters))

    async def _connect(self, request: ConnectTransport) -> None:
        self._dtls = dtls = ortc.Dtls(self._path, self._certificate, request.role)
        try:
            async with asyncio.timeout(HANDSHAKE_TIMEOUT):
                await dtls.start(ortc.peer_parameters(request.fingerprints))
        except Exception:
            # Whatever a peer's handshake provoked is a failed handshake; its text is the peer's.
            self._end(Phase.FAILED)
            return
        if dtls.state != "connected" or dtls.keys is None:
            self._end(Phase.FAILED)
            return
        self._path.take_no_turns()
        keys = dtls.keys
        dtls.keys = None
        self._wire.set_keys(
            self.id,
            keys.profile,
            rx_key=keys.rx_key,
            rx_salt=keys.rx_salt,
            tx_key=keys.tx_key,
            tx_salt=keys.tx_salt,
        )
        self.phase = Phase.CONNECTED
        dtls.on("statechange", self._dtls_changed)
        self._listener.transport_changed(
            TransportState(self.id, TransportPhase.CONNECTED, keys.profile, *ortc.AGREED)
        )
        if request.has_data_channels:
            await self._start_data(dtls)

    async def _start_data(self, dtls: ortc.Dtls) -> None:
        self._sctp = association = ortc.Sctp(dtls)
        association.on(
            "datachannel", lambda channel: self._add_channel(ortc.DataChannel(channel, association))
        )
        try:
            await ortc.start_association(association)
            if self._opens_data_channels:
                self._add_channel(ortc.open_channel(association, RELIABLE_LABEL, reliable=True))
                self._add_channel(ortc.open_channel(association, LOSSY_LABEL, reliable=False))
        except Exception:
            await association.abandon()

    def _add_channel(self, channel: ortc.DataChannel) -> None:
        if channel.label not in (RELIABLE_LABEL, LOSSY_LABEL) or channel.label in self._channels:
            return
        self._channels[channel.label] = channel
        reliable = channel.label == RELIABLE_LABEL
        channel.join_lane(reliable)
        channel.on_message(lambda message: self._listener.data_received(self.id, reliable, message))
        if reliable:
            channel.on_open(self._release_held)
            if channel.is_open:
                self._release_held()

    def _release_held(self) -> None:
        channel = self._channels[RELIABLE_LABEL]
        while self._held:
            channel.send(self._held.popleft(), MOST_RELIABLE_BUFFERED)
        self._held_bytes = 0

    def _dtls_changed(self) -> None:
        if self._dtls is not None and self._dtls.state == "closed":
            self._end(Phase.LEFT)
        elif self._dtls is not None and self._dtls.state == "failed":
            self._end(Phase.LOST)

    def _end(self, phase: Phase) -> None:
        """The peer is gone or was never one. The packet thread forgets it; signaling is told once."""
        if self.phase not in _LIVING:
            return
        self.phase = phase
        self._held.clear()
        self._held_bytes = 0
        self._listener.transport_changed(TransportState(self.id, _TOLD[phase]))
        self._task = asyncio.get_running_loop().create_task(self._stop_protocols())

    async def _stop_protocols(self) -> None:
        """SCTP before DTLS: the other order raises inside aiortc."""
        if self._sctp is not None:
            await self._sctp.abandon()
        if self._dtls is not None:
            try:
                await self._dtls.stop()
            except Exception:
                self._dtls = None
        self._path.close()


_TOLD: Final = {
    Phase.FAILED: TransportPhase.FAILED,
    Phase.LOST: TransportPhase.LOST,
    Phase.LEFT: TransportPhase.LEFT,
}
_LIVING: Final = frozenset((Phase.NEW, Phase.HANDSHAKE, Phase.CONNECTED))
