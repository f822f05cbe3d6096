"""The closed words of the ledger: what a field that is not a number, a name or an id can say."""

from __future__ import annotations

from enum import StrEnum


class LeaveReason(StrEnum):
    """Why a participant's connection ended."""

    CLIENT_LEFT = "client_left"
    DUPLICATE_IDENTITY = "duplicate_identity"
    REMOVED = "removed"
    NOT_ADMITTED = "not_admitted"  # it waited to be let in, and was refused, or nobody answered
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
    """What was asked for, about what is held about somebody."""

    EXPORT = "export"
    CORRECT = "correct"
    OBJECT = "object"
    ERASE = "erase"
    ERASE_CHILD = "erase_child"


class RequestReason(StrEnum):
    """Why somebody's rows were read or changed."""

    OWN_REQUEST = "own_request"  # the person asked, and was known to be that person
    OBJECTION = "objection"
    GUARDIAN = "guardian"  # a parent, or whoever else answers for the person
    CHILD_REPORT = "child_report"  # somebody reported a child that no parent had allowed to join
    LEGAL_ORDER = "legal_order"


class Answer(StrEnum):
    """Whether that was done, or why it was refused."""

    DONE = "done"
    IDENTITY_NOT_VERIFIED = "identity_not_verified"
    NOT_THIS_SERVER = "not_this_server"
    NOTHING_KEPT = "nothing_kept"
    LEGAL_HOLD = "legal_hold"  # a duty to keep it, or a legal claim
    UNLAWFUL = "unlawful"
    WOULD_BE_WRONG = "would_be_wrong"  # a correction that would make it incorrect
    COMPELLING_GROUNDS = "compelling_grounds"  # against an objection
    MANIFESTLY_UNFOUNDED = "manifestly_unfounded"
    EXCESSIVE = "excessive"
    RIGHTS_OF_OTHERS = "rights_of_others"


class HoldReason(StrEnum):
    """Why rows have to stay beyond their time."""

    LEGAL_ORDER = "legal_order"
    CLAIM = "claim"  # to establish, exercise or defend one
    INVESTIGATION = "investigation"


class HoldStep(StrEnum):
    PLACED = "placed"
    RENEWED = "renewed"
    LIFTED = "lifted"
    ENDED = "ended"  # by itself, when its time had come


class Action(StrEnum):
    """What an operator did."""

    BACKUP_MADE = "backup_made"
    BACKUPS_PRUNED = "backups_pruned"  # copies that had reached their age were deleted
    OPERATOR_ADDED = "operator_added"
    OPERATOR_REMOVED = "operator_removed"
    ROLE_CHANGED = "role_changed"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a word
    POLICY_SERVED = "policy_served"  # from this start on
    HOLD_EXPORTED = "hold_exported"  # what a legal hold keeps was read


class RoomAct(StrEnum):
    """What the server API or a moderator did to a room."""

    OPENED = "opened"
    DESCRIBED = "described"  # its metadata was changed
    DATA_SENT = "data_sent"
    DELETED = "deleted"
    LOCKED = "locked"
    UNLOCKED = "unlocked"
    LOBBY_OPENED = "lobby_opened"  # who is new waits for a moderator from now on
    LOBBY_CLOSED = "lobby_closed"
    SHARING_RESTRICTED = "sharing_restricted"  # only moderators share a screen from now on
    SHARING_ALLOWED = "sharing_allowed"
    SOMEBODY_BANNED = "somebody_banned"  # who was not there
    BAN_LIFTED = "ban_lifted"


class ParticipantAct(StrEnum):
    """What the server API or a moderator did to a participant."""

    ADMITTED = "admitted"  # it had waited to be let in
    REFUSED = "refused"  # the same, and was sent away
    REMOVED = "removed"
    BANNED = "banned"  # removed, and kept out until the room ends
    TRACK_MUTED = "track_muted"
    PERMISSIONS_CHANGED = "permissions_changed"
    CHANGED = "changed"  # name, metadata or attributes
    SUBSCRIPTIONS_CHANGED = "subscriptions_changed"
    RECEPTION_OPENED = "reception_opened"  # a transport to receive by, which the join did not have


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
