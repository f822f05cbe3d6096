"""Offers tracks to a subscriber, and reads what the subscriber takes (RFC 8829 sections 5.2 and 5.7).

The server is always the offerer of this connection. Its sections only grow in number: the data section is
the first for ever, and a media section whose track has ended is offered inactive and, once the peer has
answered that, carries the next track of its kind.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from server.control import messages as control
from server.sdp import write
from server.sdp.codecs import (
    EXTENSION_URIS,
    MAX_CODECS,
    is_forwarded,
    red_payload_types,
    repaired_payload_type,
)
from server.sdp.model import (
    Codec,
    Description,
    Direction,
    Extension,
    Fingerprint,
    LocalTransport,
    SdpError,
    Section,
    Setup,
)
from server.sdp.payload_types import PayloadTypes

DATA_MID = "data"
MAX_IDLE_SECTIONS = 8  # of a kind; with more, any of them is used again
FEEDBACK = {
    # No transport-cc for audio: its extension numbers packets anew at each sending, and a retransmission that
    # has no stream of its own must be byte for byte the packet it repeats, since both are sealed under the
    # same SRTP nonce.
    "audio": ("nack",),
    "video": ("transport-cc", "goog-remb", "ccm fir", "nack", "nack pli"),
}
# Identifiers are those of the control vocabulary: one to thirteen, which fit one-byte headers.
# Absolute send times are left out: they are the publisher's, and would mislead the receiver's estimate.
EXTENSIONS = {
    "audio": (
        control.ExtensionKind.MID,
        control.ExtensionKind.AUDIO_LEVEL,
        control.ExtensionKind.ABS_CAPTURE_TIME,
    ),
    "video": (
        control.ExtensionKind.MID,
        control.ExtensionKind.TRANSPORT_CC,
        control.ExtensionKind.DEPENDENCY_DESCRIPTOR,
        control.ExtensionKind.ABS_CAPTURE_TIME,
        control.ExtensionKind.VIDEO_ORIENTATION,
        control.ExtensionKind.PLAYOUT_DELAY,
        control.ExtensionKind.COLOR_SPACE,
        control.ExtensionKind.VIDEO_CONTENT_TYPE,
        control.ExtensionKind.VIDEO_TIMING,
    ),
}


@dataclass(frozen=True, slots=True)
class DownTrack:
    """A track for one subscriber.

    `stream_id` and `track_id` are the words of its msid (`PA_x|TR_y`, `TR_y`); `codecs` what the producer may
    send, with the producer's payload types; `rtx_ssrc` carries retransmissions of video (0: none).
    """

    kind: str
    stream_id: str
    track_id: str
    ssrc: int
    cname: str
    codecs: tuple[Codec, ...]
    stereo: bool = False
    rtx_ssrc: int = 0


@dataclass(frozen=True, slots=True)
class AcceptedTrack:
    """What the peer takes of a section. No payload types: it refused the section or every codec.

    `rtx_payload_types` are from the peer's own payload types to those of their retransmissions (RFC 4588).
    """

    mid: str
    payload_types: tuple[control.PayloadMapping, ...]
    extensions: tuple[control.HeaderExtension, ...]
    rtx_payload_types: tuple[control.PayloadMapping, ...] = ()


@dataclass(slots=True)
class _Slot:
    """A media section through its life."""

    mid: str
    kind: str
    track: DownTrack | None = None  # what the next offer says
    codecs: dict[int, Codec] = field(default_factory=dict)  # as offered, by the producer's payload type
    repairs: dict[int, Codec] = field(default_factory=dict)  # retransmissions, by what they repeat
    offered: DownTrack | None = None  # what the last offer said
    carried: str = ""  # the track that it carries or carried last
    idle: bool = False  # the peer knows that nothing comes: free for the next track
    dead: bool = False  # the peer refused it: port 0 from now on


@dataclass(slots=True)
class SubscriberSession:
    """The offering side of one subscriber's connection."""

    session_id: int
    _version: int = 0
    _slots: list[_Slot] = field(default_factory=list)
    _offered_slots: int = 0
    _payload_types: PayloadTypes = field(default_factory=PayloadTypes)

    @property
    def section_count(self) -> int:
        """M-lines of the last offer: what `parse` should accept of its answer."""
        return 1 + self._offered_slots

    def add(self, track: DownTrack) -> str:
        """Places a track in the next offer. Returns its mid. Raises SdpError if it has no forwarded codec."""
        codecs = self._codecs(track)
        slot = self._idle_slot(track)
        if slot is None:
            slot = _Slot(str(len(self._slots)), track.kind)
            self._slots.append(slot)
        slot.track, slot.codecs, slot.idle, slot.carried = track, codecs, False, track.track_id
        slot.repairs = self._repairs(slot) if track.rtx_ssrc and track.kind == "video" else {}
        return slot.mid

    def _idle_slot(self, track: DownTrack) -> _Slot | None:
        """A section to use again, preferably not one that carried the very same track last.

        Desktop SDKs do not tell their program of a track that comes back in the section it had.
        """
        idle = [slot for slot in self._slots if slot.idle and not slot.dead and slot.kind == track.kind]
        other = next((slot for slot in idle if slot.carried != track.track_id), None)
        return other or (idle[0] if len(idle) >= MAX_IDLE_SECTIONS else None)

    def remove(self, mid: str) -> None:
        """The next offer says that nothing comes in this section. Idempotent."""
        for at, slot in enumerate(self._slots):
            if slot.mid == mid:
                slot.track = None
                if at >= self._offered_slots:  # the peer never saw what it was to carry
                    slot.idle, slot.carried = True, ""

    def offer(self, local: LocalTransport) -> str:
        """The description as it stands now; its answer belongs to `accept`."""
        self._version += 1
        self._offered_slots = len(self._slots)
        bundle = [DATA_MID, *(slot.mid for slot in self._slots if not slot.dead)]
        lines = write.session(self.session_id, self._version, bundle, allow_mixed=True)
        lines += write.data(DATA_MID, write.DATA_FORMAT, local, Setup.ACTPASS, tagged=True)
        for slot in self._slots:
            slot.offered = slot.track
            lines += _section(slot, local)
        return write.text(lines)

    def accept(self, answer: Description) -> tuple[tuple[AcceptedTrack, ...], tuple[Fingerprint, ...], Setup]:
        """Reads the answer to the last offer: tracks still wanted, the peer's fingerprints, and OUR role.

        Raises SdpError when it does not answer that offer section by section.
        """
        offered = self._slots[: self._offered_slots]
        mids = [section.mid for section in answer.sections]
        if self._version == 0 or mids != [DATA_MID, *(slot.mid for slot in offered)]:
            raise SdpError("the answer does not have the sections of the offer")
        fingerprints, setup = _dtls(answer)
        accepted = []
        for slot, section in zip(offered, answer.sections[1:], strict=True):
            if section.kind != slot.kind:
                raise SdpError("the answer does not have the sections of the offer")
            slot.dead = slot.dead or section.rejected
            slot.idle = slot.offered is None and slot.track is None
            if slot.offered is not None and slot.track is slot.offered:
                accepted.append(_accepted(slot, section))
        return tuple(accepted), fingerprints, setup

    def _codecs(self, track: DownTrack) -> dict[int, Codec]:
        """The track's codecs renumbered for this bundle, by the producer's payload type."""
        usable = [codec for codec in track.codecs if is_forwarded(track.kind, codec)][:MAX_CODECS]
        renumbered: dict[int, Codec] = {}
        # Opus before RED, whose parameters name Opus's number.
        for codec in sorted(usable, key=lambda codec: codec.name == "red"):
            offered = _as_offered(codec, track, renumbered)
            if offered is not None:
                renumbered[codec.payload_type] = self._payload_types.assign(
                    offered, lambda: self._used() | _numbers(renumbered)
                )
        if not renumbered:
            raise SdpError("the track has no codec that can be offered")
        in_order = [codec.payload_type for codec in usable]
        return {number: renumbered[number] for number in in_order if number in renumbered}

    def _repairs(self, slot: _Slot) -> dict[int, Codec]:
        repairs: dict[int, Codec] = {}
        for codec in slot.codecs.values():
            found = self._payload_types.assign_repair(codec, lambda: self._used() | _numbers(repairs))
            if found is not None:
                repairs[codec.payload_type] = found
        return repairs

    def _used(self) -> set[int]:
        return set().union(*(_numbers(slot.codecs) | _numbers(slot.repairs) for slot in self._slots))


def _numbers(codecs: dict[int, Codec]) -> set[int]:
    return {codec.payload_type for codec in codecs.values()}


def _as_offered(codec: Codec, track: DownTrack, renumbered: dict[int, Codec]) -> Codec | None:
    """Parameters and feedback towards this subscriber. None for RED around an Opus that is not offered."""
    if codec.name == "opus":
        stereo = ";sprop-stereo=1" if track.stereo else ""
        has_red = any(other.name == "red" for other in track.codecs)
        feedback = () if has_red else FEEDBACK["audio"]  # RED repairs by itself
        return replace(codec, fmtp=f"minptime=10;useinbandfec=1{stereo}", feedback=feedback)
    if codec.name == "red":
        inside = [renumbered.get(number) for number in red_payload_types(codec)]
        numbers = [str(opus.payload_type) for opus in inside if opus is not None and opus.name == "opus"]
        if not inside or len(numbers) != len(inside):
            return None
        return replace(codec, fmtp="/".join(numbers), feedback=())
    return replace(codec, feedback=FEEDBACK[track.kind])


def _section(slot: _Slot, local: LocalTransport) -> list[str]:
    codecs = list({codec.payload_type: codec for codec in slot.codecs.values()}.values())
    codecs += slot.repairs.values()
    if slot.dead:
        formats = " ".join(str(codec.payload_type) for codec in codecs)
        return write.rejected(slot.kind, f"{write.MEDIA_PROTOCOL} {formats}", slot.mid)
    track = slot.track
    stream = None
    if track:
        rtx_ssrc = track.rtx_ssrc if slot.repairs else 0
        stream = write.Stream(track.stream_id, track.track_id, track.ssrc, track.cname, rtx_ssrc)
    return write.media(
        slot.kind,
        slot.mid,
        protocol=write.MEDIA_PROTOCOL,
        direction=Direction.SENDONLY if stream else Direction.INACTIVE,
        codecs=codecs,
        extensions=[Extension(int(kind), EXTENSION_URIS[kind]) for kind in EXTENSIONS[slot.kind]],
        local=local,
        setup=Setup.ACTPASS,
        tagged=False,
        stream=stream,
    )


def _dtls(answer: Description) -> tuple[tuple[Fingerprint, ...], Setup]:
    section = next((section for section in answer.sections if not section.rejected), None)
    if section is None or not section.fingerprints:
        raise SdpError("the answer has no usable certificate fingerprint")
    if section.setup is Setup.ACTPASS:
        raise SdpError("the answer does not choose a DTLS role")
    return section.fingerprints, Setup.ACTIVE if section.setup is Setup.PASSIVE else Setup.PASSIVE


def _accepted(slot: _Slot, section: Section) -> AcceptedTrack:
    receives = section.direction in (Direction.RECVONLY, Direction.SENDRECV)
    if section.rejected or not receives:
        return AcceptedTrack(slot.mid, (), ())
    # The offer's payload types are used, as every answerer keeps them (RFC 3264 section 6.1).
    taken = {(codec.payload_type, codec.name, codec.clock_rate) for codec in section.codecs}
    mapping = tuple(
        control.PayloadMapping(incoming, codec.payload_type)
        for incoming, codec in slot.codecs.items()
        if (codec.payload_type, codec.name, codec.clock_rate) in taken
    )
    kinds = {EXTENSION_URIS[kind]: kind for kind in EXTENSIONS[slot.kind]}
    extensions = tuple(
        control.HeaderExtension(kinds[extension.uri], extension.id)
        for extension in section.extensions
        if extension.uri in kinds and extension.id == int(kinds[extension.uri])
    )
    if not mapping:
        return AcceptedTrack(slot.mid, (), ())
    taken_repairs = {codec.payload_type: repaired_payload_type(codec) for codec in section.codecs}
    sent = {each.outgoing for each in mapping}
    repairs = tuple(
        control.PayloadMapping(repaired, codec.payload_type)
        for repaired, codec in slot.repairs.items()
        if repaired in sent and taken_repairs.get(codec.payload_type) == repaired
    )
    return AcceptedTrack(slot.mid, mapping, extensions, repairs)
