"""The door of a room: who has been let in, who waits before it, and who is banned until the room ends.

Who waits is in the room's `participants` never: what those are told, sent or asked leaves out who waits by
itself. All of it is in memory, and gone with the room.
"""

from __future__ import annotations

from collections import OrderedDict

from server.auth.grants import Claims
from server.errors import Refusal
from server.room.departures import Departures
from server.room.participant import Participant
from server.room.rules import Rules

MOST_WAITING = 100
MOST_BANNED = 1000
MOST_KNOWN = 20_000
"""Identities; those let in first are forgotten first."""


class Door:
    """`waiting` by sid, in the order in which they came; `banned` are identities of tokens. `departures` are
    of who waited, for moderators who were away."""

    def __init__(self, resume_seconds: float) -> None:
        self.waiting: dict[str, Participant] = {}
        self.banned: dict[str, None] = {}
        self.departures = Departures(resume_seconds)
        self._known: OrderedDict[str, None] = OrderedDict()

    def refuses(self, claims: Claims, rules: Rules) -> Refusal | None:
        """Why somebody is not even heard; None: it may come in, or wait."""
        if claims.identity in self.banned:
            return Refusal.BANNED
        if rules.locked and not self._is_expected(claims):
            return Refusal.ROOM_LOCKED
        return None

    def holds(self, claims: Claims, rules: Rules) -> bool:
        """Whether somebody has to wait. Moderators and who has been let in before do not."""
        return rules.lobby and not self._is_expected(claims)

    def know(self, identity: str) -> None:
        """Somebody is in the room, and may come back."""
        self._known[identity] = None
        self._known.move_to_end(identity)
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)

    def forget(self, identity: str) -> None:
        """Somebody was shown out, and comes back as anybody else. Idempotent."""
        self._known.pop(identity, None)

    def ban(self, identity: str) -> None:
        """Until the room ends, or the ban is lifted. Idempotent."""
        self.forget(identity)
        self.banned[identity] = None

    def _is_expected(self, claims: Claims) -> bool:
        return claims.grants.room_admin or claims.identity in self._known
