"""What a token allows, in LiveKit's words, and which of it this server refuses.

Names and defaults are those of the `video` claim of LiveKit access tokens, so that tokens made by any
`livekit-api` mean here what they mean there. The exception is recording: a grant that would let somebody
record or hide is accepted while it is false and refused when it is true.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

import msgspec
from livekit.protocol.room import RoomConfiguration

from server.errors import ClientError, Refusal


class GrantError(ClientError):
    """The token is genuine but asks for what this server never gives. `status` is the HTTP status."""

    status = 403
    refusal = Refusal.NEVER_GRANTED


class Kind(StrEnum):
    """What a participant is; tokens with another word are `standard`, as in the reference server."""

    STANDARD = "standard"
    EGRESS = "egress"
    INGRESS = "ingress"
    SIP = "sip"
    AGENT = "agent"
    CONNECTOR = "connector"
    BRIDGE = "bridge"


class Source(StrEnum):
    """Track sources that `canPublishSources` may name."""

    CAMERA = "camera"
    MICROPHONE = "microphone"
    SCREEN_SHARE = "screen_share"
    SCREEN_SHARE_AUDIO = "screen_share_audio"


class VideoClaim(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The `video` claim as it stands in a token: null and absent mean the same."""

    room: str | None = None
    room_join: bool | None = None
    room_create: bool | None = None
    room_list: bool | None = None
    room_admin: bool | None = None
    room_record: bool | None = None
    destination_room: str | None = None
    can_publish: bool | None = None
    can_subscribe: bool | None = None
    can_publish_data: bool | None = None
    can_publish_sources: list[str] | None = None
    can_update_own_metadata: bool | None = None
    can_subscribe_metrics: bool | None = None
    can_manage_agent_session: bool | None = None
    ingress_admin: bool | None = None
    hidden: bool | None = None
    recorder: bool | None = None
    agent: bool | None = None


@dataclass(frozen=True, slots=True)
class VideoGrants:
    """The `video` claim with every default filled in.

    `can_publish_sources` empty means every source. An unknown source in a token allows nothing by itself.
    """

    room: str = ""
    room_join: bool = False
    room_create: bool = False
    room_list: bool = False
    room_admin: bool = False
    room_record: bool = False
    destination_room: str = ""
    can_publish: bool = True
    can_subscribe: bool = True
    can_publish_data: bool = True
    can_publish_sources: tuple[str, ...] = ()
    can_update_own_metadata: bool = False
    can_subscribe_metrics: bool = False
    can_manage_agent_session: bool = False
    ingress_admin: bool = False
    hidden: bool = False
    recorder: bool = False
    agent: bool = False

    @classmethod
    def from_claim(cls, claim: VideoClaim) -> VideoGrants:
        """Absent `canPublish` and `canSubscribe` are true, `canPublishData` follows `canPublish`."""
        can_publish = claim.can_publish is not False
        stated = {name: value for name, value in msgspec.structs.asdict(claim).items() if value is not None}
        sources = tuple(source.lower() for source in stated.pop("can_publish_sources", ()))
        defaults = cls(can_publish=can_publish, can_publish_data=can_publish, can_publish_sources=sources)
        return replace(defaults, **stated)

    def to_claim(self) -> VideoClaim:
        """The shortest claim that means the same; `can…` with a default of true are always written."""
        stated = {name: getattr(self, name) or None for name in VideoClaim.__struct_fields__}
        stated |= {
            "can_publish": self.can_publish,
            "can_subscribe": self.can_subscribe,
            "can_publish_data": self.can_publish_data,
            "can_publish_sources": list(self.can_publish_sources) or None,
        }
        return VideoClaim(**stated)

    def may_publish(self, source: str) -> bool:
        """Whether a track of this source (`camera`, `microphone`, …) may be published."""
        return self.can_publish and (not self.can_publish_sources or source in self.can_publish_sources)


SCREENS = frozenset({Source.SCREEN_SHARE.value, Source.SCREEN_SHARE_AUDIO.value})


def of_who_waits(grants: VideoGrants) -> VideoGrants:
    """What is left of them until somebody is let in: nothing is sent and nothing received."""
    return replace(
        grants,
        can_publish=False,
        can_subscribe=False,
        can_publish_data=False,
        can_update_own_metadata=False,
        can_subscribe_metrics=False,
    )


def without_screens(grants: VideoGrants) -> VideoGrants:
    """The same, but for sharing a screen."""
    allowed = grants.can_publish_sources or tuple(source.value for source in Source)
    sources = tuple(source for source in allowed if source not in SCREENS)
    # No source at all would mean every source.
    return replace(grants, can_publish=grants.can_publish and bool(sources), can_publish_sources=sources)


@dataclass(frozen=True, slots=True)
class Claims:
    """A verified token. `expires_at` is in seconds since the epoch."""

    identity: str
    name: str = ""
    metadata: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    kind: Kind = Kind.STANDARD
    grants: VideoGrants = field(default_factory=VideoGrants)
    room_config: RoomConfiguration | None = None
    expires_at: float = 0.0


ENCRYPTION_TAG = "encryption"
"""Of `roomConfig.tags`: "required" makes a room that takes only what is declared encrypted end to end."""


def requires_encryption(claims: Claims) -> bool:
    """Whether the holder joins only where end-to-end encryption is required.

    Raises GrantError for a word that is neither "required" nor "optional": a slip of the pen must not mean
    that somebody believes in an encryption that nobody asks for.
    """
    tags = claims.room_config.tags if claims.room_config is not None else {}
    word = tags.get(ENCRYPTION_TAG, "optional")
    if word not in {"required", "optional"}:
        raise GrantError('\'roomConfig.tags.encryption\' is neither "required" nor "optional"')
    return word == "required"


def insisting_on_encryption(claims: Claims) -> Claims:
    """The same, joining only where end-to-end encryption is required."""
    config = RoomConfiguration()
    if claims.room_config is not None:
        config.CopyFrom(claims.room_config)
    config.tags[ENCRYPTION_TAG] = "required"
    return replace(claims, room_config=config)


def refuse_recording(claims: Claims) -> None:
    """Raises GrantError when joining with this token would record or hide its holder.

    Checked at every join, whatever else the token allows: receivers are always part of the roster.
    """
    reasons = {
        "participants of kind egress record": claims.kind is Kind.EGRESS,
        "the grant 'recorder' is set": claims.grants.recorder,
        "the grant 'roomRecord' is set": claims.grants.room_record,
        "the grant 'hidden' is set, and everybody who receives is visible here": claims.grants.hidden,
        "'roomConfig.egress' asks for a recording": (
            claims.room_config is not None and claims.room_config.HasField("egress")
        ),
    }
    for reason, holds in reasons.items():
        if holds:
            raise GrantError(f"recording is blocked on this server: {reason}")
