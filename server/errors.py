"""Errors by audience.

OffrecordError
├── ClientError         a participant or an SDK did something we refuse; the text is for them
│   └── sdp.SdpError, auth.TokenError, …
├── OperatorError       the installation is wrong; the text says what to do, printed without traceback
│   └── config.ConfigError, …
└── RelayError          a relay process misbehaved or died; logged, the participants are told
"""

from __future__ import annotations

from enum import StrEnum


class OffrecordError(Exception):
    """Base of everything this server raises on purpose."""


class Refusal(StrEnum):
    """Why a join was refused, in closed words: first what can be wrong with a token."""

    MISSING = "missing"
    MALFORMED = "malformed"  # or not signed with the secret of its key
    UNKNOWN_KEY = "unknown_key"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    UNUSABLE = "unusable"  # it names no room or nobody, or does not grant to join
    NEVER_GRANTED = "never_granted"  # it asks to record, or to be hidden
    ROOM_MISSING = "room_missing"
    ROOM_FULL = "room_full"
    ROOM_UNENCRYPTED = "room_unencrypted"
    ROOM_LOCKED = "room_locked"
    BANNED = "banned"  # until the room ends
    NO_RELAY = "no_relay"
    RELAYS_FULL = "relays_full"
    STOPPING = "stopping"
    BAD_REQUEST = "bad_request"


class ClientError(OffrecordError):
    """Refused: bad input of a participant. The message is shown to its sender and holds no secret."""

    refusal = Refusal.BAD_REQUEST


class OperatorError(OffrecordError):
    """The installation must change. The message says what to do."""


class RelaysFull(OffrecordError):
    """Every relay has as much to do as it may have: no room is placed."""


class RelayFault(StrEnum):
    """What went wrong with a relay, in closed words."""

    DIED = "died"
    TRIPWIRE = "tripwire"  # killed by the kernel at a call that no relay makes
    SILENT = "silent"
    DRIFTED = "drifted"  # a layer of its lock was no longer observed
    PROTOCOL_ERROR = "protocol_error"
    STRANGE_RECEIVER = "strange_receiver"  # it forwards to somebody it was not asked to


class RelayError(OffrecordError):
    """A relay process broke its contract or died."""

    def __init__(self, message: str, fault: RelayFault = RelayFault.PROTOCOL_ERROR) -> None:
        super().__init__(message)
        self.fault = fault
