"""Joins that cannot be."""

from __future__ import annotations

from server.errors import ClientError, Refusal

UNENCRYPTED_ROOM = "end-to-end encryption is required, and this room was begun without: let it end first"
ROOM_MISSING = "requested room does not exist"  # SDKs look for exactly these words


class JoinRefused(ClientError):
    """A join that cannot be. `status` is the HTTP status."""

    def __init__(self, message: str, status: int, refusal: Refusal) -> None:
        super().__init__(message)
        self.status = status
        self.refusal = refusal
