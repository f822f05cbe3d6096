"""Sends tracks in sections of the client's own offers: one peer connection both ways (RFC 9429 section 5.3).

The client is always the offerer of this connection. A track goes into a section in which the client only
receives and nothing is sent yet; where none is free the client is asked for more, and offers again. A section
whose track has ended is answered inactive first: clients tell their program of a track when a section begins
to send, and not when it sends something else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from server.control import messages as control
from server.sdp import write
from server.sdp.codecs import EXTENSION_KINDS, is_forwarded, red_payload_types, repaired_payload_type
from server.sdp.model import Codec, Description, Direction, Extension, SdpError, Section
from server.sdp.subscriber import EXTENSIONS, FEEDBACK, MAX_IDLE_SECTIONS, AcceptedTrack, DownTrack

RIDS = {control.ExtensionKind.RID, control.ExtensionKind.REPAIRED_RID}
LARGEST_ONE_BYTE_ID = 14  # RFC 8285 section 4.2; beyond, both sides must have agreed to mix the forms


@dataclass(frozen=True, slots=True)
class SentSection:
    """What the answer says of a section that sends: `payload_types` of the offer, as they are written."""

    stream: write.Stream
    payload_types: tuple[int, ...]
    extensions: tuple[Extension, ...]

    def feedback(self, kind: str, codec: Codec) -> tuple[str, ...]:
        """Of what the offer has for a codec, what is understood from who receives."""
        return tuple(line for line in FEEDBACK[kind] if line in codec.feedback)


@dataclass(frozen=True, slots=True)
class Placement:
    """What an offer makes possible: sections by mid, what is sent by track, and what cannot be played."""

    sections: dict[str, SentSection]
    accepted: dict[str, AcceptedTrack]
    refused: tuple[str, ...]


@dataclass(slots=True)
class SharedSession:
    """The tracks of one client and where they are. Track identifiers are those of `DownTrack`."""

    _wanted: dict[str, DownTrack] = field(default_factory=dict)
    _placed: dict[str, DownTrack] = field(default_factory=dict)  # by mid, as the last answer said
    _carried: dict[str, str] = field(default_factory=dict)  # by mid: the track that was there last
    _free: dict[str, list[str]] = field(default_factory=dict)  # mids by kind, in which nothing is sent

    def add(self, track: DownTrack) -> None:
        """Places a track in the next answer that has a section for it. Raises SdpError without a codec."""
        if not any(is_forwarded(track.kind, codec) for codec in track.codecs):
            raise SdpError("the track has no codec that can be sent")
        self._wanted[track.track_id] = track

    def remove(self, track_id: str) -> None:
        """The next answer says that it is sent no more. Idempotent."""
        self._wanted.pop(track_id, None)

    @property
    def mid_to_track(self) -> dict[str, str]:
        """What is sent in which section, by the last answer."""
        return {mid: track.track_id for mid, track in self._placed.items()}

    def lacks(self) -> tuple[int, int] | None:
        """How many sections for sound and for pictures the next offer must have more. None: no offer is
        needed; with none more, one is."""
        placed = {id(track) for track in self._placed.values()}
        waiting = [track for track in self._wanted.values() if id(track) not in placed]
        if not waiting and not any(self._has_ended(track) for track in self._placed.values()):
            return None
        free = {kind: list(mids) for kind, mids in self._free.items()}
        for mid, track in self._placed.items():
            if self._has_ended(track):
                free.setdefault(track.kind, []).append(mid)
        missing = {"audio": 0, "video": 0}
        for track in waiting:
            if self._take(track, free.get(track.kind, [])) is None:
                missing[track.kind] += 1
        return missing["audio"], missing["video"]

    def place(self, offer: Description, *, first: bool = False) -> Placement:
        """Works an offer in: what the answer is to say of the sections that send.

        The answer to the `first` leaves out stereo that the client does not offer to play: desktop SDKs do
        from the second on, and play as mono what they were answered before.
        """
        receiving = {section.mid: section for section in offer.sections if _receives(section, offer)}
        before, self._placed = self._placed, {}
        for mid, track in before.items():
            if mid in receiving and not self._has_ended(track):
                self._placed[mid] = track
        fresh: dict[str, list[str]] = {"audio": [], "video": []}
        for mid, section in receiving.items():
            if mid not in before and section.direction is Direction.RECVONLY:
                fresh[section.kind].append(mid)
        placed = {id(track) for track in self._placed.values()}
        refused = []
        for track in [one for one in self._wanted.values() if id(one) not in placed]:
            suitable = [mid for mid in fresh[track.kind] if not first or _is_heard(track, receiving[mid])]
            found = self._take(track, suitable)
            if found is not None:
                fresh[track.kind].remove(found)
            if found is not None and _mapping(track, receiving[found]):
                self._placed[found] = track
                self._carried[found] = track.track_id
            elif found is not None:
                fresh[track.kind].append(found)
                refused.append(track.track_id)
                del self._wanted[track.track_id]
        ended = [mid for mid in before if mid in receiving and mid not in self._placed]
        self._free = fresh
        for mid in ended:
            self._free[receiving[mid].kind].append(mid)
        mixed = offer.extmap_allow_mixed
        sections, accepted = {}, {}
        for mid, track in self._placed.items():
            sections[mid], accepted[track.track_id] = _sent(track, receiving[mid], mixed)
        return Placement(sections, accepted, tuple(refused))

    def _has_ended(self, track: DownTrack) -> bool:
        return self._wanted.get(track.track_id) is not track

    def _take(self, track: DownTrack, free: list[str]) -> str | None:
        """Takes a section out of those that are free, preferably not one that had the very same track.

        Desktop SDKs do not tell their program of a track that comes back in the section it had.
        """
        other = next((mid for mid in free if self._carried.get(mid) != track.track_id), None)
        mid = other or (free[0] if len(free) >= MAX_IDLE_SECTIONS else None)
        if mid is not None:
            free.remove(mid)
        return mid


def _receives(section: Section, offer: Description) -> bool:
    """Whether the client takes media in it, and it can share the one transport."""
    receiving = section.direction in (Direction.RECVONLY, Direction.SENDRECV)
    is_media = section.kind in EXTENSIONS and not section.rejected
    return is_media and receiving and section.mid in offer.bundle


def _is_heard(track: DownTrack, section: Section) -> bool:
    """Whether all channels are, by who offers the section (RFC 7587 section 6.1)."""
    opus = (codec for codec in section.codecs if codec.name == "opus")
    return not track.stereo or any("stereo=1" in codec.fmtp.replace(" ", "").split(";") for codec in opus)


def _mapping(track: DownTrack, section: Section) -> tuple[control.PayloadMapping, ...]:
    """From the producer's payload types to those of the client's section."""
    offered = [codec for codec in section.codecs if is_forwarded(section.kind, codec)]
    mapping: dict[int, int] = {}
    # Opus before RED, whose parameters name Opus's number.
    for codec in sorted(track.codecs, key=lambda codec: codec.name == "red"):
        same = (other for other in offered if _is_same(codec, other, mapping))
        if (found := next(same, None)) is not None:
            mapping[codec.payload_type] = found.payload_type
    return tuple(
        control.PayloadMapping(codec.payload_type, mapping[codec.payload_type])
        for codec in track.codecs
        if codec.payload_type in mapping
    )


def _is_same(sent: Codec, offered: Codec, mapping: dict[int, int]) -> bool:
    """Whether who offers a codec can play what is sent."""
    if sent.name != offered.name:
        return False
    if sent.name == "red":
        inside = [mapping.get(number) for number in red_payload_types(sent)]
        return bool(inside) and inside == list(red_payload_types(offered))
    return _profile(sent) == _profile(offered)


def _profile(codec: Codec) -> tuple[str, ...]:
    """What two descriptions of a codec must have in common: the profile, and how it is put into packets."""
    words = dict(word.strip().partition("=")[::2] for word in codec.fmtp.lower().split(";"))
    if codec.name == "h264":  # RFC 6184 section 8.1; the last byte is the level, which may differ
        return words.get("packetization-mode", "0"), words.get("profile-level-id", "420010")[:4]
    if codec.name == "vp9":
        return (words.get("profile-id", "0"),)
    if codec.name == "av1":
        return (words.get("profile", "0"),)
    return ()


def _sent(track: DownTrack, section: Section, mixed: bool) -> tuple[SentSection, AcceptedTrack]:
    mapping = _mapping(track, section)
    sent = {each.outgoing for each in mapping}
    repairs = _repairs(section.codecs, sent) if track.rtx_ssrc and track.kind == "video" else ()
    usable = [
        extension
        for extension in section.extensions
        if extension.uri in EXTENSION_KINDS and (mixed or extension.id <= LARGEST_ONE_BYTE_ID)
    ]
    taken = [
        extension
        for extension in usable
        if EXTENSION_KINDS[extension.uri] in EXTENSIONS[track.kind]
        and extension.direction in (Direction.SENDRECV, Direction.RECVONLY)
    ]
    # Browsers refuse their own next simulcast offer where any section of video was answered without these.
    rids = [extension for extension in usable if EXTENSION_KINDS[extension.uri] in RIDS]
    rtx_ssrc = track.rtx_ssrc if repairs else 0
    described = SentSection(
        write.Stream(track.stream_id, track.track_id, track.ssrc, track.cname, rtx_ssrc),
        (*dict.fromkeys(each.outgoing for each in mapping), *(each.outgoing for each in repairs)),
        (*taken, *rids),
    )
    extensions = {EXTENSION_KINDS[one.uri]: one.id for one in taken}
    accepted = AcceptedTrack(
        section.mid,
        mapping,
        tuple(control.HeaderExtension(kind, number) for kind, number in extensions.items()),
        repairs,
    )
    return described, accepted


def _repairs(codecs: Iterable[Codec], sent: set[int]) -> tuple[control.PayloadMapping, ...]:
    """Retransmissions of what is sent (RFC 4588), one payload type for each."""
    repairs: dict[int, int] = {}
    for codec in codecs:
        repaired = repaired_payload_type(codec)
        if repaired is not None and repaired in sent:
            repairs.setdefault(repaired, codec.payload_type)
    return tuple(control.PayloadMapping(repaired, number) for repaired, number in repairs.items())
