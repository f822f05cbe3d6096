"""A room as it is now, for whoever shows it to operators: who is in it, and what the ledger has of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from server.metadata.rows.sessions import ParticipantJoined
from server.room.present import Present


@dataclass(frozen=True, slots=True)
class RoomNow:
    """`relay` and `generation` are None while it lives on none; `joined` is by sid; `created_at` in seconds
    since the epoch."""

    name: str
    sid: str
    created_at: float
    relay: int | None
    generation: int | None
    encryption_required: bool
    people: tuple[Present, ...]
    joined: Mapping[str, ParticipantJoined]
