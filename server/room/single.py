"""Receiving by the one peer connection in which a participant sends: the client offers, the server answers.

What is to be negotiated waits for the client's next offer, which the client is asked for
(MediaSectionsRequirement) with as many sections more as there are tracks without one. The first answer has
the tracks that the room has already; nothing is sent of them, and nothing more is asked for, before the
others know who receives them (`open`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from livekit.protocol import models
from livekit.protocol.rtc import MediaSectionsRequirement, SignalResponse

from server.room.effects import Effects
from server.room.history import Side
from server.room.publisher import Publisher
from server.room.relay import Registry
from server.room.subscriber import Manner, Subscriber
from server.room.subscription import Subscription
from server.sdp.model import Description
from server.sdp.shared import Placement, SharedSession
from server.sdp.subscriber import AcceptedTrack, DownTrack

# How many sections for sound and for pictures more, and what was received in which.
_Asked = tuple[tuple[int, int], dict[str, str]]

DECRYPTION_SECONDS = 0.5
"""Desktop SDKs put decryption to a track a moment after the answer that has it, and play as noise what comes
before: nothing comes. With two connections, their own answer comes after that."""


@dataclass(frozen=True, slots=True)
class _Held:
    """What is to be sent from `due` on, where that is not at once; None: once the others know of it."""

    due: float | None
    subscription: Subscription
    accepted: AcceptedTrack


class SingleSubscriber(Subscriber):
    """Shares the transport of `publisher`."""

    owns_transport = False

    def __init__(self, publisher: Publisher, registry: Registry, effects: Effects, manner: Manner) -> None:
        super().__init__(publisher.sid, publisher.transport, registry, effects, manner)
        self._publisher = publisher
        publisher.history.side = Side.BOTH
        self._session = SharedSession()
        self._asked: _Asked | None = None
        self._is_open = False
        self._held: dict[int, _Held] = {}  # by SSRC

    @property
    def connected(self) -> bool:
        return self._publisher.connected

    @property
    def mid_to_track(self) -> Mapping[str, str]:
        """What is received in which section: desktop SDKs know a track by nothing else."""
        return MappingProxyType(self._session.mid_to_track)

    def place(self, offer: Description) -> Placement:
        """What the answer to an offer is to say of the sections that send; `placed` when it was sent."""
        return self._session.place(offer, first=not self._is_open)

    def placed(self, placement: Placement, now: float) -> None:
        """The client has been answered: what it takes is sent from now on."""
        self.negotiation.answered(0)
        for sid in placement.refused:
            self.unsubscribe(sid, now)
            self._refuse(sid)
        for sid, accepted in placement.accepted.items():
            subscription = self.tracks.get(sid)
            if subscription is not None and not subscription.consumer:
                subscription.mid = accepted.mid
                self._take(subscription, accepted, now)
        self.negotiation.settle(now)
        # A client whose offer changes nothing is not asked again for the same.
        if (lacking := self._lacking()) is not None and lacking != self._asked:
            self.negotiation.want_at_once(now)

    def open(self, now: float) -> None:
        if self._is_open:
            return
        self._is_open = True
        held, self._held = self._held, {}
        for one in held.values():
            if self.tracks.get(one.subscription.track.sid) is one.subscription:
                self._take(one.subscription, one.accepted, now)
        self.negotiation.want_at_once(now)

    def restart(self, now: float) -> None:
        """The client begins ICE anew with an offer of its own; what it was asked for it may have missed."""
        super().restart(now)
        self._asked = None
        self.negotiation.want(now)

    def tick(self, now: float) -> bool:
        for held in [held for held in self._held.values() if held.due is not None and now >= held.due]:
            del self._held[held.subscription.ssrc]
            if self.tracks.get(held.subscription.track.sid) is held.subscription:
                self._consume(held.subscription, held.accepted, now)
        return super().tick(now)

    def next_timeout(self) -> float | None:
        times = [held.due for held in self._held.values() if held.due is not None]
        if (negotiation := super().next_timeout()) is not None:
            times.append(negotiation)
        return min(times, default=None)

    def _negotiate(self, now: float) -> None:
        """Asks for an offer, where one is still needed."""
        self._asked = self._lacking() if self._is_open else None
        if self._asked is None:
            self.negotiation.forget()
            return
        self.negotiation.offered(now)
        (audios, videos), _ = self._asked
        requirement = MediaSectionsRequirement(num_audios=audios, num_videos=videos)
        self._effects.send(self.sid, SignalResponse(media_sections_requirement=requirement))

    def _take(self, subscription: Subscription, accepted: AcceptedTrack, now: float) -> None:
        """The client has been told of it in an answer."""
        if self._is_open and subscription.track.info.encryption == models.Encryption.Type.NONE:
            self._consume(subscription, accepted, now)
            return
        before = self._held.get(subscription.ssrc)
        due = now + DECRYPTION_SECONDS if before is None else before.due
        self._held[subscription.ssrc] = _Held(due if self._is_open else None, subscription, accepted)

    def _lacking(self) -> _Asked | None:
        """None: everything is where it belongs."""
        lacks = self._session.lacks()
        return None if lacks is None else (lacks, self._session.mid_to_track)

    def _place(self, track: DownTrack) -> str:
        self._session.add(track)
        return ""

    def _displace(self, subscription: Subscription) -> None:
        self._session.remove(subscription.track.sid)
