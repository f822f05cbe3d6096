"""Who receives what a participant sends: the relay's account, in the names of the roster. PURE.

The two are of the same moment: the roster is taken down when the relay is asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from livekit.protocol import models

from server.control.messages import MediaKind, Receiver
from server.errors import RelayError, RelayFault
from server.protocol import translate

if TYPE_CHECKING:
    from server.room.room import Room


@dataclass(frozen=True, slots=True)
class Listener:
    """A participant that receives. `since` is in seconds since the epoch; `paused` by its own wish."""

    sid: str
    identity: str
    name: str
    since: float
    paused: bool


@dataclass(frozen=True, slots=True)
class HeardTrack:
    """One of the participant's tracks. `source` is a word of `canPublishSources`; `encrypted` as declared."""

    sid: str
    source: str
    kind: MediaKind
    muted: bool
    encrypted: bool
    receivers: tuple[Listener, ...]


@dataclass(frozen=True, slots=True)
class Heard:
    """A participant's tracks with their receivers, at `observed_at` seconds since the epoch."""

    participant: str
    encryption_required: bool
    observed_at: float
    tracks: list[HeardTrack]


@dataclass(frozen=True, slots=True)
class _Person:
    sid: str
    identity: str
    name: str


class Reception:
    """What signaling knew when the relay was asked about `transport`, the sending one of `participant`."""

    def __init__(self, room: Room, sid: str) -> None:
        sender = room.participants[sid]
        self.participant = sid
        self.encryption_required = room.encryption_required
        self.transport = sender.publisher.transport
        published = sender.publisher.tracks.values()
        self._tracks = [track for track in published if track.main.producer]
        self._track_of = {
            one.producer: track.sid for track in self._tracks for one in track.renditions if one.producer
        }
        self._roster: dict[int, _Person] = {}
        self._since: dict[int, float] = {}
        for person in room.participants.values():
            if person.subscriber is None or person is sender:
                continue
            self._roster[person.subscriber.transport] = _Person(
                person.sid, person.identity, person.claims.name
            )
            for subscription in person.subscriber.tracks.values():
                self._since[subscription.consumer] = subscription.since

    def read(self, lines: Iterable[Receiver], now: float) -> Heard:
        """The relay's answer in names. Raises RelayError where it forwards to anybody else."""
        receivers: dict[str, list[Listener]] = {track.sid: [] for track in self._tracks}
        for line in lines:
            person, since = self._roster.get(line.transport), self._since.get(line.consumer)
            track_sid = self._track_of.get(line.producer)
            if person is None or since is None or track_sid is None:
                raise RelayError(
                    "it forwards media to somebody who is not in the room", RelayFault.STRANGE_RECEIVER
                )
            listener = Listener(person.sid, person.identity, person.name, since, line.paused)
            receivers[track_sid].append(listener)
        tracks = [
            HeardTrack(
                track.sid,
                translate.source_name(track.info.source),
                track.kind,
                track.info.muted,
                track.info.encryption != models.Encryption.Type.NONE,
                tuple(receivers[track.sid]),
            )
            for track in self._tracks
        ]
        return Heard(self.participant, self.encryption_required, now, tracks)


def reception(room: Room, identity: str) -> Reception | None:
    """Of the participant with this identity; None when it is not in the room."""
    people = (one.sid for one in room.participants.values() if one.identity == identity)
    sid = next(people, None)
    return Reception(room, sid) if sid is not None else None
