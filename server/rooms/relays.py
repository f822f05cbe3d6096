"""Which relay each room lives on, and whose the identifiers on a relay are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from server.control.messages import (
    ConsumerState,
    DataRefused,
    Notification,
    ProducerEnded,
    ProducerLayers,
    Refused,
    SpeakerLevel,
    TransportEnded,
    TransportQuality,
    TransportState,
)
from server.errors import Refusal, RelayError, RelaysFull
from server.room.relay import RelayFace
from server.room.room import Room
from server.rooms.refused import FULL, JoinRefused
from server.sdp.model import Candidate
from server.workers.link import RelayLink


class Placement(Protocol):
    """Which relay a room lives on."""

    async def until_ready(self) -> None:
        """Returns when a relay serves, or when waiting for one has taken too long."""

    def relay_for(self, room: str) -> RelayLink:
        """The room's relay. Raises RelayError when none serves, RelaysFull when none takes another room."""

    def release(self, room: str) -> None:
        """The room is over, or its relay is gone."""


class _Face:
    """A relay as one room sees it."""

    def __init__(
        self, link: RelayLink, candidates: tuple[Candidate, ...], room: Room, owners: _Owners
    ) -> None:
        self._link = link
        self._room = room
        self._owners = owners
        self.number = link.number
        self.generation = link.generation
        self.fingerprint = link.fingerprint
        self.candidates = candidates

    def new_id(self) -> int:
        number = self._link.next_id()
        self._owners[number] = self._room
        return number

    def free_id(self, number: int) -> None:
        self._owners.pop(number, None)


_Owners = dict[int, Room]  # by identifier on one relay


class RoomRelays:
    """`candidates` says where clients reach a relay."""

    def __init__(self, candidates: Callable[[RelayLink], tuple[Candidate, ...]]) -> None:
        self._candidates = candidates
        self._placement: Placement | None = None
        self._links: dict[Room, RelayLink] = {}
        self._owners: dict[tuple[int, int], _Owners] = {}

    def place_on(self, placement: Placement) -> None:
        """Tells where rooms live. Before the first join: relays and rooms know each other both ways."""
        self._placement = placement

    def __len__(self) -> int:
        return len(self._links)

    @property
    def identifiers(self) -> int:
        """How many are in use, on all relays."""
        return sum(len(owners) for owners in self._owners.values())

    async def until_ready(self) -> None:
        """Returns when a room can find a relay; after seconds without one too, to be refused."""
        await self._placed().until_ready()

    def link(self, room: Room | None) -> RelayLink | None:
        """The room's relay; None while it lives on none."""
        return None if room is None else self._links.get(room)

    def check(self, name: str) -> None:
        """Raises JoinRefused if a room of that name would find no relay. Nobody may come after asking."""
        self._relay_for(name)
        self._placed().release(name)

    def house(self, room: Room) -> RelayFace:
        """The relay on which the room lives from now on. Raises JoinRefused."""
        link = self._links.get(room)
        if link is None:
            link = self._links[room] = self._relay_for(room.name)
        owners = self._owners.setdefault((link.number, link.generation), {})
        return _Face(link, self._candidates(link), room, owners)

    def owner(self, relay: RelayLink, notification: Notification) -> Room | None:
        """The room that a notification concerns."""
        return self._owners.get((relay.number, relay.generation), {}).get(_named(notification))

    def on(self, relay: RelayLink) -> list[Room]:
        """The rooms that live on a relay."""
        return [room for room, link in self._links.items() if link is relay]

    def forget(self, relay: RelayLink) -> None:
        """The relay is gone, and every identifier on it."""
        self._owners.pop((relay.number, relay.generation), None)

    def release(self, room: Room) -> None:
        """The room lives on no relay any more. Idempotent."""
        if self._links.pop(room, None) is not None:
            self._placed().release(room.name)

    def _placed(self) -> Placement:
        assert self._placement is not None, "place_on comes before the first join"
        return self._placement

    def _relay_for(self, name: str) -> RelayLink:
        try:
            return self._placed().relay_for(name)
        except RelayError:
            raise JoinRefused("no relay is ready; try again", 503, Refusal.NO_RELAY) from None
        except RelaysFull:
            raise JoinRefused(FULL, 503, Refusal.RELAYS_FULL) from None


def _named(notification: Notification) -> int:
    """The identifier that a notification is about; 0: none."""
    match notification:
        case TransportState(transport=number) | TransportQuality(transport=number):
            return number
        case TransportEnded(transport=number) | ProducerEnded(producer=number):
            return number
        case ProducerLayers(producer=number) | SpeakerLevel(producer=number):
            return number
        case ConsumerState(consumer=number):
            return number
        case DataRefused(member=number):
            return number
        case Refused(id=number):
            return number
    return 0
