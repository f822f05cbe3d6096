"""A room on a stage: virtual time, a relay made of numbers, and clients that speak by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar

from livekit.protocol import models
from livekit.protocol.room import RoomConfiguration
from livekit.protocol.rtc import (
    AddTrackRequest,
    SessionDescription,
    SignalRequest,
    SignalResponse,
    UpdateSubscription,
)

from server import ids
from server.auth.grants import Claims, Kind, VideoGrants
from server.control.messages import (
    CreateProducer,
    ProducerLayers,
    Request,
    SrtpProfile,
    TransportPhase,
    TransportState,
)
from server.room.dual import DualSubscriber
from server.room.effects import Effect, Fact, Record, Send, ToRelay
from server.room.inputs import Input, Join, RelayNotified, Signal, Tick
from server.room.limits import RoomLimits
from server.room.participant import Participant
from server.room.publisher import Publisher
from server.room.room import Room
from server.sdp.model import Candidate
from tests.unit.answering import Answering

Message = TypeVar("Message", bound=Request)
START = 1_000_000.0
CODE = "ABCD-EFGH"

_TRANSPORT = (
    "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n"
    "a=fingerprint:sha-256 " + ":".join(["AB"] * 32) + "\r\na=setup:{setup}\r\na=mid:{mid}\r\na=rtcp-mux\r\n"
)
_RTPMAPS = {"opus": "opus/48000/2", "vp8": "VP8/90000", "vp9": "VP9/90000", "av1": "AV1/90000"}
PAYLOAD_TYPES = {"opus": 111, "vp8": 96, "vp9": 98, "av1": 45}


@dataclass
class FakeRelay:
    """What a room sees of a relay. It answers for what is closed, unless it is `silent`."""

    fingerprint: bytes = bytes(range(32))
    candidates: tuple[Candidate, ...] = (Candidate("127.0.0.1", 7882),)
    number: int = 1
    generation: int = 1
    used: set[int] = field(default_factory=set)
    count: int = 0
    silent: bool = False
    answering: Answering = field(default_factory=Answering)

    def new_id(self) -> int:
        self.count += 1
        self.used.add(self.count)
        return self.count

    def free_id(self, number: int) -> None:
        self.used.remove(number)


@dataclass(frozen=True)
class Sending:
    """A section of a client's offer. `rids` for simulcast; `direction` as written; `codecs` by their
    names, of which it sends the first."""

    kind: str
    mid: str
    cid: str
    rids: tuple[str, ...] = ()
    direction: str = "sendonly"
    codecs: tuple[str, ...] = ()

    @property
    def payload_types(self) -> dict[str, int]:
        names = self.codecs or (("opus",) if self.kind == "audio" else ("vp8",))
        return {name: PAYLOAD_TYPES[name] for name in names}


def offer_text(*sections: Sending, data: bool = True) -> str:
    """A client's offer, as plain as a parser must take."""
    mids = [section.mid for section in sections] + (["d"] if data else [])
    text = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE " + " ".join(mids) + "\r\n"
    for section in sections:
        numbers = " ".join(map(str, section.payload_types.values()))
        text += f"m={section.kind} 9 UDP/TLS/RTP/SAVPF {numbers}\r\nc=IN IP4 0.0.0.0\r\n"
        text += _TRANSPORT.format(setup="actpass", mid=section.mid)
        text += f"a={section.direction}\r\n"
        for name, number in section.payload_types.items():
            text += f"a=rtpmap:{number} {_RTPMAPS[name]}\r\n"
            if section.kind == "video":
                text += f"a=rtcp-fb:{number} nack\r\na=rtcp-fb:{number} nack pli\r\n"
        text += "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
        if section.direction == "sendonly":
            text += f"a=msid:- {section.cid}\r\n"
        if section.rids:
            text += "a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n"
            text += "".join(f"a=rid:{rid} send\r\n" for rid in section.rids)
            text += f"a=simulcast:send {';'.join(section.rids)}\r\n"
        else:
            text += "a=ssrc:1234 cname:x\r\n"
    if data:
        text += "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n"
        text += _TRANSPORT.format(setup="actpass", mid="d") + "a=sctp-port:5000\r\n"
    return text


def answer_text(offer: str, *, refuse: bool = False, without: str = "") -> str:
    """What an obliging client answers to the server's offer; `refuse`: no media section at all; `without`: as
    one that has never heard of this codec."""
    head, *sections = offer.split("\r\nm=")
    lines = [line for line in head.split("\r\n") if not line.startswith(("a=ice-lite", "a=candidate"))]
    for section in sections:
        for line in ("m=" + section).rstrip("\r\n").split("\r\n"):
            if line.startswith(("a=ssrc", "a=msid", "a=candidate", "a=end-of-candidates")):
                continue
            if line.startswith("m=") and refuse and not line.startswith("m=application"):
                kind, _, rest = line.split(" ", 2)
                lines.append(f"{kind} 0 {rest}")
                continue
            if without and line.startswith("a=rtpmap:") and f" {_RTPMAPS[without]}" in line:
                continue
            lines.append({"a=sendonly": "a=recvonly", "a=setup:actpass": "a=setup:active"}.get(line, line))
    return "\r\n".join(lines) + "\r\n"


class Stage:
    """Drives one room. `log` holds every effect in order."""

    def __init__(self, limits: RoomLimits | None = None) -> None:
        self.now = START
        self.room = Room("hall", ids.room_sid(), limits or RoomLimits(), self.now)
        self.relay = FakeRelay()
        self.log: list[Effect] = []

    def put(self, happened: Input) -> list[Effect]:
        """Hands an input in."""
        effects = self.room.handle(self.now, happened)
        self.log += effects
        for effect in list(effects):
            if isinstance(effect, ToRelay):
                answers = self.relay.answering.to(effect.request)
                for told in () if self.relay.silent else answers:
                    effects += self.put(RelayNotified(told))
        return effects

    def join(
        self,
        identity: str,
        *,
        protocol: int = 17,
        auto_subscribe: bool = True,
        browser: str = "",
        room_metadata: str = "",
        kind: Kind = Kind.STANDARD,
        single: bool = False,
        **grants: Any,
    ) -> str:
        """A client joins; returns its sid."""
        sid = ids.participant_sid()
        claims = Claims(
            identity=identity,
            name=identity.title(),
            kind=kind,
            grants=VideoGrants(room="hall", room_join=True, **grants),
            room_config=RoomConfiguration(metadata=room_metadata) if room_metadata else None,
            expires_at=self.now + 3600,
        )
        client = models.ClientInfo(protocol=protocol, browser=browser)
        self.put(Join(sid, claims, client, auto_subscribe, self.relay, CODE, self.now, "", single=single))
        return sid

    def enter(self, identity: str, **options: Any) -> str:
        """Joins, and its transports connect."""
        sid = self.join(identity, **options)
        self.offer(sid)
        if isinstance(self.participant(sid).subscriber, DualSubscriber):
            self.answer(sid)
        self.connect(sid)
        return sid

    def signal(self, sid: str, **message: Any) -> list[Effect]:
        """A client's message."""
        return self.put(Signal(sid, SignalRequest(**message)))

    def offer(self, sid: str, *sections: Sending, number: int = 1) -> list[Effect]:
        return self.signal(sid, offer=SessionDescription(type="offer", sdp=offer_text(*sections), id=number))

    def answer(
        self, sid: str, *, refuse: bool = False, without: str = "", number: int | None = None
    ) -> list[Effect]:
        """Answers the last offer that the client was sent."""
        offer = self.last(sid, "offer").offer
        text = answer_text(offer.sdp, refuse=refuse, without=without)
        answer_id = offer.id if number is None else number
        return self.signal(sid, answer=SessionDescription(type="answer", sdp=text, id=answer_id))

    def connect(self, sid: str) -> None:
        """The relay reports all its transports connected."""
        participant = self.participant(sid)
        for side in (participant.publisher, participant.subscriber):
            if isinstance(side, Publisher | DualSubscriber):
                self.tell_transport(side.transport, TransportPhase.CONNECTED)

    def tell_transport(self, transport: int, phase: TransportPhase) -> None:
        profile = SrtpProfile.AEAD_AES_128_GCM
        self.put(RelayNotified(TransportState(transport, phase, profile)))

    def publish(self, sid: str, section: Sending, *, number: int = 2, **request: Any) -> str:
        """AddTrack, offer and first media; returns the track's sid."""
        kind = models.TrackType.AUDIO if section.kind == "audio" else models.TrackType.VIDEO
        self.signal(sid, add_track=AddTrackRequest(cid=section.cid, type=kind, **request))
        track = self.last(sid, "track_published").track_published.track.sid
        self.offer(sid, section, number=number)
        self.media(section)
        return track

    def media(self, section: Sending) -> None:
        """Packets of the newest producer arrive, as this section has them."""
        payload_type = next(iter(section.payload_types.values()))
        producer = self.requests(CreateProducer)[-1].producer
        self.put(RelayNotified(ProducerLayers(producer, payload_type, 1)))

    def pass_time(self, seconds: float) -> list[Effect]:
        """Moves the clock, ticking whenever the room asked for it."""
        effects: list[Effect] = []
        end = self.now + seconds
        while (due := self.room.next_timeout()) is not None and due <= end:
            self.now = max(self.now, due)
            effects += self.put(Tick())
        self.now = end
        return effects

    def participant(self, sid: str) -> Participant:
        """In the room, or before its door."""
        someone = self.room.someone(sid)
        assert someone is not None, "it is not there"
        return someone

    def sent(self, sid: str, kind: str | None = None) -> list[SignalResponse]:
        """What a client was sent, or of that only one kind."""
        responses = [effect.response for effect in self.log if isinstance(effect, Send) and effect.sid == sid]
        return [one for one in responses if kind in {None, one.WhichOneof("message")}]

    def kinds(self, sid: str) -> list[str]:
        return [str(one.WhichOneof("message")) for one in self.sent(sid)]

    def last(self, sid: str, kind: str) -> SignalResponse:
        return self.sent(sid, kind)[-1]

    def requests(self, kind: type[Message]) -> list[Message]:
        """What the relay was asked, of one kind."""
        asked = (effect.request for effect in self.log if isinstance(effect, ToRelay))
        return [one for one in asked if isinstance(one, kind)]

    def facts(self) -> list[Fact]:
        return [effect.fact for effect in self.log if isinstance(effect, Record)]

    def forget(self) -> None:
        """Empties the log."""
        self.log.clear()


def subscribe_message(*sids: str, subscribe: bool = True) -> dict[str, UpdateSubscription]:
    """Arguments for `Stage.signal`."""
    return {"subscription": UpdateSubscription(track_sids=sids, subscribe=subscribe)}
