"""Reliable data packets of the last seconds, for who was away: in memory alone, and bounded.

Numbered packets alone, since only those can be told from what has been heard. Nobody gets a packet that was
not for them, or is older than their own being there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import Final

MOST_PACKETS: Final = 512
"""Of one room."""
MOST_BYTES: Final = 512 * 1024
"""Of one room; as much as may wait for one reader."""
MOST_BYTES_IN_ALL: Final = 16 * 1024 * 1024
"""Of all rooms of a relay. Beyond, a room keeps only as much as it gives up."""


def is_among(identity: str, sid: str, identities: Set[str], sids: Set[str]) -> bool:
    """Whether a packet for these is for somebody; one that names nobody is for everybody."""
    return identity in identities or sid in sids or not (identities or sids)


@dataclass(frozen=True, slots=True)
class Kept:
    """A packet as it was sent, by the sid of its sender; for these identities and sids, or for everybody."""

    at: float
    sender: str
    sequence: int
    identities: frozenset[str]
    sids: frozenset[str]
    message: bytes

    def is_for(self, identity: str, sid: str) -> bool:
        """Whether somebody was to get it."""
        return sid != self.sender and is_among(identity, sid, self.identities, self.sids)


class _Shelf:
    """One room's, oldest first."""

    def __init__(self) -> None:
        self.packets: deque[Kept] = deque()
        self.size = 0

    def drop(self) -> int:
        """Forgets the oldest; its bytes."""
        size = len(self.packets.popleft().message)
        self.size -= size
        return size


class Replay:
    """Keeps for so many `seconds`; 0: nothing. `now` is in seconds, of any clock that does not go back."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._shelves: dict[int, _Shelf] = {}
        self._size = 0

    def keep(self, room: int, packet: Kept) -> None:
        """Takes a packet of a room, and forgets older ones for it where that is needed."""
        size = len(packet.message)
        if not self._seconds or size > MOST_BYTES:
            return
        shelf = self._shelves.setdefault(room, _Shelf())
        while shelf.packets and (
            len(shelf.packets) >= MOST_PACKETS
            or shelf.size + size > MOST_BYTES
            or self._size + size > MOST_BYTES_IN_ALL
        ):
            self._size -= shelf.drop()
        if self._size + size <= MOST_BYTES_IN_ALL:
            shelf.packets.append(packet)
            shelf.size += size
            self._size += size

    def after(self, room: int, since: float, heard: dict[str, int]) -> Iterator[Kept]:
        """A room's packets since a time, of the senders in `heard` and beyond the number heard of each."""
        shelf = self._shelves.get(room)
        for packet in shelf.packets if shelf is not None else ():
            if packet.at >= since and packet.sequence > heard.get(packet.sender, packet.sequence):
                yield packet

    def forget(self, room: int) -> None:
        """A room is over. Idempotent."""
        shelf = self._shelves.pop(room, None)
        self._size -= shelf.size if shelf is not None else 0

    def expire(self, now: float) -> float | None:
        """Forgets what is too old; seconds until the next is, None: nothing is kept."""
        for room, shelf in list(self._shelves.items()):
            while shelf.packets and shelf.packets[0].at <= now - self._seconds:
                self._size -= shelf.drop()
            if not shelf.packets:
                del self._shelves[room]
        oldest = min((shelf.packets[0].at for shelf in self._shelves.values()), default=None)
        return None if oldest is None else max(0.0, oldest + self._seconds - now)
