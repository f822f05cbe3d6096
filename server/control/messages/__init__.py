"""The control vocabulary, in ORTC and mediasoup words: everything that signaling and a relay can say.

Two one-way pipes carry these as length-prefixed MessagePack (`codec.py`). Everything a relay says is
a boolean, an enumeration or a bounded integer: a compromised relay has no field to put a media byte in.
Identifiers are integers chosen by signaling; a relay never invents one.
"""

from __future__ import annotations

from server.control.messages.notifications import (
    MOST_CONNECTIONS,
    ConsumerState,
    DataRefused,
    FourWords,
    Locked,
    ProducerEnded,
    ProducerLayers,
    Ready,
    Receiver,
    ReceiversEnd,
    Refused,
    SelfTest,
    SpeakerLevel,
    Stats,
    Traffic,
    TransportBandwidth,
    TransportEnded,
    TransportQuality,
    TransportState,
    Unborn,
)
from server.control.messages.requests import (
    MOST_CANDIDATES,
    MOST_HEARD,
    MOST_PLAYOUT_DELAY,
    MOST_SENT,
    AddCandidates,
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
    GetTraffic,
    HeaderExtension,
    Heard,
    PauseConsumer,
    PauseProducer,
    PayloadCodec,
    PayloadMapping,
    PlayoutDelay,
    Proceed,
    RemoteCandidate,
    RemoveDataMember,
    ReplayData,
    RequestKeyFrame,
    RestartIce,
    SendData,
    SetPreferredLayer,
    SetPriority,
    Stop,
)
from server.control.messages.words import (
    Bandwidth,
    BirthFailure,
    CandidateKind,
    CipherSuite,
    CodecKind,
    DtlsRole,
    DtlsVersion,
    ExtensionKind,
    FingerprintAlgorithm,
    Level,
    MediaKind,
    PathKind,
    Quality,
    RefusalReason,
    SrtpProfile,
    TransportPhase,
)

__all__ = [
    "MOST_CANDIDATES",
    "MOST_CONNECTIONS",
    "MOST_HEARD",
    "MOST_PLAYOUT_DELAY",
    "MOST_SENT",
    "AddCandidates",
    "Bandwidth",
    "BirthFailure",
    "Boot",
    "CandidateKind",
    "CipherSuite",
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
    "DtlsVersion",
    "Encoding",
    "ExtensionKind",
    "Fingerprint",
    "FingerprintAlgorithm",
    "FourWords",
    "GetReceivers",
    "GetStats",
    "GetTraffic",
    "HeaderExtension",
    "Heard",
    "Level",
    "Locked",
    "MediaKind",
    "Notification",
    "PathKind",
    "PauseConsumer",
    "PauseProducer",
    "PayloadCodec",
    "PayloadMapping",
    "PlayoutDelay",
    "Proceed",
    "ProducerEnded",
    "ProducerLayers",
    "Quality",
    "Ready",
    "Receiver",
    "ReceiversEnd",
    "RefusalReason",
    "Refused",
    "RemoteCandidate",
    "RemoveDataMember",
    "ReplayData",
    "Request",
    "RequestKeyFrame",
    "RestartIce",
    "SelfTest",
    "SendData",
    "SetPreferredLayer",
    "SetPriority",
    "SpeakerLevel",
    "SrtpProfile",
    "Stats",
    "Stop",
    "Traffic",
    "TransportBandwidth",
    "TransportEnded",
    "TransportPhase",
    "TransportQuality",
    "TransportState",
    "Unborn",
]

Request = (
    Boot
    | Proceed
    | CreateTransport
    | RestartIce
    | ConnectTransport
    | AddCandidates
    | CloseTransport
    | CreateProducer
    | PauseProducer
    | CloseProducer
    | CreateConsumer
    | PauseConsumer
    | SetPreferredLayer
    | SetPriority
    | CloseConsumer
    | RequestKeyFrame
    | DataMember
    | RemoveDataMember
    | ReplayData
    | SendData
    | GetReceivers
    | GetStats
    | GetTraffic
    | Stop
)

Notification = (
    Locked
    | Ready
    | Unborn
    | TransportState
    | TransportEnded
    | ProducerEnded
    | ProducerLayers
    | ConsumerState
    | SpeakerLevel
    | TransportQuality
    | TransportBandwidth
    | DataRefused
    | Receiver
    | ReceiversEnd
    | Refused
    | Stats
    | Traffic
    | SelfTest
)
