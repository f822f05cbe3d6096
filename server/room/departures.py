"""Who has left a room lately, for clients that were away meanwhile: they would show them for ever."""

from __future__ import annotations

from collections import deque

from livekit.protocol import models

UNNOTICED_SECONDS = 60.0
"""What was sent in so long before a WebSocket was found to be gone may not have arrived."""
MOST = 4096


class Departures:
    """Of one room. `kept_seconds` is how long clients may be away."""

    def __init__(self, kept_seconds: float) -> None:
        self._kept_seconds = kept_seconds + UNNOTICED_SECONDS
        self._gone: deque[tuple[float, models.ParticipantInfo]] = deque()
        self._complete_since = 0.0

    def note(self, gone: models.ParticipantInfo, now: float) -> None:
        """A participant that the others knew has left. Kept without what it said of itself."""
        while self._gone and self._gone[0][0] < now - self._kept_seconds:
            self._gone.popleft()
        if len(self._gone) >= MOST:
            self._complete_since = self._gone.popleft()[0]
        brief = models.ParticipantInfo(
            sid=gone.sid,
            identity=gone.identity,
            state=gone.state,
            version=gone.version,
            disconnect_reason=gone.disconnect_reason,
        )
        self._gone.append((now, brief))

    def missed(self, gone_since: float, in_since: float = 0.0) -> list[models.ParticipantInfo] | None:
        """Those that a client may not know of whose WebSocket was found to be gone then, and whom it may have
        been shown, which began at `in_since`; None: that is not known any more."""
        since = gone_since - UNNOTICED_SECONDS
        if since <= self._complete_since:
            return None
        return [gone for when, gone in self._gone if when >= max(since, in_since)]
