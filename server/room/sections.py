"""Which section of a participant's offers carries which of its tracks.

AddTrack and the offer may arrive in either order. A section that no AddTrack explains yet is parked; a
request whose section has not come is pending. The key between them is the track word of `a=msid`, which is
the `cid` of the request. Firefox and some transceivers write another word: then the first pending track of
the kind is taken, at once for Firefox and else only after the exact match has had time to arrive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from server.control.messages import MediaKind
from server.room.rendition import Rendition, cid_of
from server.sdp.model import Description, Direction, Section

LOOSE_MATCH_SECONDS = 0.5
_KINDS = {"audio": MediaKind.AUDIO, "video": MediaKind.VIDEO}
_SENDING = {Direction.SENDONLY, Direction.SENDRECV}


@dataclass(slots=True)
class _Parked:
    """A sending section without a track. `loose_at`: from when on any pending track of its kind will do."""

    kind: MediaKind
    cid: str
    loose_at: float


class Sections:
    """`pending` are renditions that wait for their section, by cid; `bound` those that have one, by mid."""

    def __init__(self, *, firefox: bool) -> None:
        self.pending: dict[str, Rendition] = {}
        self.bound: dict[str, Rendition] = {}
        self._parked: dict[str, _Parked] = {}
        self._patience = 0.0 if firefox else LOOSE_MATCH_SECONDS

    def is_taken(self, cid: str) -> bool:
        """Whether something of this cid waits or is sent."""
        return cid in self.pending or any(one.cid == cid for one in self.bound.values())

    def await_section(self, rendition: Rendition) -> None:
        """It is to be sent in a section that may have come."""
        self.pending[rendition.cid] = rendition

    def give_up(self, rendition: Rendition) -> None:
        """It waits no more."""
        del self.pending[rendition.cid]

    def release(self, rendition: Rendition) -> None:
        """Its section carries it no more."""
        del self.bound[rendition.mid]

    def ended(self, sending: Mapping[str, Section]) -> list[Rendition]:
        """Those whose sections send no more, or something else."""
        return [
            one
            for mid, one in self.bound.items()
            if mid not in sending or self._is_replaced(sending[mid], one)
        ]

    def park(self, sending: Mapping[str, Section], now: float) -> None:
        """These are the sections that send; what they carry may not be known yet."""
        self._parked = {mid: parked for mid, parked in self._parked.items() if mid in sending}
        for mid, section in sending.items():
            if mid not in self.bound and mid not in self._parked:
                self._parked[mid] = _Parked(_KINDS[section.kind], cid_of(section), now + self._patience)

    def match(self, now: float) -> list[Rendition]:
        """Brings parked sections and what is pending together, exact matches first. Returns what has a
        section from now on."""
        matched = []
        for exactly in (True, False):
            for mid, parked in list(self._parked.items()):
                found = self._pending_for(parked, exactly=exactly or now < parked.loose_at)
                if found is not None:
                    del self._parked[mid], self.pending[found.cid]
                    found.bind(mid, parked.cid)
                    self.bound[mid] = found
                    matched.append(found)
        return matched

    def match_times(self) -> list[float]:
        """When a loose match may become possible."""
        kinds = {pending.track.kind for pending in self.pending.values()}
        return [parked.loose_at for parked in self._parked.values() if parked.kind in kinds]

    def _is_replaced(self, section: Section, bound: Rendition) -> bool:
        """Whether a section that was never seen inactive now carries another pending track."""
        cid = cid_of(section)
        return cid != bound.cid and cid in self.pending

    def _pending_for(self, parked: _Parked, *, exactly: bool) -> Rendition | None:
        of_kind = [one for one in self.pending.values() if one.track.kind is parked.kind]
        if not exactly:
            return of_kind[0] if of_kind else None
        by_cid = (one for one in of_kind if parked.cid and parked.cid in {one.cid, *one.cids})
        return next(by_cid, None)


def sending_sections(offer: Description) -> dict[str, Section]:
    """The sections of an offer in which the client sends media, by mid."""
    return {
        section.mid: section
        for section in offer.sections
        if section.kind in _KINDS and not section.rejected and section.direction in _SENDING
    }
