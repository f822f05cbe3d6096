"""Joins that cannot be."""

from __future__ import annotations

from typing import Final

from server.errors import ClientError, Refusal

UNENCRYPTED_ROOM = "end-to-end encryption is required, and this room was begun without: let it end first"
REASONS: Final = {
    Refusal.ROOM_FULL: ("the room is full", 503),
    # 403: SDKs try again by themselves after most others.
    Refusal.ROOM_LOCKED: ("the room is locked: nobody new comes in until a moderator unlocks it", 403),
    Refusal.BANNED: ("you are banned from this room until it ends", 403),
}
"""What a room itself refuses a join for: in words, and as HTTP status."""
FULL = "this server carries as many calls as it can: no new one can begin now; try again later"
ROOM_MISSING = "requested room does not exist"  # SDKs look for exactly these words


class JoinRefused(ClientError):
    """A join that cannot be. `status` is the HTTP status."""

    def __init__(self, message: str, status: int, refusal: Refusal) -> None:
        super().__init__(message)
        self.status = status
        self.refusal = refusal
