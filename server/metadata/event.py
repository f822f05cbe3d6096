"""Everything that may be kept: a closed union of event types.

One declaration per field says its bound, its purpose and when it expires; the store, the documentation
and the tests read it from here. There is no field for free text, and none for an address. An event with
a field that is not declared, or a text beyond its bound, is an error and is not kept.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, get_type_hints

import msgspec
from msgspec import Meta

from server.metadata.outcome import AttemptCause, QualityStep, Stage


class Purpose(StrEnum):
    """Why a field is kept. A field that serves none of these is not collected."""

    ACCOUNT = "to tell participants and operators who was connected, when and for how long"
    CAPACITY = "to plan capacity and see whether joining is fast"
    COMPATIBILITY = "to see which kinds of client connect and which have trouble"
    TROUBLE = "to find out why joining or a connection failed, also when somebody names a support code"
    OPERATION = "to see when the server ran and whether its relays stayed locked"
    ACCOUNTABILITY = "to show that what people asked for was done, and when"


class Expiry(StrEnum):
    """When a field is gone; the configuration says how many days each class lasts."""

    SESSION = "session_days"
    OPERATION = "operation_days"


class LeaveReason(StrEnum):
    """Why a participant's connection ended."""

    CLIENT_LEFT = "client_left"
    DUPLICATE_IDENTITY = "duplicate_identity"
    REMOVED = "removed"
    ROOM_CLOSED = "room_closed"
    SERVER_SHUTDOWN = "server_shutdown"
    SERVER_CRASH = "server_crash"  # written at the next start, for sessions that have no end
    CONNECTION_LOST = "connection_lost"
    NEVER_READY = "never_ready"
    RELAY_LOST = "relay_lost"
    STATE_MISMATCH = "state_mismatch"
    PROTOCOL_ERROR = "protocol_error"
    SLOW_READER = "slow_reader"
    OTHER = "other"


class RelayLossReason(StrEnum):
    """Why a serving relay was lost; `server.errors.RelayFault` in the same words."""

    DIED = "died"
    TRIPWIRE = "tripwire"  # killed by the kernel at a call that no relay makes
    SILENT = "silent"
    DRIFTED = "drifted"  # a layer of the lock was no longer observed
    PROTOCOL_ERROR = "protocol_error"
    STRANGE_RECEIVER = "strange_receiver"  # it forwarded to somebody it was not asked to


class DriftedCheck(StrEnum):
    """What was no longer observed of a serving relay; `server.workers.faults.Fault` in the same words."""

    GONE = "gone"
    HIDDEN = "hidden"
    NO_FILTERS = "no_filters"
    FEW_FILTERS = "few_filters"
    NEW_PRIVILEGES = "new_privileges"
    ROOT = "root"
    CAPABILITIES = "capabilities"
    FILE_SIZE_LIMIT = "file_size_limit"
    CORE_LIMIT = "core_limit"
    QUEUE_LIMIT = "queue_limit"
    NOTHING_LOCKED = "nothing_locked"
    UNLOCKED_THREAD = "unlocked_thread"
    THREADS = "threads"
    TRACED = "traced"
    DUMPABLE = "dumpable"
    WRITABLE_FILE = "writable_file"
    UNEXPECTED_DESCRIPTOR = "unexpected_descriptor"
    RING = "ring"
    SHARED_MAP = "shared_map"
    WRITABLE_CODE = "writable_code"
    MEDIA_LIBRARY = "media_library"
    OTHER_PROCESS = "other_process"
    OPENING_ALLOWED = "opening_allowed"
    CONNECTING_ALLOWED = "connecting_allowed"
    OWN_STATUS_CHANGED = "own_status_changed"
    SELF_TEST_MISSING = "self_test_missing"


class Right(StrEnum):
    """What was done with what is held about somebody."""

    EXPORT = "export"
    CORRECT = "correct"
    ERASE = "erase"
    ERASE_CHILD = "erase_child"


class RequestReason(StrEnum):
    """Why somebody's rows were read or changed."""

    OWN_REQUEST = "own_request"  # the person asked, and was known to be that person
    OBJECTION = "objection"
    GUARDIAN = "guardian"  # a parent, or whoever else answers for the person
    CHILD_REPORT = "child_report"  # somebody reported a child that no parent had allowed to join
    LEGAL_ORDER = "legal_order"


class GuaranteeLevel(StrEnum):
    NONE = "none"
    REDUCED = "reduced"
    FULL = "full"


class TrackKind(StrEnum):
    AUDIO = "audio"
    VIDEO = "video"


class TrackSource(StrEnum):
    UNKNOWN = "unknown"
    CAMERA = "camera"
    MICROPHONE = "microphone"
    SCREEN_SHARE = "screen_share"
    SCREEN_SHARE_AUDIO = "screen_share_audio"


class Codec(StrEnum):
    """What a track is coded with, of the codecs that are forwarded."""

    UNKNOWN = "unknown"
    OPUS = "opus"
    RED = "red"
    VP8 = "vp8"
    H264 = "h264"
    VP9 = "vp9"
    AV1 = "av1"
    H265 = "h265"


class Sdk(StrEnum):
    """The LiveKit SDKs, as `ClientInfo.SDK` names them in lower case."""

    UNKNOWN = "unknown"
    JS = "js"
    SWIFT = "swift"
    ANDROID = "android"
    FLUTTER = "flutter"
    GO = "go"
    UNITY = "unity"
    REACT_NATIVE = "react_native"
    RUST = "rust"
    PYTHON = "python"
    CPP = "cpp"
    UNITY_WEB = "unity_web"
    NODE = "node"
    UNREAL = "unreal"
    ESP32 = "esp32"
    DOTNET = "dotnet"


class Browser(StrEnum):
    """Families, not products: rarer ones would single people out."""

    NONE = "none"
    CHROME = "chrome"
    FIREFOX = "firefox"
    SAFARI = "safari"
    EDGE = "edge"
    OPERA = "opera"
    SAMSUNG = "samsung"
    OTHER = "other"


class System(StrEnum):
    UNKNOWN = "unknown"
    WINDOWS = "windows"
    MACOS = "macos"
    LINUX = "linux"
    CHROMEOS = "chromeos"
    ANDROID = "android"
    IOS = "ios"
    OTHER = "other"


def _kept_for(purpose: Purpose, expiry: Expiry) -> dict[str, Any]:
    return {"purpose": purpose, "expiry": expiry}


_ACCOUNT = _kept_for(Purpose.ACCOUNT, Expiry.SESSION)
_CAPACITY = _kept_for(Purpose.CAPACITY, Expiry.SESSION)
_COMPATIBILITY = _kept_for(Purpose.COMPATIBILITY, Expiry.SESSION)
_TROUBLE = _kept_for(Purpose.TROUBLE, Expiry.SESSION)
_OPERATION = _kept_for(Purpose.OPERATION, Expiry.OPERATION)
_ACCOUNTABILITY = _kept_for(Purpose.ACCOUNTABILITY, Expiry.OPERATION)

# --- the fields, each with its bound, purpose and expiry -----------------------------------------

_NAME = 256  # characters; the access token is the only source of these names
_DAY_MS = 86_400_000
_YEARS_MS = 3650 * _DAY_MS

RoomName = Annotated[str, Meta(min_length=1, max_length=_NAME, extra=_ACCOUNT)]
Identity = Annotated[str, Meta(min_length=1, max_length=_NAME, extra=_ACCOUNT)]
ParticipantSid = Annotated[str, Meta(pattern=r"\APA_[0-9A-Za-z]{6,32}\Z", extra=_ACCOUNT)]
# Empty where nobody was let in.
ParticipantSidIfAny = Annotated[
    str, Meta(pattern=r"\A(PA_[0-9A-Za-z]{6,32})?\Z", max_length=35, extra=_TROUBLE)
]
SupportCode = Annotated[
    str,
    Meta(pattern=r"\A([0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4})?\Z", max_length=9, extra=_TROUBLE),
]
StageReached = Annotated[Stage, Meta(extra=_TROUBLE)]
Cause = Annotated[AttemptCause, Meta(extra=_TROUBLE)]
AttemptTime = Annotated[int, Meta(ge=0, le=_DAY_MS, extra=_TROUBLE)]
RefusedCount = Annotated[int, Meta(ge=1, le=1_000_000_000, extra=_TROUBLE)]
ConnectionQuality = Annotated[QualityStep, Meta(extra=_TROUBLE)]
TrackSid = Annotated[str, Meta(pattern=r"\ATR_[0-9A-Za-z]{6,32}\Z", extra=_ACCOUNT)]
Duration = Annotated[int, Meta(ge=0, le=_YEARS_MS, extra=_ACCOUNT)]
Reason = Annotated[LeaveReason, Meta(extra=_ACCOUNT)]
Kind = Annotated[TrackKind, Meta(extra=_ACCOUNT)]
Source = Annotated[TrackSource, Meta(extra=_ACCOUNT)]
CodecUsed = Annotated[Codec, Meta(extra=_COMPATIBILITY)]
JoinTime = Annotated[int, Meta(ge=0, le=_DAY_MS, extra=_CAPACITY)]
SdkUsed = Annotated[Sdk, Meta(extra=_COMPATIBILITY)]
# Three numbers, never four: an IPv4 address does not fit.
SdkVersion = Annotated[
    str, Meta(pattern=r"\A([0-9]{1,4}(\.[0-9]{1,4}){0,2})?\Z", max_length=14, extra=_COMPATIBILITY)
]
BrowserUsed = Annotated[Browser, Meta(extra=_COMPATIBILITY)]
MajorVersion = Annotated[int, Meta(ge=0, le=9999, extra=_COMPATIBILITY)]
SystemUsed = Annotated[System, Meta(extra=_COMPATIBILITY)]
ServerVersion = Annotated[
    str, Meta(pattern=r"\A[0-9]{1,4}(\.[0-9]{1,4}){0,2}\Z", max_length=14, extra=_OPERATION)
]
RelayCount = Annotated[int, Meta(ge=0, le=256, extra=_OPERATION)]
RelayNumber = Annotated[int, Meta(ge=1, le=256, extra=_OPERATION)]
Generation = Annotated[int, Meta(ge=1, le=0xFFFF_FFFF, extra=_OPERATION)]
RelayLevel = Annotated[GuaranteeLevel, Meta(extra=_OPERATION)]
LossReason = Annotated[RelayLossReason, Meta(extra=_OPERATION)]
# A name of the lock's own list of system calls, or "unknown".
ForbiddenCall = Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9_]{1,31}\Z", max_length=32, extra=_OPERATION)]
Drift = Annotated[DriftedCheck, Meta(extra=_OPERATION)]
RightAsked = Annotated[Right, Meta(extra=_ACCOUNTABILITY)]
WhyAsked = Annotated[RequestReason, Meta(extra=_ACCOUNTABILITY)]
RowCount = Annotated[int, Meta(ge=0, le=1_000_000_000, extra=_ACCOUNTABILITY)]


# --- the events ----------------------------------------------------------------------------------


class _Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="event"):
    """Base of all events. When it happened is stamped by the ledger."""


class ServerStarted(_Event, frozen=True, tag="server_started"):
    version: ServerVersion
    relays: RelayCount


class ServerStopped(_Event, frozen=True, tag="server_stopped"):
    """The server closed in order. Without it, the next start knows of a crash."""


class RelayBorn(_Event, frozen=True, tag="relay_born"):
    relay: RelayNumber
    generation: Generation
    level: RelayLevel


class RelayLost(_Event, frozen=True, tag="relay_lost"):
    relay: RelayNumber
    generation: Generation
    reason: LossReason


class RelayTripped(_Event, frozen=True, tag="relay_tripped"):
    """The kernel killed a relay at a call that no relay makes. `relay_lost` follows."""

    relay: RelayNumber
    generation: Generation
    call: ForbiddenCall


class RelayDrifted(_Event, frozen=True, tag="relay_drifted"):
    """A check of a serving relay's lock no longer held; one row for each. `relay_lost` follows."""

    relay: RelayNumber
    generation: Generation
    check: Drift


class AttemptEnded(_Event, frozen=True, tag="attempt_ended"):
    """A join is decided: how far it came, and why no further. One row for each whose token held.

    `milliseconds` from the first request until media could flow or the attempt failed.
    """

    room: RoomName
    identity: Identity
    code: SupportCode
    stage: StageReached
    cause: Cause
    milliseconds: AttemptTime
    participant: ParticipantSidIfAny = ""


class AttemptsRefused(_Event, frozen=True, tag="attempts_refused"):
    """So many within a minute for one cause, by nobody in particular: who they were was not proven."""

    code: SupportCode
    cause: Cause
    count: RefusedCount


class SubjectRequest(_Event, frozen=True, tag="subject_request"):
    """Somebody's rows were read, changed or erased on request. Kept is how many: not whose, not by whom."""

    right: RightAsked
    reason: WhyAsked
    rows: RowCount


class ParticipantJoined(_Event, frozen=True, tag="participant_joined"):
    """Admitted to a room. The display name is not kept: the identity says who it is."""

    room: RoomName
    identity: Identity
    participant: ParticipantSid
    sdk: SdkUsed = Sdk.UNKNOWN
    sdk_version: SdkVersion = ""
    browser: BrowserUsed = Browser.NONE
    browser_version: MajorVersion = 0
    system: SystemUsed = System.UNKNOWN
    code: SupportCode = ""


class ParticipantActive(_Event, frozen=True, tag="participant_active"):
    """Media can flow. `join_milliseconds` since the request to join."""

    room: RoomName
    identity: Identity
    participant: ParticipantSid
    join_milliseconds: JoinTime


class ParticipantLeft(_Event, frozen=True, tag="participant_left"):
    """`milliseconds` since the participant joined."""

    room: RoomName
    identity: Identity
    participant: ParticipantSid
    reason: Reason
    milliseconds: Duration
    usual_quality: ConnectionQuality = QualityStep.UNKNOWN
    worst_quality: ConnectionQuality = QualityStep.UNKNOWN


class TrackPublished(_Event, frozen=True, tag="track_published"):
    room: RoomName
    identity: Identity
    participant: ParticipantSid
    track: TrackSid
    kind: Kind
    source: Source = TrackSource.UNKNOWN
    codec: CodecUsed = Codec.UNKNOWN


class TrackUnpublished(_Event, frozen=True, tag="track_unpublished"):
    """`milliseconds` since the track was published."""

    room: RoomName
    identity: Identity
    participant: ParticipantSid
    track: TrackSid
    milliseconds: Duration


Event = (
    ServerStarted
    | ServerStopped
    | RelayBorn
    | RelayLost
    | RelayTripped
    | RelayDrifted
    | SubjectRequest
    | AttemptEnded
    | AttemptsRefused
    | ParticipantJoined
    | ParticipantActive
    | ParticipantLeft
    | TrackPublished
    | TrackUnpublished
)
EVENT_TYPES: tuple[type[_Event], ...] = (
    ServerStarted,
    ServerStopped,
    RelayBorn,
    RelayLost,
    RelayTripped,
    RelayDrifted,
    SubjectRequest,
    AttemptEnded,
    AttemptsRefused,
    ParticipantJoined,
    ParticipantActive,
    ParticipantLeft,
    TrackPublished,
    TrackUnpublished,
)

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


class EventError(ValueError):
    """An event that may not be kept. The message names the field, never its content."""


def encode(event: Event) -> bytes:
    """Strictly: what is written is what the declaration allows. Raises EventError."""
    try:
        text = _encoder.encode(event)
        same = _decoder.decode(text) == event
    except UnicodeEncodeError:
        raise EventError(f"{type(event).__name__} may not be kept: a text is not Unicode") from None
    except (msgspec.MsgspecError, TypeError) as error:
        raise EventError(f"{type(event).__name__} may not be kept: {error}") from None
    if not same:
        raise EventError(f"{type(event).__name__} may not be kept: it would be read back as another")
    return text


def decode(text: bytes | str) -> Event:
    """What `encode` wrote. Raises EventError on anything else, an unknown field included."""
    try:
        return _decoder.decode(text)
    except msgspec.MsgspecError as error:
        raise EventError(f"not an event: {error}") from None


def name_of(event: Event | type[_Event]) -> str:
    """The event's name as it is stored: `participant_joined`."""
    return str(event.__struct_config__.tag)


def declarations(event_type: type[_Event]) -> dict[str, tuple[Purpose, Expiry]]:
    """Purpose and expiry of every field of an event type."""
    found: dict[str, tuple[Purpose, Expiry]] = {}
    for field, hint in get_type_hints(event_type, include_extras=True).items():
        extra: dict[str, Any] = next(
            meta.extra for meta in hint.__metadata__ if isinstance(meta, Meta) and meta.extra
        )
        found[field] = (extra["purpose"], extra["expiry"])
    return found


def expiry_of(event_type: type[_Event]) -> Expiry:
    """The class in which a whole event expires: that of its fields, which agree (tested)."""
    for _, expiry in declarations(event_type).values():
        return expiry
    return Expiry.OPERATION  # no field at all: nothing but the fact that the server stopped
