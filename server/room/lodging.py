"""Where a room lives: its relay, what it has there, and who speaks data through it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livekit.protocol import models

from server.control.messages import DataMember, Heard, RemoveDataMember, ReplayData, SendData
from server.room.effects import Effects
from server.room.participant import Participant
from server.room.relay import Registry, RelayFace

if TYPE_CHECKING:
    from server.room.room import Room


class Lodging:
    """`registry` is None while the room lives on no relay; `number` is the room's own identifier there."""

    def __init__(self, effects: Effects) -> None:
        self.registry: Registry | None = None
        self.number = 0
        self._effects = effects

    def on(self, relay: RelayFace, room: Room) -> Registry:
        """The room's identifiers on the relay that it lives on, and from now on lives on."""
        if self.registry is None:
            self.registry = Registry(relay)
            self.number = self.registry.new(room)
        return self.registry

    def leave(self) -> None:
        """It lives nowhere."""
        if self.registry:
            self.registry.clear()
            self.registry = None

    def drop(self, number: int) -> None:
        """A thing is gone."""
        if self.registry:
            self.registry.drop(number)

    def retire(self, number: int) -> None:
        """A thing is gone, and its end is yet to be told of."""
        if self.registry:
            self.registry.retire(number)

    def tell_member(self, participant: Participant, *, encrypted_only: bool) -> None:
        """Data comes on the publisher transport and goes out on the primary one."""
        publisher, subscriber = participant.publisher, participant.subscriber
        receiving = (
            subscriber.transport if subscriber and participant.subscriber_is_primary else publisher.transport
        )
        self._effects.relay(
            DataMember(
                participant.member,
                self.number,
                participant.identity,
                participant.sid,
                publisher.transport,
                receiving,
                participant.grants.can_publish_data,
                encrypted_only,
            )
        )

    def remove_member(self, participant: Participant) -> None:
        """It neither sends nor gets data any more."""
        if participant.member:
            self._effects.relay(RemoveDataMember(participant.member))
            self.drop(participant.member)

    def replay(self, participant: Participant, heard: list[Heard]) -> None:
        """It has come back, and gets again what it may have missed of these senders."""
        self._effects.relay(ReplayData(participant.member, heard))

    def say(self, packet: models.DataPacket, *, reliable: bool) -> None:
        """A packet from nobody in the room. Where nobody ever was, there is nobody to send it to."""
        if self.registry is not None:
            self._effects.relay(SendData(self.number, reliable, packet.SerializeToString()))
