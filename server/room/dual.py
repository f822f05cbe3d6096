"""Receiving by a peer connection of its own: the server offers, the client answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from livekit.protocol.rtc import SessionDescription, SignalResponse

from server.control.messages import (
    AddCandidates,
    CloseTransport,
    ConnectTransport,
    CreateTransport,
    RemoteCandidate,
    RestartIce,
)
from server.room.effects import Effects
from server.room.history import History, Side
from server.room.relay import Registry, dtls_role, local_transport, remote_fingerprints
from server.room.subscriber import Manner, Subscriber
from server.room.subscription import Subscription
from server.sdp.parse import parse
from server.sdp.subscriber import DownTrack, SubscriberSession


class DualSubscriber(Subscriber):
    """The second of two peer connections."""

    owns_transport = True

    def __init__(self, sid: str, registry: Registry, effects: Effects, now: float, manner: Manner) -> None:
        super().__init__(sid, registry.new(self), registry, effects, manner)
        self.history = History(Side.SUBSCRIBER, now)
        self._connected = False
        self._local = local_transport(registry.relay)
        self._described = False
        self._session = SubscriberSession(self.transport)
        effects.relay(
            CreateTransport(
                self.transport, self._local.ice_ufrag, self._local.ice_pwd, opens_data_channels=True
            )
        )

    @property
    def connected(self) -> bool:
        return self._connected

    def restart(self, now: float) -> None:
        """ICE begins anew (RFC 8445 section 9), with an offer; DTLS and media go on."""
        fresh = local_transport(self._registry.relay)
        self._local = replace(self._local, ice_ufrag=fresh.ice_ufrag, ice_pwd=fresh.ice_pwd)
        self._effects.relay(RestartIce(self.transport, self._local.ice_ufrag, self._local.ice_pwd))
        super().restart(now)
        self.offer(now)

    def offer(self, now: float) -> None:
        """Sends an offer of everything as it is now."""
        offer_id = self.negotiation.offered(now)
        text = self._session.offer(self._local)
        offer = SessionDescription(type="offer", sdp=text, id=offer_id)
        self._effects.send(self.sid, SignalResponse(offer=offer))

    def answer(self, text: str, answer_id: int, now: float) -> None:
        """Works in an answer; one that answers nothing outstanding is ignored. Raises SdpError."""
        if not self.negotiation.answered(answer_id):
            return
        answer = parse(text, self._session.section_count)
        accepted, fingerprints, setup = self._session.accept(answer)
        if not self._described:
            self._described = True
            self._effects.relay(
                ConnectTransport(
                    self.transport,
                    dtls_role(setup),
                    remote_fingerprints(fingerprints),
                    has_data_channels=True,
                )
            )
        self.add_candidates(answer.candidates)
        by_mid = {one.mid: one for one in self.tracks.values() if not one.consumer}
        for track in accepted:
            if subscription := by_mid.get(track.mid):
                self._consume(subscription, track, now)
        self.negotiation.settle(now)

    def add_candidates(self, candidates: Iterable[RemoteCandidate]) -> None:
        """Where the client says it may be reached."""
        if admitted := self.history.admit(candidates):
            self._effects.relay(AddCandidates(self.transport, admitted))

    def connect(self, now: float) -> None:
        """The transport is up."""
        self._connected = True

    def close(self, now: float) -> None:
        """Closes the transport too. Its identifier is the caller's to drop, once its end was told."""
        super().close(now)
        self._effects.relay(CloseTransport(self.transport))

    def _negotiate(self, now: float) -> None:
        self.offer(now)

    def _place(self, track: DownTrack) -> str:
        return self._session.add(track)

    def _displace(self, subscription: Subscription) -> None:
        self._session.remove(subscription.mid)
