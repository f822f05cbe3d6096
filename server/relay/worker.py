"""A serving relay: control messages become actions, events become notifications.

Whatever signaling says about things that are not here is refused or ignored, never an error: requests
and the end of what they name cross on the wire.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable
from typing import Any, Final, cast

from server._native import PacketThread
from server.control.messages import (
    AddCandidates,
    Bandwidth,
    CandidateKind,
    CloseConsumer,
    CloseProducer,
    CloseTransport,
    ConnectTransport,
    ConsumerState,
    CreateConsumer,
    CreateProducer,
    CreateTransport,
    DataMember,
    DataRefused,
    GetReceivers,
    GetStats,
    GetTraffic,
    Notification,
    PathKind,
    PauseConsumer,
    PauseProducer,
    ProducerLayers,
    Quality,
    Receiver,
    ReceiversEnd,
    RefusalReason,
    Refused,
    RemoveDataMember,
    ReplayData,
    Request,
    RequestKeyFrame,
    RestartIce,
    SelfTest,
    SendData,
    SetPreferredLayer,
    SetPriority,
    SpeakerLevel,
    Stop,
    TransportBandwidth,
    TransportQuality,
    TransportState,
)
from server.relay.counting import Counting, ProducerCounts, TransportCounts
from server.relay.data import DataRooms
from server.relay.fan_out import FanOut
from server.relay.notices import Notices
from server.relay.ortc import Certificate
from server.relay.outgoing import Outgoing
from server.relay.transport import Transport
from server.relay.turns import Turns

GOODBYE_TIMEOUT: Final = 1.0
COLLECT_AFTER: Final = 1.0
"""Seconds from a closed transport to the collection of what is left of it, and of others by then."""
SELF_TEST_EVERY: Final = 10.0
"""Seconds between repetitions of the probes; asked for by GetStats, so no timer of its own."""
_REACHABLE, _DTLS, _CONSENT_EXPIRED, _PRODUCER_LAYERS, _CONSUMER_STATE, _REFUSED = range(6)
_SPEAKER_LEVEL, _TRANSPORT_QUALITY, _RECEIVER, _RECEIVERS_END = range(6, 10)
_TRANSPORT_ENDED, _PRODUCER_ENDED, _TRANSPORT_BANDWIDTH = range(10, 13)


class Worker:
    """Owns the transports. `probe` repeats the self-test; `leave` ends the process."""

    def __init__(
        self,
        *,
        packets: PacketThread,
        certificate: Certificate,
        notify: Callable[[Notification], None],
        probe: Callable[[], SelfTest],
        leave: Callable[[], None],
        replay_seconds: float,
    ) -> None:
        self._packets = packets
        self._outgoing = Outgoing(packets)
        self._counting = Counting(packets)
        self._certificate = certificate
        self._notices = Notices(notify)
        self._probe = probe
        self._leave = leave
        self._transports: dict[int, Transport] = {}
        self._turns = Turns()
        self._fan_out = FanOut(self._transports, self._outgoing.send_many)
        self._rooms = DataRooms(self._fan_out.deliver, self._refuse_data, replay_seconds)
        self._expiry: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._next_self_test = 0.0
        self._collection: asyncio.TimerHandle | None = None

    def handle(self, request: Request) -> None:
        """Carries out one control message of a serving relay."""
        self._notices.earn(request)
        action = _ACTIONS.get(type(request))
        if action is not None:
            action(self, request)

    def take_events(self) -> bool:
        """What the packet thread tells, if there is anything."""
        events = cast(list[tuple[Any, ...]], self._packets.events())
        for kind, *values in events:
            if kind == _DTLS:
                transport = self._transports.get(values[0])
                if transport is not None:
                    transport.received(values[1])
            elif kind == _REACHABLE:
                transport = self._transports.get(values[0])
                if transport is not None:
                    transport.became_reachable()
            elif kind == _CONSENT_EXPIRED:
                transport = self._transports.get(values[0])
                if transport is not None:
                    transport.expired()
            elif kind == _PRODUCER_LAYERS:
                self._notices.post(ProducerLayers(*values))
            elif kind == _CONSUMER_STATE:
                self._notices.post(ConsumerState(*values))
            elif kind == _SPEAKER_LEVEL:
                self._notices.post(SpeakerLevel(*values))
            elif kind == _TRANSPORT_QUALITY:
                self._notices.post(TransportQuality(values[0], Quality(values[1])))
            elif kind == _TRANSPORT_BANDWIDTH:
                self._notices.post(TransportBandwidth(values[0], Bandwidth(values[1])))
            elif kind == _RECEIVER:
                self._notices.post(Receiver(*values))
            elif kind == _RECEIVERS_END:
                self._notices.post(ReceiversEnd(*values))
            elif kind == _TRANSPORT_ENDED:
                transport_id, path, candidate, counts = values
                ended = (transport_id, PathKind(path), CandidateKind(candidate), TransportCounts(*counts))
                self._notices.post(self._counting.transport_ended(*ended))
            elif kind == _PRODUCER_ENDED:
                producer, layers, counts = values
                self._notices.post(self._counting.producer_ended(producer, layers, ProducerCounts(*counts)))
            elif kind == _REFUSED:
                self._notices.post(Refused(values[0], RefusalReason(values[1])))
        return bool(events)

    def transport_changed(self, state: TransportState) -> None:
        self._notices.post(state)

    def data_received(self, transport: int, reliable: bool, message: bytes) -> None:
        self._rooms.received(time.monotonic(), transport, reliable, message)
        if self._expiry is None:
            self._expire()

    def _expire(self) -> None:
        """Data that is kept for a time is forgotten when it is over, whatever else happens."""
        wait = self._rooms.expire(time.monotonic())
        loop = asyncio.get_running_loop()
        self._expiry = None if wait is None else loop.call_later(wait, self._expire)

    def _refuse_data(self, member: int) -> None:
        self._notices.post(DataRefused(member))

    def _create_transport(self, request: CreateTransport) -> None:
        if request.transport in self._transports:
            self._notices.post(Refused(request.transport, RefusalReason.DUPLICATE_ID))
            return
        made = Transport(request, self._outgoing, self._certificate, self, self._turns)
        self._transports[request.transport] = made

    def _connect_transport(self, request: ConnectTransport) -> None:
        transport = self._transports.get(request.transport)
        if transport is None:
            self._notices.post(Refused(request.transport, RefusalReason.UNKNOWN_ID))
        else:
            transport.connect(request)

    def _add_candidates(self, request: AddCandidates) -> None:
        self._packets.add_candidates(request.transport, request.candidates)

    def _restart_ice(self, request: RestartIce) -> None:
        ufrag, password = request.local_ufrag.encode(), request.local_pwd.encode()
        self._packets.restart_ice(request.transport, ufrag, password)

    def _close_transport(self, request: CloseTransport) -> None:
        self._packets.end_streams(request.transport)  # now: the goodbye may take a while
        transport = self._transports.pop(request.transport, None)
        if transport is not None:
            self._keep(asyncio.get_running_loop().create_task(transport.close()))
            if self._collection is None:
                self._collection = asyncio.get_running_loop().call_later(COLLECT_AFTER, self._collect)

    def _collect(self) -> None:
        """What aiortc leaves of a peer refers to itself: keys and messages would stay until some later
        collection, and the memory in between would be torn to pieces by what lives longer."""
        self._collection = None
        gc.collect()

    def _create_producer(self, request: CreateProducer) -> None:
        self._packets.create_producer(request)

    def _create_consumer(self, request: CreateConsumer) -> None:
        self._packets.create_consumer(request)

    def _pause_producer(self, request: PauseProducer) -> None:
        self._packets.pause_producer(request.producer, request.paused)

    def _close_producer(self, request: CloseProducer) -> None:
        self._packets.close_producer(request.producer)

    def _pause_consumer(self, request: PauseConsumer) -> None:
        self._packets.pause_consumer(request.consumer, request.paused)

    def _set_preferred_layer(self, request: SetPreferredLayer) -> None:
        self._packets.set_preferred_layer(request.consumer, request.layer, request.frame_rate)

    def _set_priority(self, request: SetPriority) -> None:
        self._packets.set_priority(request.consumer, request.priority)

    def _close_consumer(self, request: CloseConsumer) -> None:
        self._packets.close_consumer(request.consumer)

    def _request_key_frame(self, request: RequestKeyFrame) -> None:
        self._packets.request_key_frame(request.producer)

    def _put_member(self, request: DataMember) -> None:
        self._rooms.put(time.monotonic(), request)

    def _remove_member(self, request: RemoveDataMember) -> None:
        self._rooms.remove(request.member)

    def _replay_data(self, request: ReplayData) -> None:
        self._rooms.replay(request.member, request.heard)

    def _send_data(self, request: SendData) -> None:
        self._rooms.say(request.room, request.reliable, request.message)

    def _get_receivers(self, request: GetReceivers) -> None:
        self._packets.list_receivers(request.transport, request.sequence)

    def _get_stats(self, request: GetStats) -> None:
        self._notices.post(self._counting.stats(request.sequence))
        now = time.monotonic()
        if now >= self._next_self_test:
            self._next_self_test = now + SELF_TEST_EVERY
            self._notices.post(self._probe())

    def _get_traffic(self, request: GetTraffic) -> None:
        self._notices.post(self._counting.traffic(request.sequence))

    def _stop(self, _: Stop) -> None:
        self._keep(asyncio.get_running_loop().create_task(self._close_all_and_leave()))

    async def _close_all_and_leave(self) -> None:
        transports = [*self._transports.values()]
        self._transports.clear()
        try:
            async with asyncio.timeout(GOODBYE_TIMEOUT):
                closing = (transport.close() for transport in transports)
                await asyncio.gather(*closing, return_exceptions=True)
        except TimeoutError:
            pass  # the rest learns it by silence
        self._outgoing.flush()
        self._packets.stop()
        self._leave()

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


_ACTIONS: Final[dict[type[Any], Callable[[Worker, Any], None]]] = {
    CreateTransport: Worker._create_transport,
    ConnectTransport: Worker._connect_transport,
    AddCandidates: Worker._add_candidates,
    RestartIce: Worker._restart_ice,
    CloseTransport: Worker._close_transport,
    CreateProducer: Worker._create_producer,
    PauseProducer: Worker._pause_producer,
    CloseProducer: Worker._close_producer,
    CreateConsumer: Worker._create_consumer,
    PauseConsumer: Worker._pause_consumer,
    SetPreferredLayer: Worker._set_preferred_layer,
    SetPriority: Worker._set_priority,
    CloseConsumer: Worker._close_consumer,
    RequestKeyFrame: Worker._request_key_frame,
    DataMember: Worker._put_member,
    RemoveDataMember: Worker._remove_member,
    ReplayData: Worker._replay_data,
    SendData: Worker._send_data,
    GetReceivers: Worker._get_receivers,
    GetStats: Worker._get_stats,
    GetTraffic: Worker._get_traffic,
    Stop: Worker._stop,
}
