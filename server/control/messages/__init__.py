"""The control vocabulary, in ORTC and mediasoup words: everything that signaling and a relay can say.

Two one-way pipes carry these as length-prefixed MessagePack (`codec.py`). Everything a relay says is
a boolean, an enumeration or a bounded integer: a compromised relay has no field to put a media byte in.
Identifiers are integers chosen by signaling; a relay never invents one.
"""

from __future__ import annotations

from server.control.messages.notifications import (
    ConsumerState,
    DataRefused,
    FourWords,
    Locked,
    ProducerLayers,
    Ready,
    Receiver,
    ReceiversEnd,
    Refused,
    SelfTest,
    SpeakerLevel,
    Stats,
    TransportQuality,
    TransportState,
    Unborn,
)
from server.control.messages.requests import (
    Boot,
    CloseConsumer,
    CloseProducer,
    CloseTransport,
    ConnectTransport,
    CreateConsumer,
    CreateProducer,
    CreateTransport,
    DataMember,
    Encoding,
    Fingerprint,
    GetReceivers,
    GetStats,
    HeaderExtension,
    PauseConsumer,
    PauseProducer,
    PayloadCodec,
    PayloadMapping,
    Proceed,
    RemoveDataMember,
    RequestKeyFrame,
    SetPreferredLayer,
    Stop,
)
from server.control.messages.words import (
    BirthFailure,
    CodecKind,
    DtlsRole,
    ExtensionKind,
    FingerprintAlgorithm,
    Level,
    MediaKind,
    Quality,
    RefusalReason,
    SrtpProfile,
    TransportPhase,
)

__all__ = [
    "BirthFailure",
    "Boot",
    "CloseConsumer",
    "CloseProducer",
    "CloseTransport",
    "CodecKind",
    "ConnectTransport",
    "ConsumerState",
    "CreateConsumer",
    "CreateProducer",
    "CreateTransport",
    "DataMember",
    "DataRefused",
    "DtlsRole",
    "Encoding",
    "ExtensionKind",
    "Fingerprint",
    "FingerprintAlgorithm",
    "FourWords",
    "GetReceivers",
    "GetStats",
    "HeaderExtension",
    "Level",
    "Locked",
    "MediaKind",
    "Notification",
    "PauseConsumer",
    "PauseProducer",
    "PayloadCodec",
    "PayloadMapping",
    "Proceed",
    "ProducerLayers",
    "Quality",
    "Ready",
    "Receiver",
    "ReceiversEnd",
    "RefusalReason",
    "Refused",
    "RemoveDataMember",
    "Request",
    "RequestKeyFrame",
    "SelfTest",
    "SetPreferredLayer",
    "SpeakerLevel",
    "SrtpProfile",
    "Stats",
    "Stop",
    "TransportPhase",
    "TransportQuality",
    "TransportState",
    "Unborn",
]

Request = (
    Boot
    | Proceed
    | CreateTransport
    | ConnectTransport
    | CloseTransport
    | CreateProducer
    | PauseProducer
    | CloseProducer
    | CreateConsumer
    | PauseConsumer
    | SetPreferredLayer
    | CloseConsumer
    | RequestKeyFrame
    | DataMember
    | RemoveDataMember
    | GetReceivers
    | GetStats
    | Stop
)

Notification = (
    Locked
    | Ready
    | Unborn
    | TransportState
    | ProducerLayers
    | ConsumerState
    | SpeakerLevel
    | TransportQuality
    | DataRefused
    | Receiver
    | ReceiversEnd
    | Refused
    | Stats
    | SelfTest
)
