"""Who is signed in to the console: in memory only, so a restart signs everybody out. PURE.

A session is known by a random identifier, in a cookie; kept is its SHA-256 alone, so that what is in memory
here opens nothing.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Final

from server.access.entry import Reason

IDLE_SECONDS: Final = 20 * 60.0
ABSOLUTE_SECONDS: Final = 10 * 3600.0
MOST_PER_OPERATOR: Final = 5
"""The one that was used longest ago ends when another begins."""


@dataclass(slots=True, eq=False)
class Session:
    """`mark` is that of the operator's entry at sign-in (`access.operators`); times in seconds of a clock
    that never goes back. Prints as nothing that opens anything."""

    operator: str
    mark: str
    zone: str
    """Name of a time zone (IANA), or "" for the server's."""
    begun_at: float
    used_at: float
    reason: Reason | None = None
    """Why they look now; None: not said yet."""
    streams: int = 0
    """Pages that follow what is live."""
    ended: bool = False

    def __repr__(self) -> str:
        """The name never prints."""
        return "<Session>"

    def expires_at(self) -> float:
        return min(self.used_at + IDLE_SECONDS, self.begun_at + ABSOLUTE_SECONDS)


@dataclass(slots=True)
class Sessions:
    """All of them."""

    _by_hash: dict[str, Session] = field(default_factory=dict)

    def begin(self, operator: str, mark: str, zone: str, now: float) -> str:
        """A new session; the identifier to give to the browser."""
        self._forget_expired(now)
        own = sorted(
            (one for one in self._by_hash.items() if one[1].operator == operator),
            key=lambda one: one[1].used_at,
        )
        for key, _ in own[: max(0, len(own) + 1 - MOST_PER_OPERATOR)]:
            self._end(key)
        identifier = secrets.token_urlsafe(32)
        self._by_hash[_hash(identifier)] = Session(operator, mark, zone, now, now)
        return identifier

    def find(self, identifier: str, now: float) -> Session | None:
        """None for one that has ended, or never was."""
        key = _hash(identifier)
        session = self._by_hash.get(key)
        if session is not None and now >= session.expires_at():
            self._end(key)
            return None
        return session

    def end(self, identifier: str) -> None:
        """Idempotent."""
        self._end(_hash(identifier))

    def end_all_of(self, operator: str) -> None:
        """Somebody is an operator no more, or has another password."""
        for key in [key for key, one in self._by_hash.items() if one.operator == operator]:
            self._end(key)

    def __len__(self) -> int:
        return len(self._by_hash)

    def _end(self, key: str) -> None:
        session = self._by_hash.pop(key, None)
        if session is not None:
            session.ended = True

    def _forget_expired(self, now: float) -> None:
        for key in [key for key, one in self._by_hash.items() if now >= one.expires_at()]:
            self._end(key)


def _hash(identifier: str) -> str:
    return hashlib.sha256(identifier.encode("utf-8", "surrogatepass")).hexdigest()
