"""A track in one codec: a section of its publisher's, and the producer that the relay has of it.

Every track has a main one. A video whose publisher names a second codec may have a backup beside it, for
those who cannot decode the first: it is asked for when somebody needs it (`demand.py`), and then comes in a
section of its own, under the same track.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from livekit.protocol import models

from server.control.messages import PayloadMapping
from server.room.demand import Demand
from server.sdp.model import Codec, Description, Section
from server.sdp.negotiate import SentTrack
from server.sdp.subscriber import AcceptedTrack

if TYPE_CHECKING:
    from server.room.publication import Publication

_LAYERED_MIMES = frozenset({"video/vp9", "video/av1"})


@dataclass(frozen=True, slots=True)
class Media:
    """What the answer made of a sending section; `offered` are the codecs that the client has for it, in
    full, as subscribers are offered them."""

    sent: SentTrack
    offered: tuple[Codec, ...]

    @classmethod
    def of(cls, offer: Description, sent: SentTrack) -> Media:
        """Of a section of this offer."""
        section = next(section for section in offer.sections if section.mid == sent.mid)
        return cls(sent, section.codecs)

    def kept(self) -> tuple[Codec, ...]:
        """Those that the answer took. Retransmissions are left out: they are each subscriber's own."""
        return tuple(codec for codec in self.offered if codec.payload_type in self.sent.mime)


@dataclass(slots=True, eq=False)
class Rendition:
    """`codec` is the wanted one by its bare name, "" for any; `cid` is "" where none was asked for yet.

    `codecs` are what the producer may send, with the publisher's payload types, and `mimes` their types.
    `demand` is that for a video which the others know of.
    """

    track: Publication
    codec: str
    place: int = 0  # in the codecs of TrackInfo
    cid: str = ""
    cids: frozenset[str] = frozenset()  # by which else its section may be known
    mid: str = ""
    producer: int = 0
    encodings: int = 0
    codecs: tuple[Codec, ...] = ()
    mimes: tuple[tuple[int, str], ...] = ()
    demand: Demand | None = None
    is_refused: bool = False  # the relay had no room for its producer
    flows: bool = False  # media of it has arrived; only noted of a backup
    asked_at: float = 0.0  # when its publisher wanted to send it; only of a backup

    @property
    def is_main(self) -> bool:
        """Whether the track stands and falls with it."""
        return self.place == 0

    @property
    def info(self) -> models.SimulcastCodecInfo:
        """What TrackInfo says of it."""
        return self.track.info.codecs[self.place]

    @property
    def name(self) -> str:
        """The bare lower-case name of the codec that is sent, as far as it is known."""
        return self.info.mime_type.lower().rpartition("/")[2]

    @property
    def layers(self) -> list[models.VideoLayer]:
        """The publisher's layers, lowest first."""
        return sorted(self.info.layers, key=lambda layer: layer.quality)

    @property
    def layer_count(self) -> int:
        """Layers to choose from: its encodings, or those in the one encoding of a codec that has them."""
        if self.encodings == 1 and self.info.mime_type.lower() in _LAYERED_MIMES:
            return max(len(self.info.layers), 1)
        return self.encodings

    def mapped(self, accepted: AcceptedTrack) -> list[PayloadMapping]:
        """The payload types of the producer to those that somebody accepted who was offered the codecs of the
        track. Its two sections may number the same codec in two ways."""
        if self.is_main:
            return list(accepted.payload_types)
        taken = {each.incoming: each.outgoing for each in accepted.payload_types}
        offered = [codec for codec in self.track.codecs if codec.payload_type in taken]
        pairs = []
        for codec in self.codecs:
            alike = [one for one in offered if one.name == codec.name]
            alike.sort(key=lambda one: one.fmtp != codec.fmtp)
            pairs += [PayloadMapping(codec.payload_type, taken[one.payload_type]) for one in alike[:1]]
        return pairs

    def bind(self, mid: str, section_cid: str) -> None:
        """A section carries it."""
        self.mid = self.info.mid = mid
        if self.is_main:
            self.track.info.mid = mid
        if section_cid not in {"", self.cid}:
            self.info.sdp_cid = section_cid

    def take(self, media: Media, now: float) -> bool:
        """Its section has been answered. False: nothing of it can be sent there."""
        kept, mimes = media.kept(), media.sent.mime
        if not self.is_main:
            kept = tuple(codec for codec in kept if codec.name == self.codec)
        self.codecs = kept
        self.mimes = tuple((number, mimes[number]) for number in mimes if number in _numbers(kept))
        self.encodings = len(media.sent.encodings)
        if kept and self.demand is not None:
            self.demand.begin(self.encodings, now)
        return bool(kept)

    def request(self, cid: str, layers: Iterable[models.VideoLayer], now: float) -> None:
        """Its publisher is about to send it, as the track of this cid."""
        self.cid = self.info.cid = cid
        self.asked_at = now
        del self.info.layers[:]
        self.info.layers.extend(sorted(layers, key=lambda layer: layer.quality))

    def end(self, now: float) -> None:
        """It is sent no more, and may be asked for again."""
        if self.demand is not None:
            self.demand.end(now)
        self.cid = self.mid = self.info.cid = self.info.mid = self.info.sdp_cid = ""
        self.producer = self.encodings = 0
        self.codecs, self.mimes, self.is_refused, self.flows = (), (), False, False


def cid_of(section: Section) -> str:
    """The track word of a section."""
    return section.msid[1] if section.msid else ""


def _numbers(codecs: tuple[Codec, ...]) -> set[int]:
    return {codec.payload_type for codec in codecs}
