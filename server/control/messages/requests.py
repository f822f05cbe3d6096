"""What signaling asks of a relay."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from server.control.messages.form import Message, Part
from server.control.messages.words import (
    U8,
    U16,
    U32,
    U63,
    CandidateKind,
    CodecKind,
    DtlsRole,
    ExtensionId,
    ExtensionKind,
    FingerprintAlgorithm,
    IcePwd,
    IceUfrag,
    Id,
    Level,
    MediaKind,
    Mid,
    Name,
    PayloadType,
)

MOST_CANDIDATES = 32
"""Of a transport, in all: interfaces, families and mappings of a peer."""


MOST_HEARD = 1000
"""Senders whose packets are asked for again at once."""

MOST_PLAYOUT_DELAY = 0xFFF
"""Steps: twelve bits of the header extension."""

MOST_SENT = 60_000
"""Bytes of a data packet of the server API: what a message to a relay may have, less what is around it."""


class Boot(Message, frozen=True):
    """First message: everything a relay needs to be born. Hosts are numeric; "" leaves a family out."""

    relay: Id
    ipv4_host: Annotated[str, Meta(max_length=45)]
    ipv6_host: Annotated[str, Meta(max_length=45)]
    udp_port: U16  # 0: the kernel chooses
    tcp_port: U16  # of ICE over TCP; 0: it is not served
    media_memory: U63  # bytes asked for the arena; less is taken where RLIMIT_MEMLOCK says so
    ring_packets: Annotated[int, Meta(ge=16, le=4096)]
    ring_milliseconds: Annotated[int, Meta(ge=50, le=5000)]
    replay_seconds: U16  # for which reliable data packets are kept, for who was away; 0: not at all
    user: U32  # numeric uid and gid taken when started as root; 0: stay
    minimum_level: Level


class Proceed(Message, frozen=True):
    """The inspection of the locked relay passed: become undumpable and serve."""


class CreateTransport(Message, frozen=True):
    """An ICE-lite, DTLS, SRTP and SCTP transport, waiting for its peer."""

    transport: Id
    local_ufrag: IceUfrag
    local_pwd: IcePwd
    opens_data_channels: bool  # the subscriber transport: the server opens `_reliable` and `_lossy`


class RestartIce(Message, frozen=True):
    """The peer begins ICE anew (RFC 8445 section 9); its keys, streams and path stay. Not answered."""

    transport: Id
    local_ufrag: IceUfrag
    local_pwd: IcePwd


class Fingerprint(Part, frozen=True):
    algorithm: FingerprintAlgorithm
    digest: Annotated[bytes, Meta(min_length=32, max_length=64)]


class ConnectTransport(Message, frozen=True):
    """The peer's DTLS parameters, once its description is known. Sent once per transport."""

    transport: Id
    role: DtlsRole  # the relay's own role
    fingerprints: Annotated[list[Fingerprint], Meta(min_length=1, max_length=4)]
    has_data_channels: bool


class RemoteCandidate(Part, frozen=True):
    """Where the peer says it may be reached by UDP: 4 or 16 bytes, or none where it hides the address."""

    address: Annotated[bytes, Meta(max_length=16)]
    port: U16
    kind: CandidateKind


class AddCandidates(Message, frozen=True):
    """More candidates of a peer, so that the relay can say which kind it is reached at and nothing more."""

    transport: Id
    candidates: Annotated[list[RemoteCandidate], Meta(min_length=1, max_length=MOST_CANDIDATES)]


class CloseTransport(Message, frozen=True):
    """Closes its producers and consumers too. Answered with a `ProducerEnded` each, and `TransportEnded`."""

    transport: Id


class PayloadCodec(Part, frozen=True):
    payload_type: PayloadType
    codec: CodecKind
    clock_rate: U32
    apt: PayloadType = 0  # of RTX: the payload type it repeats (RFC 4588); not read of others


class HeaderExtension(Part, frozen=True):
    extension: ExtensionKind
    id: ExtensionId


class Encoding(Part, frozen=True):
    """One simulcast layer or the only stream, lowest layer first. `rid` "" and `ssrc` 0 mean not known."""

    rid: Annotated[str, Meta(max_length=16)]
    ssrc: U32
    rtx_ssrc: U32


class CreateProducer(Message, frozen=True):
    """A track that a participant sends. `transport`, `mid` and encodings say how its packets are known.

    Tracks of a `room` share what the relay can do. Of a voice, only the `most_voices` loudest of the room are
    forwarded; 0: all are.
    """

    producer: Id
    transport: Id
    kind: MediaKind
    mid: Mid
    codecs: Annotated[list[PayloadCodec], Meta(min_length=1, max_length=32)]
    extensions: Annotated[list[HeaderExtension], Meta(max_length=16)]
    encodings: Annotated[list[Encoding], Meta(min_length=1, max_length=4)]
    room: U32 = 0
    most_voices: U8 = 0


class PauseProducer(Message, frozen=True):
    producer: Id
    paused: bool


class CloseProducer(Message, frozen=True):
    """Closes its consumers too. Answered with `ProducerEnded`."""

    producer: Id


class PayloadMapping(Part, frozen=True):
    """From the producer's payload type to the one the subscriber's description has."""

    incoming: PayloadType
    outgoing: PayloadType


class PlayoutDelay(Part, frozen=True):
    """How long a video is to be held before it is shown, at least and at most: steps of ten milliseconds."""

    min: Annotated[int, Meta(ge=0, le=MOST_PLAYOUT_DELAY)]
    max: Annotated[int, Meta(ge=0, le=MOST_PLAYOUT_DELAY)]


class CreateConsumer(Message, frozen=True):
    """A participant's reception of one track. The only kind of consumer there is."""

    consumer: Id
    producer: Id
    transport: Id
    ssrc: U32
    payload_types: Annotated[list[PayloadMapping], Meta(min_length=1, max_length=32)]
    extensions: Annotated[list[HeaderExtension], Meta(max_length=16)]
    paused: bool
    rtx_ssrc: U32 = 0  # of retransmissions (RFC 4588); 0: they come on `ssrc`, byte for byte
    # From the subscriber's own.
    rtx_payload_types: Annotated[list[PayloadMapping], Meta(max_length=32)] = field(default_factory=list)
    priority: U8 = 0  # higher ones are sent first where the subscriber's path does not carry all
    may_pause: bool = True  # where it does not even carry the lowest encoding
    playout_delay: PlayoutDelay | None = None  # said to the subscriber, whatever the publisher says of it


class PauseConsumer(Message, frozen=True):
    consumer: Id
    paused: bool


class SetPreferredLayer(Message, frozen=True):
    """The highest layer the subscriber wants (0 lowest): an index into the producer's encodings, or of one
    encoding a spatial layer. `frame_rate`: so many frames a second are enough; 0: all are wanted."""

    consumer: Id
    layer: U8
    frame_rate: U8 = 0


class SetPriority(Message, frozen=True):
    """As `priority` of `CreateConsumer`."""

    consumer: Id
    priority: U8


class CloseConsumer(Message, frozen=True):
    consumer: Id


class RequestKeyFrame(Message, frozen=True):
    producer: Id


class DataMember(Message, frozen=True):
    """Who a transport's data packets come from, stamped by the relay; and which room they fan out to.

    `send_transport` carries data from the participant, `receive_transport` to it (0: none).
    """

    member: Id
    room: Id
    identity: Name
    sid: Name
    send_transport: U32
    receive_transport: U32
    may_publish: bool
    encrypted_only: bool = False  # what is not declared encrypted end to end is dropped, and `DataRefused`


class Heard(Part, frozen=True):
    """The last reliable packet of a sender that somebody has got, by the sender's number of it."""

    sid: Annotated[str, Meta(max_length=32)]
    sequence: U32


class ReplayData(Message, frozen=True):
    """A member was away: it is sent again what is kept for it of these senders. Not answered."""

    member: Id
    heard: Annotated[list[Heard], Meta(max_length=MOST_HEARD)]


class RemoveDataMember(Message, frozen=True):
    member: Id


class SendData(Message, frozen=True):
    """A `livekit.DataPacket` of the server API, from nobody in the room, to whom it names or to everybody."""

    room: Id
    reliable: bool
    message: Annotated[bytes, Meta(min_length=1, max_length=MOST_SENT)]


class GetReceivers(Message, frozen=True):
    """Who receives what a transport sends: answered with a `Receiver` each, and `ReceiversEnd`."""

    sequence: U32
    transport: Id


class GetStats(Message, frozen=True):
    """Answered with `Stats`; also the liveness check."""

    sequence: U32


class GetTraffic(Message, frozen=True):
    """Answered with `Traffic`."""

    sequence: U32


class Stop(Message, frozen=True):
    """Close every transport and leave."""
