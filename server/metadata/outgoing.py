"""What receivers of webhooks are told: which rows of the ledger, and what of them. PURE."""

from __future__ import annotations

from typing import Final, NamedTuple

from server.metadata.event import Event
from server.metadata.rows.rooms import RoomFinished, RoomStarted
from server.metadata.rows.sessions import ParticipantActive, ParticipantLeft
from server.metadata.rows.tracks import TrackPublished, TrackUnpublished

TOLD: Final = (
    RoomStarted,
    RoomFinished,
    ParticipantActive,
    ParticipantLeft,
    TrackPublished,
    TrackUnpublished,
)
"""The rows that receivers are told of. A participant has joined once media can flow, as LiveKit has it."""


class Waiting(NamedTuple):
    """A row to be told: its number, when it happened in seconds since the epoch, and its room."""

    number: int
    at: float
    room: str


class Outgoing(NamedTuple):
    """A row as it is told, with what other rows say of its room and its session, as far as they are kept.

    Times in seconds since the epoch; None: not known.
    """

    number: int
    at: float
    event: Event
    room_sid: str = ""
    room_started_at: float | None = None
    joined_at: float | None = None
    was_active: bool = False
    published: TrackPublished | None = None
    """The beginning of the track whose end is told."""


class Standing(NamedTuple):
    """How many rows a receiver is still to be told, and when the oldest of them happened (seconds since the
    epoch; None: there is none)."""

    rows: int
    oldest: float | None
