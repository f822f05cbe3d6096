"""One participant's receiving side: what it receives of each track, and as what.

How that is negotiated is the matter of the two kinds: by a peer connection of its own (`dual.py`), or by the
one in which the participant sends (`single.py`).
"""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from livekit.protocol import models
from livekit.protocol.rtc import (
    SignalResponse,
    StreamState,
    StreamStateInfo,
    StreamStateUpdate,
    SubscriptionResponse,
)

from server.control.messages import (
    CloseConsumer,
    CreateConsumer,
    MediaKind,
    PauseConsumer,
    PlayoutDelay,
    SetPreferredLayer,
    SetPriority,
)
from server.room.demand import NOTHING
from server.room.effects import Effects
from server.room.layers import Wish, priority_of, wanted_layer
from server.room.negotiation import Negotiation
from server.room.publication import Publication
from server.room.relay import Registry
from server.room.subscription import Subscription
from server.sdp.model import SdpError
from server.sdp.subscriber import AcceptedTrack, DownTrack

MAX_WISHES = 4096
BACKUP_SECONDS = 30.0
"""So long a publisher has to send a track in the codec that somebody needs; it may be away for a moment."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How its videos come: whether they may be paused where the path does not carry them, and what is said
    of how long they are held before they are shown."""

    may_pause: bool
    playout_delay: PlayoutDelay | None = None


class Subscriber(ABC):
    """`tracks` are the subscriptions by track sid, with or without a consumer yet."""

    owns_transport: ClassVar[bool]
    """Whether `transport` is for receiving alone, and its end is told apart."""

    def __init__(
        self, sid: str, transport: int, registry: Registry, effects: Effects, manner: Manner
    ) -> None:
        self.tracks: dict[str, Subscription] = {}
        self.negotiation = Negotiation()
        self.sid = sid
        self.transport = transport
        self._manner = manner
        self._registry = registry
        self._effects = effects
        self._wishes: dict[str, Wish] = {}
        self._refused: set[str] = set()  # tracks whose every codec the client refused
        self._backups: dict[str, float] = {}  # by track sid: until when a backup that was asked for may come
        self._last_ssrc = secrets.randbelow(0xFFFF_FFFF)

    @property
    @abstractmethod
    def connected(self) -> bool:
        """Whether the transport is up."""

    @abstractmethod
    def _negotiate(self, now: float) -> None:
        """Says to the client what is to be negotiated."""

    @abstractmethod
    def _place(self, track: DownTrack) -> str:
        """Has the next description carry a track. Returns its mid, "" if that is not known yet. Raises
        SdpError where it has no codec that can be sent."""

    @abstractmethod
    def _displace(self, subscription: Subscription) -> None:
        """Has the next description carry it no more."""

    def open(self, now: float) -> None:  # noqa: B027
        """The others know of it: what was negotiated may be sent from now on. Idempotent."""

    def tick(self, now: float) -> bool:
        """Negotiates when that is due. False: the client has not done its part in time."""
        if self.negotiation.has_failed(now):
            return False
        for sid in [sid for sid, until in self._backups.items() if until <= now]:
            self.unsubscribe(sid, now)
            self._refuse(sid)
        if self.negotiation.is_due(now):
            self._negotiate(now)
        return True

    def next_timeout(self) -> float | None:
        """When `tick` has something to do."""
        times = [self.negotiation.next_timeout(), *self._backups.values()]
        return min((time for time in times if time is not None), default=None)

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
            mid = self._place(down)
        except SdpError:
            self._refuse(track.sid)
            return
        wish = self._wishes.get(track.sid, Wish())
        likely = track.preferred[0]
        subscription = Subscription(track, self.sid, mid, down.ssrc, down.rtx_ssrc, wish, likely)
        self.tracks[track.sid] = subscription
        self._demand(subscription, now)
        self._want(now)

    def unsubscribe(self, track_sid: str, now: float) -> bool:
        """Ends a reception. False when there was none."""
        subscription = self.tracks.pop(track_sid, None)
        if subscription is None:
            return False
        if subscription.consumer:
            self._effects.relay(CloseConsumer(subscription.consumer))
        self._drop(subscription, now)
        self._displace(subscription)
        self._want(now)
        return True

    def forget(self, track_sid: str, now: float) -> None:
        """The track is gone for everybody; its producer took the consumers along."""
        self._lose(track_sid, now)
        self._refused.discard(track_sid)
        self._wishes.pop(track_sid, None)

    def _lose(self, track_sid: str, now: float) -> None:
        if subscription := self.tracks.pop(track_sid, None):
            self._drop(subscription, now)
            self._displace(subscription)
            self._want(now)

    def follow(self, track: Publication, now: float) -> None:
        """There is something else of a track than before: it is received as far as it suits the client, whose
        reception ends where it has to be negotiated anew."""
        self._refused.discard(track.sid)
        subscription = self.tracks.get(track.sid)
        if subscription is None or subscription.accepted is None:
            return
        fitting = track.fitting(subscription.accepted)
        if not subscription.consumer:
            self._consume(subscription, subscription.accepted, now)
        elif subscription.producer != subscription.rendition.producer:
            self._lose(track.sid, now)  # with its producer
        elif fitting is not subscription.rendition:
            self.unsubscribe(track.sid, now)

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
        """The client has come back, maybe from another network. It is told again what it may have missed."""
        for subscription in self.tracks.values():
            if subscription.was_congested:
                self._tell_state(subscription)
        for track_sid in list(self._refused):
            self._refuse(track_sid)
        self.negotiation.begin_anew()

    def close(self, now: float) -> None:
        """Everything that is received ends; its consumers go with the transport."""
        for subscription in self.tracks.values():
            self._drop(subscription, now)
        self.tracks.clear()

    def _consume(self, subscription: Subscription, accepted: AcceptedTrack, now: float) -> None:
        """Receives what suits the client, once there is such."""
        track, subscription.accepted = subscription.track, accepted
        fitting = track.fitting(accepted)
        payload_types = fitting.mapped(accepted) if fitting is not None and fitting.producer else []
        if fitting is None or (fitting.producer and not payload_types):
            self.unsubscribe(track.sid, now)
            self._refuse(track.sid)
            return
        if fitting is not subscription.rendition:
            self._demand_layer(subscription, NOTHING, now)
            subscription.rendition = fitting
        self._demand(subscription, now)
        if not fitting.producer:  # its publisher is asked for it
            self._backups.setdefault(track.sid, now + BACKUP_SECONDS)
            self._effects.touch(self.sid)
            return
        self._backups.pop(track.sid, None)
        subscription.producer = fitting.producer
        subscription.consumer = self._registry.new(subscription)
        subscription.since = now
        subscription.priority = priority_of(subscription.wish, track.info.source)
        self._effects.relay(
            CreateConsumer(
                subscription.consumer,
                subscription.producer,
                self.transport,
                subscription.ssrc,
                payload_types,
                list(accepted.extensions),
                subscription.wish.disabled,
                subscription.rtx_ssrc if accepted.rtx_payload_types else 0,
                list(accepted.rtx_payload_types),
                subscription.priority,
                self._manner.may_pause,
                self._manner.playout_delay if track.kind is MediaKind.VIDEO else None,
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
        is_known = subscription.preferred is not None or subscription.rendition.layer_count > 1
        if preferred != subscription.preferred and (is_known or subscription.wish.frame_rate):
            subscription.preferred = preferred
            self._effects.relay(SetPreferredLayer(subscription.consumer, *preferred))

    def _prioritize(self, subscription: Subscription) -> None:
        priority = priority_of(subscription.wish, subscription.track.info.source)
        if priority != subscription.priority:
            subscription.priority = priority
            self._effects.relay(SetPriority(subscription.consumer, priority))

    def _want(self, now: float) -> None:
        self.negotiation.want(now)
        self._effects.touch(self.sid)

    def _demand(self, subscription: Subscription, now: float) -> None:
        layer = NOTHING if subscription.wish.disabled else _layer(subscription)
        self._demand_layer(subscription, layer, now)

    def _demand_layer(self, subscription: Subscription, layer: int, now: float) -> None:
        if (demand := subscription.rendition.demand) is not None:
            demand.change(subscription.demanded, layer, now)
            subscription.demanded = layer
            self._effects.touch(subscription.track.owner)

    def _drop(self, subscription: Subscription, now: float) -> None:
        self._demand_layer(subscription, NOTHING, now)
        self._backups.pop(subscription.track.sid, None)
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
    rendition = subscription.rendition
    return wanted_layer(subscription.wish, rendition.layer_count, rendition.layers)
