"""Where fuzzing starts: small true messages of each kind, made of the tests' own material."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Final

import jwt
import msgspec
from livekit.protocol import models
from livekit.protocol.rtc import (
    AddTrackRequest,
    JoinRequest,
    LeaveRequest,
    MuteTrackRequest,
    Ping,
    SessionDescription,
    SignalRequest,
    SyncState,
    TrickleRequest,
    UpdateParticipantMetadata,
    UpdateSubscription,
    UpdateTrackSettings,
    WrappedJoinRequest,
)

from server.control import codec as control
from server.control import messages
from tests.fuzz.targets import KEY, NOW, SECRET
from tests.unit.descriptions import NAMES, read
from tests.unit.stage import Sending, offer_text
from tests.unit.test_candidates import HOST, MAPPED, MDNS, RELAYED

_OFFER: Final = offer_text(Sending("video", "1", "camera", ("q", "h", "f")), Sending("audio", "2", "mic"))
_SIGNALS: Final = (
    SignalRequest(ping_req=Ping(timestamp=5, rtt=1)),
    SignalRequest(add_track=AddTrackRequest(cid="camera", type=models.TrackType.VIDEO, width=64)),
    SignalRequest(offer=SessionDescription(type="offer", sdp=_OFFER, id=3)),
    SignalRequest(mute=MuteTrackRequest(sid="TR_x", muted=True)),
    SignalRequest(trickle=TrickleRequest(candidateInit='{"candidate":"candidate:1 1 udp 1 192.0.2.1 9"}')),
    SignalRequest(subscription=UpdateSubscription(track_sids=["TR_x"], subscribe=True)),
    SignalRequest(track_setting=UpdateTrackSettings(track_sids=["TR_x"], quality=models.VideoQuality.LOW)),
    SignalRequest(
        update_metadata=UpdateParticipantMetadata(metadata="m", name="n", attributes={"a": "b"}, request_id=4)
    ),
    SignalRequest(sync_state=SyncState(publish_tracks=[], track_sids_disabled=["TR_x"])),
    SignalRequest(leave=LeaveRequest(reason=models.DisconnectReason.CLIENT_INITIATED)),
)
_NOTIFICATIONS: Final = (
    messages.TransportState(1, messages.TransportPhase.CONNECTED, messages.SrtpProfile.AEAD_AES_128_GCM),
    messages.ProducerLayers(7, 96, 1),
    messages.Traffic(3, 65536, 0, 64, 64, 0, 0, 0, 32, 64, 64, 64, 64, 64, 64),
    messages.TransportEnded(
        2, True, messages.PathKind.UDP_IPV4, messages.CandidateKind.HOST, 16, 512, 8, 256, 1, 1, 20, 40
    ),
    messages.ProducerEnded(7, True, 1, 16, 512, 1, 1, 12, 2, 1),
)
_REQUESTS: Final = (
    messages.CreateTransport(1, "ufrag", "password-password-password", True),
    messages.RestartIce(1, "ufrag", "password-password-password"),
    messages.DataMember(1, 9, "p", "PA_1", 10, 11, True),
    messages.ReplayData(1, [messages.Heard("PA_2", 7)]),
    messages.AddCandidates(1, [messages.RemoteCandidate(bytes(4), 9, messages.CandidateKind.HOST)]),
)
_CLAIMS: Final = {
    "iss": KEY,
    "sub": "ada",
    "exp": NOW + 60,
    "nbf": NOW,
    "name": "Ada",
    "attributes": {"a": "b"},
    "video": {"room": "hall", "roomJoin": True, "canPublish": True, "canPublishSources": ["camera"]},
    "roomConfig": {"name": "x", "emptyTimeout": 5},
}


def _step(choice: int, body: bytes) -> bytes:
    return bytes([choice]) + len(body).to_bytes(2, "big") + body


def _scripts() -> Iterable[bytes]:
    yield b"".join(_step(who << 6, signal.SerializeToString()) for signal in _SIGNALS for who in (0, 1))
    yield _step(2, _OFFER.encode()) + _step(0x43, b"") + _step(0x83, b"\1\0\4port")
    yield b"".join(_step(4, msgspec.msgpack.encode(one)) for one in _NOTIFICATIONS) + _step(5, b"\1\0")
    yield _step(6, b"") + _step(7, b"") + _step(0x46, b"x") + _step(5, b"\xff\xff")


def seeds(target: str) -> list[bytes]:
    """What the target starts from."""
    packet = models.DataPacket(
        user=models.UserPacket(payload=b"hello", topic="chat"), destination_identities=["p2"]
    )
    match target:
        case "sdp":
            return [*(read(name).encode() for name in NAMES), _OFFER.encode()]
        case "signal":
            return [b"\0" + one.SerializeToString() for one in _SIGNALS] + [
                b'\1{"ping": "5"}',
                b'\1{"mute": {}}',
            ]
        case "control":
            requests = [b"\x21" + control.encode(one, control.LARGEST_REQUEST) for one in _REQUESTS]
            return requests + [
                b"\x20" + control.encode(one, control.LARGEST_NOTIFICATION) for one in _NOTIFICATIONS
            ]
        case "token":
            return [
                b"\0" + jwt.encode(_CLAIMS, SECRET, "HS256").encode(),
                b"\1" + msgspec.json.encode(_CLAIMS),
            ]
        case "query":
            return [b"sdk=js&protocol=17&auto_subscribe=1&attributes=eyJhIjoiYiJ9&capabilities=x,y&sid=PA_x"]
        case "join_request":
            join = JoinRequest(publisher_offer=SessionDescription(type="offer", sdp=_OFFER, id=1))
            wrapped = WrappedJoinRequest(join_request=join.SerializeToString())
            plain = base64.urlsafe_b64encode(wrapped.SerializeToString())
            return [b"\1" + join.SerializeToString(), b"\0" + plain]
        case "data":
            return [b"\1" + packet.SerializeToString(), b"\0" + models.DataPacket().SerializeToString()]
        case "candidate":
            lines = (HOST, MDNS, MAPPED, RELAYED)
            trickled = [b"\1" + msgspec.json.encode({"candidate": line, "sdpMid": "0"}) for line in lines]
            return [*(b"\0" + line.encode() for line in lines), *trickled]
        case "sctp":
            header = bytes.fromhex("00000005 13881388 00000000 00000000")
            init = bytes.fromhex("0100001c 00000001 00020000 ffff ffff 00000001 c0000004 80080006 c082 0000")
            sack = bytes.fromhex("03000014 00000005 00020000 0001 0000 00020003")
            return [header + init, header + sack]
        case _:
            return list(_scripts())
