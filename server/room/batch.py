"""What participants have become, held for a moment so that a large room is told of many at once.

Each who is told has seen the batch up to some place; what follows is sent as one message, the same to all who
have seen as much. Of one participant only the last snapshot is: they are complete.
"""

from __future__ import annotations

from collections.abc import Iterable

from livekit.protocol.models import ParticipantInfo
from livekit.protocol.rtc import ParticipantUpdate, SignalResponse

SECONDS_EACH = 0.00025
"""For each in the room, so long from one batch to the next: telling one takes a tenth of that."""


class Batch:
    """Of one room. Those who are told are known by their sids."""

    def __init__(self) -> None:
        self._infos: list[ParticipantInfo] = []
        self._last: dict[str, int] = {}  # where the last snapshot of each is
        self._seen: dict[str, int] = {}  # how many were seen; who is not here has nothing to be told
        self._made: dict[int, SignalResponse] = {}  # by how many were seen

    def __bool__(self) -> bool:
        """Whether anybody has something to be told."""
        return bool(self._seen)

    def add(self, info: ParticipantInfo, receivers: Iterable[str]) -> None:
        """A participant is to be shown as this, after what is there already. Nobody is shown itself."""
        place = len(self._infos)
        self._infos.append(info)
        self._last[info.sid] = place
        self._made.clear()
        for sid in receivers:
            self._seen.setdefault(sid, place)

    def take(self, sid: str) -> SignalResponse | None:
        """All that somebody has not been shown; None: nothing."""
        seen = self._seen.pop(sid, None)
        if seen is None:
            return None
        if self._last.get(sid, -1) >= seen:
            return self._make(seen, without=sid)
        if seen not in self._made and (update := self._make(seen)):
            self._made[seen] = update
        return self._made.get(seen)

    def take_all(self) -> list[tuple[str, SignalResponse]]:
        """The same of everybody."""
        taken = [(sid, update) for sid in list(self._seen) if (update := self.take(sid)) is not None]
        self._infos.clear()
        self._last.clear()
        self._made.clear()
        return taken

    def drop(self, sid: str) -> None:
        """Somebody is not told. Idempotent."""
        self._seen.pop(sid, None)

    def _make(self, seen: int, without: str = "") -> SignalResponse | None:
        """In the order of the last snapshots: whoever came back was gone before."""
        infos = [
            info
            for place, info in enumerate(self._infos[seen:], seen)
            if self._last[info.sid] == place and info.sid != without
        ]
        return SignalResponse(update=ParticipantUpdate(participants=infos)) if infos else None
