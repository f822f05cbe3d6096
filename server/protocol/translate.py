"""LiveKit's words on the wire into ours and back: query parameters, sources, codecs, permissions."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import msgspec
from livekit.protocol import models
from livekit.protocol.rtc import LeaveRequest, SignalRequest, SignalResponse

from server.auth.grants import Claims, Kind, VideoGrants

MAX_CLIENT_TEXT = 128  # characters kept of each thing a client says of itself
MAX_CLIENT_NUMBER = 9999
MAX_ATTRIBUTES_PARAMETER = 64 * 1024

_SDKS = {
    "js": models.ClientInfo.SDK.JS,
    "ios": models.ClientInfo.SDK.SWIFT,
    "swift": models.ClientInfo.SDK.SWIFT,
    "android": models.ClientInfo.SDK.ANDROID,
    "flutter": models.ClientInfo.SDK.FLUTTER,
    "go": models.ClientInfo.SDK.GO,
    "unity": models.ClientInfo.SDK.UNITY,
    "unityweb": models.ClientInfo.SDK.UNITY_WEB,
    "reactnative": models.ClientInfo.SDK.REACT_NATIVE,
    "react-native": models.ClientInfo.SDK.REACT_NATIVE,
    "rust": models.ClientInfo.SDK.RUST,
    "python": models.ClientInfo.SDK.PYTHON,
    "cpp": models.ClientInfo.SDK.CPP,
    "node": models.ClientInfo.SDK.NODE,
    "unreal": models.ClientInfo.SDK.UNREAL,
    "esp32": models.ClientInfo.SDK.ESP32,
    "dotnet": models.ClientInfo.SDK.DOTNET,
}

_SOURCES: dict[int, str] = {
    models.TrackSource.CAMERA: "camera",
    models.TrackSource.MICROPHONE: "microphone",
    models.TrackSource.SCREEN_SHARE: "screen_share",
    models.TrackSource.SCREEN_SHARE_AUDIO: "screen_share_audio",
}

_KINDS = {
    Kind.STANDARD: models.ParticipantInfo.Kind.STANDARD,
    Kind.INGRESS: models.ParticipantInfo.Kind.INGRESS,
    Kind.SIP: models.ParticipantInfo.Kind.SIP,
    Kind.AGENT: models.ParticipantInfo.Kind.AGENT,
    Kind.CONNECTOR: models.ParticipantInfo.Kind.CONNECTOR,
    Kind.BRIDGE: models.ParticipantInfo.Kind.BRIDGE,
}

_MIMES = {
    "opus": "audio/opus",
    "red": "audio/red",
    "vp8": "video/VP8",
    "h264": "video/H264",
    "vp9": "video/VP9",
    "av1": "video/AV1",
}

# What may be published. RED only carries Opus, and is taken where the publisher did not disable it.
ENABLED_CODECS = ("opus", "red", "vp8", "h264", "vp9", "av1")


@dataclass(frozen=True, slots=True)
class JoinParameters:
    """The query of `GET /rtc`. `session` is the sid of the session that `reconnect` wants to resume.

    `single`: one peer connection for sending and receiving; `first` is what its client says at once.
    """

    client: models.ClientInfo = field(default_factory=models.ClientInfo)
    auto_subscribe: bool = True
    may_pause: bool = True
    reconnect: bool = False
    session: str = ""
    publish_as: str = ""  # suffix of a publish-only second connection
    attributes: dict[str, str] = field(default_factory=dict)
    single: bool = False
    first: tuple[SignalRequest, ...] = ()


def join_parameters(query: Mapping[str, str]) -> JoinParameters:
    """Reads the query leniently: what is malformed counts as absent, what is long is cut."""
    client = models.ClientInfo(
        sdk=_SDKS.get(query.get("sdk", "").lower(), models.ClientInfo.SDK.UNKNOWN),
        version=_text(query, "version"),
        protocol=_number(query, "protocol"),
        os=_text(query, "os"),
        os_version=_text(query, "os_version"),
        device_model=_text(query, "device_model"),
        browser=_text(query, "browser"),
        browser_version=_text(query, "browser_version"),
        network=_text(query, "network"),
        client_protocol=_number(query, "client_protocol"),
        capabilities=_capabilities(query.get("capabilities", "")),
    )
    return JoinParameters(
        client=client,
        auto_subscribe=_flag(query, "auto_subscribe", absent=True),
        may_pause=_flag(query, "subscriber_allow_pause", absent=True),
        reconnect=_flag(query, "reconnect", absent=False),
        session=_text(query, "sid"),
        publish_as=_text(query, "publish"),
        attributes=_attributes(query.get("attributes", "")),
    )


def client_info(said: models.ClientInfo) -> models.ClientInfo:
    """What a client says of itself, as far as it is used, cut to what is kept."""
    return models.ClientInfo(
        sdk=said.sdk if said.sdk in _SDKS.values() else models.ClientInfo.SDK.UNKNOWN,
        version=short(said.version),
        protocol=_bounded(said.protocol),
        os=short(said.os),
        os_version=short(said.os_version),
        device_model=short(said.device_model),
        browser=short(said.browser),
        browser_version=short(said.browser_version),
        network=short(said.network),
        client_protocol=_bounded(said.client_protocol),
        capabilities=_known_capabilities(said.capabilities),
    )


def short(text: str) -> str:
    """As much of something a client says of itself as is kept."""
    return text[:MAX_CLIENT_TEXT]


def leave(reason: models.DisconnectReason, action: LeaveRequest.Action) -> SignalResponse:
    """The last message of a session, and what the client is to do; older clients read `can_reconnect`."""
    may_return = action != LeaveRequest.Action.DISCONNECT
    return SignalResponse(leave=LeaveRequest(reason=reason, action=action, can_reconnect=may_return))


def source_name(source: int) -> str:
    """The word that `canPublishSources` uses; "unknown" is in no such list."""
    return _SOURCES.get(source, "unknown")


def kind(claims: Claims) -> models.ParticipantInfo.Kind:
    """The participant's kind. Egress never gets this far: joining with it is refused."""
    return _KINDS.get(claims.kind, models.ParticipantInfo.Kind.STANDARD)


def mime(codec: str) -> str:
    """`vp8` or `video/vp8` to `video/VP8`; "" for a codec that is not published here."""
    return _MIMES.get(codec.lower().rpartition("/")[2], "")


def codec_name(text: str, *, audio: bool) -> str:
    """`video/VP8` or `VP8` to `vp8`; for a codec that is not published here the one that everybody has.
    "" stays: any."""
    name = text.lower().rpartition("/")[2]
    if not name or _MIMES.get(name, "").startswith("audio/" if audio else "video/"):
        return name
    return "opus" if audio else "vp8"


def permission(grants: VideoGrants) -> models.ParticipantPermission:
    """What the client is told it may do. Nobody is hidden and nobody records."""
    return models.ParticipantPermission(
        can_subscribe=grants.can_subscribe,
        can_publish=grants.can_publish,
        can_publish_data=grants.can_publish_data,
        can_publish_sources=[
            name.upper() for name in grants.can_publish_sources if name in _SOURCES.values()
        ],
        can_update_metadata=grants.can_update_own_metadata,
        can_subscribe_metrics=grants.can_subscribe_metrics,
        agent=grants.agent,
    )


def granted(permission: models.ParticipantPermission, before: VideoGrants) -> VideoGrants:
    """The grants of somebody who is given another permission, as a whole; `hidden` and `recorder` stay."""
    return replace(
        before,
        can_subscribe=permission.can_subscribe,
        can_publish=permission.can_publish,
        can_publish_data=permission.can_publish_data,
        can_publish_sources=tuple(source_name(source) for source in permission.can_publish_sources),
        can_update_own_metadata=permission.can_update_metadata,
        can_subscribe_metrics=permission.can_subscribe_metrics,
        can_manage_agent_session=permission.can_manage_agent_session,
        agent=permission.agent,
    )


def enabled_publish_codecs() -> list[models.Codec]:
    """As JoinResponse lists them: retransmission formats left out."""
    return [models.Codec(mime=_MIMES[name]) for name in ENABLED_CODECS]


def _text(query: Mapping[str, str], name: str) -> str:
    return short(query.get(name, ""))


def _number(query: Mapping[str, str], name: str) -> int:
    text = query.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else 0


def _bounded(number: int) -> int:
    return number if 0 <= number <= MAX_CLIENT_NUMBER else 0


def _known_capabilities(
    said: Iterable[models.ClientInfo.Capability],
) -> list[models.ClientInfo.Capability]:
    known = set(models.ClientInfo.Capability.values())
    return [number for number in dict.fromkeys(said) if number in known]


def _flag(query: Mapping[str, str], name: str, *, absent: bool) -> bool:
    return query[name].lower() in {"1", "true"} if name in query else absent


def _capabilities(text: str) -> list[str]:
    """A comma list of enumeration names; unknown ones are skipped."""
    known = models.ClientInfo.Capability.keys()
    return list(dict.fromkeys(name for name in text[:1024].upper().split(",") if name in known))


def _attributes(parameter: str) -> dict[str, str]:
    """URL-safe base64 of a JSON object of strings."""
    if not parameter or len(parameter) > MAX_ATTRIBUTES_PARAMETER:
        return {}
    try:
        text = base64.urlsafe_b64decode(parameter + "=" * (-len(parameter) % 4))
        return msgspec.json.decode(text, type=dict[str, str])
    except (binascii.Error, ValueError, RecursionError, msgspec.MsgspecError):
        return {}
