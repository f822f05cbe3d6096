"""One participant's receiving side: its transport, the offers to it, and its consumers."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import replace

from livekit.protocol import models
from livekit.protocol.rtc import (
    SessionDescription,
    SignalResponse,
    StreamState,
    StreamStateInfo,
    StreamStateUpdate,
    SubscriptionResponse,
)

from server.control.messages import (
    AddCandidates,
    CloseConsumer,
    CloseTransport,
    ConnectTransport,
    CreateConsumer,
    CreateTransport,
    MediaKind,
    PauseConsumer,
    RemoteCandidate,
    RestartIce,
    SetPreferredLayer,
    SetPriority,
)
from server.room.demand import NOTHING
from server.room.effects import Effects
from server.room.history import History, Side
from server.room.layers import Wish, priority_of, wanted_layer
from server.room.negotiation import Negotiation
from server.room.publication import Publication
from server.room.relay import Registry, dtls_role, local_transport, remote_fingerprints
from server.room.subscription import Subscription
from server.sdp.model import SdpError
from server.sdp.parse import parse
from server.sdp.subscriber import AcceptedTrack, DownTrack, SubscriberSession

MAX_WISHES = 4096


class Subscriber:
    """`tracks` are the subscriptions by track sid, with or without a consumer yet."""

    def __init__(
        self, sid: str, registry: Registry, effects: Effects, now: float, *, may_pause: bool
    ) -> None:
        self.tracks: dict[str, Subscription] = {}
        self.connected = False
        self.negotiation = Negotiation()
        self.history = History(Side.SUBSCRIBER, now)
        self._may_pause = may_pause
        self.sid = sid
        self._registry = registry
        self._effects = effects
        self._local = local_transport(registry.relay)
        self.transport = registry.new(self)
        self._described = False
        self._session = SubscriberSession(self.transport)
        self._wishes: dict[str, Wish] = {}
        self._refused: set[str] = set()  # tracks whose every codec the client refused
        self._last_ssrc = secrets.randbelow(0xFFFF_FFFF)
        effects.relay(
            CreateTransport(
                self.transport, self._local.ice_ufrag, self._local.ice_pwd, opens_data_channels=True
            )
        )

    def subscribe(self, track: Publication, now: float) -> None:
        """Adds a track to the next offer. Idempotent."""
        if track.sid in self.tracks or track.sid in self._refused:
            return
        down = DownTrack(
            kind="audio" if track.kind is MediaKind.AUDIO else "video",
            stream_id=f"{track.owner}|{track.sid}",
            track_id=track.sid,
            ssrc=self._fresh_ssrc(),
            cname=track.owner,
            codecs=track.codecs,
            stereo=models.AudioTrackFeature.TF_STEREO in track.info.audio_features,
            rtx_ssrc=self._fresh_ssrc() if track.kind is MediaKind.VIDEO else 0,
        )
        try:
            mid = self._session.add(down)
        except SdpError:
            self._refuse(track.sid)
            return
        wish = self._wishes.get(track.sid, Wish())
        subscription = Subscription(track, self.sid, mid, down.ssrc, down.rtx_ssrc, wish)
        self.tracks[track.sid] = subscription
        self._demand(subscription, now)
        self.negotiation.want(now)

    def unsubscribe(self, track_sid: str, now: float) -> bool:
        """Ends a reception. False when there was none."""
        subscription = self.tracks.pop(track_sid, None)
        if subscription is None:
            return False
        if subscription.consumer:
            self._effects.relay(CloseConsumer(subscription.consumer))
        self._drop(subscription, now)
        self._session.remove(subscription.mid)
        self.negotiation.want(now)
        return True

    def forget(self, track_sid: str, now: float) -> None:
        """The track is gone for everybody; its producer took the consumers along."""
        if subscription := self.tracks.pop(track_sid, None):
            self._drop(subscription, now)
            self._session.remove(subscription.mid)
            self.negotiation.want(now)
        self._refused.discard(track_sid)
        self._wishes.pop(track_sid, None)

    def wish(self, track_sid: str, wish: Wish, now: float) -> None:
        """What the client wants to receive of a track, subscribed to or not yet."""
        if track_sid in self._wishes or len(self._wishes) < MAX_WISHES:
            self._wishes[track_sid] = wish
        subscription = self.tracks.get(track_sid)
        if subscription is None:
            return
        was_disabled = subscription.wish.disabled
        subscription.wish = wish
        self._demand(subscription, now)
        if subscription.consumer:
            self._prefer_layer(subscription)
            self._prioritize(subscription)
            if wish.disabled != was_disabled:
                self._effects.relay(PauseConsumer(subscription.consumer, wish.disabled))

    def wish_for(self, track_sid: str) -> Wish:
        """What was asked for last."""
        return self._wishes.get(track_sid, Wish())

    def congest(self, subscription: Subscription, congested: bool) -> None:
        """The relay has paused a track since the client's path does not carry it, or taken it up again."""
        if subscription.congested is congested:
            return
        subscription.congested = congested
        subscription.was_congested = True
        self._tell_state(subscription)

    def _tell_state(self, subscription: Subscription) -> None:
        state = StreamState.PAUSED if subscription.congested else StreamState.ACTIVE
        track = subscription.track
        info = StreamStateInfo(participant_sid=track.owner, track_sid=track.sid, state=state)
        update = StreamStateUpdate(stream_states=[info])
        self._effects.send(self.sid, SignalResponse(stream_state_update=update))

    def restart(self, now: float) -> None:
        """The client has come back, maybe from another network: ICE begins anew (RFC 8445 section 9), with an
        offer; DTLS and media go on. It is told again what it may have missed."""
        fresh = local_transport(self._registry.relay)
        self._local = replace(self._local, ice_ufrag=fresh.ice_ufrag, ice_pwd=fresh.ice_pwd)
        self._effects.relay(RestartIce(self.transport, self._local.ice_ufrag, self._local.ice_pwd))
        for subscription in self.tracks.values():
            if subscription.was_congested:
                self._tell_state(subscription)
        for track_sid in list(self._refused):
            self._refuse(track_sid)
        self.negotiation.begin_anew()
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
        self.connected = True

    def tick(self, now: float) -> bool:
        """Offers when that is due. False: the client has not answered in time."""
        if self.negotiation.has_failed(now):
            return False
        if self.negotiation.is_due(now):
            self.offer(now)
        return True

    def close(self, now: float) -> None:
        """Closes the transport, which takes its consumers along. Its identifier is the caller's to drop, once
        its end was told."""
        for subscription in self.tracks.values():
            self._drop(subscription, now)
        self.tracks.clear()
        self._effects.relay(CloseTransport(self.transport))

    def _consume(self, subscription: Subscription, accepted: AcceptedTrack, now: float) -> None:
        if not accepted.payload_types:
            self.unsubscribe(subscription.track.sid, now)
            self._refuse(subscription.track.sid)
            return
        subscription.consumer = self._registry.new(subscription)
        subscription.since = now
        subscription.priority = priority_of(subscription.wish, subscription.track.info.source)
        self._effects.relay(
            CreateConsumer(
                subscription.consumer,
                subscription.track.producer,
                self.transport,
                subscription.ssrc,
                list(accepted.payload_types),
                list(accepted.extensions),
                subscription.wish.disabled,
                subscription.rtx_ssrc if accepted.rtx_payload_types else 0,
                list(accepted.rtx_payload_types),
                subscription.priority,
                self._may_pause,
            )
        )
        self._prefer_layer(subscription)

    def _refuse(self, track_sid: str) -> None:
        """The client cannot play any codec of the track: it is told, and not offered it again."""
        self._refused.add(track_sid)
        reply = SubscriptionResponse(track_sid=track_sid, err=models.SubscriptionError.SE_CODEC_UNSUPPORTED)
        self._effects.send(self.sid, SignalResponse(subscription_response=reply))

    def _prefer_layer(self, subscription: Subscription) -> None:
        preferred = (_layer(subscription), subscription.wish.frame_rate)
        is_known = subscription.preferred is not None or subscription.track.layer_count > 1
        if preferred != subscription.preferred and (is_known or subscription.wish.frame_rate):
            subscription.preferred = preferred
            self._effects.relay(SetPreferredLayer(subscription.consumer, *preferred))

    def _prioritize(self, subscription: Subscription) -> None:
        priority = priority_of(subscription.wish, subscription.track.info.source)
        if priority != subscription.priority:
            subscription.priority = priority
            self._effects.relay(SetPriority(subscription.consumer, priority))

    def _demand(self, subscription: Subscription, now: float) -> None:
        if (demand := subscription.track.demand) is not None:
            layer = NOTHING if subscription.wish.disabled else _layer(subscription)
            demand.change(subscription.demanded, layer, now)
            subscription.demanded = layer

    def _drop(self, subscription: Subscription, now: float) -> None:
        if (demand := subscription.track.demand) is not None:
            demand.change(subscription.demanded, NOTHING, now)
            subscription.demanded = NOTHING
        if subscription.consumer:
            self._registry.drop(subscription.consumer)
            subscription.consumer = 0
            subscription.congested = False

    def _fresh_ssrc(self) -> int:
        """Never used before on the transport. Upwards from a random one (RFC 3550 section 8.1): a relay
        then knows what was used without keeping all of it."""
        self._last_ssrc = self._last_ssrc % 0xFFFF_FFFF + 1
        return self._last_ssrc


def _layer(subscription: Subscription) -> int:
    track = subscription.track
    return wanted_layer(subscription.wish, track.layer_count, track.sorted_layers())
