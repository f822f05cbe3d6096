"""How joins and connections turn out, in closed words."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """The last step of a join that was done, in the order of the steps."""

    NONE = "none"  # nothing: not even the token held
    TOKEN = "token"  # noqa: S105 - signed by a key of this server, and names a room and somebody
    WEBSOCKET = "websocket"  # open, and the client was welcomed
    NEGOTIATION = "negotiation"  # a description (SDP) of the client was accepted
    ICE = "ice"  # the client's first packet reached the relay
    DTLS = "dtls"  # media is keyed, of one of its two transports
    READY = "ready"  # media can flow
    MEDIA = "media"  # the first packet of something it sends was there


class AttemptCause(StrEnum):
    """Why a join failed: `server.errors.Refusal` and `words.LeaveReason` in the same words, and no cause."""

    NONE = "none"  # it did not fail
    # It was refused: first what can be wrong with a token.
    MISSING = "missing"
    MALFORMED = "malformed"
    UNKNOWN_KEY = "unknown_key"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    UNUSABLE = "unusable"
    NEVER_GRANTED = "never_granted"
    ROOM_MISSING = "room_missing"
    ROOM_FULL = "room_full"
    ROOM_UNENCRYPTED = "room_unencrypted"
    ROOM_LOCKED = "room_locked"
    BANNED = "banned"
    NO_RELAY = "no_relay"
    RELAYS_FULL = "relays_full"
    STOPPING = "stopping"
    BAD_REQUEST = "bad_request"
    # It was let in, and ended before it was ready.
    CLIENT_LEFT = "client_left"
    DUPLICATE_IDENTITY = "duplicate_identity"
    REMOVED = "removed"
    NOT_ADMITTED = "not_admitted"
    ROOM_CLOSED = "room_closed"
    SERVER_SHUTDOWN = "server_shutdown"
    SERVER_CRASH = "server_crash"
    CONNECTION_LOST = "connection_lost"
    NEVER_READY = "never_ready"
    RELAY_LOST = "relay_lost"
    STATE_MISMATCH = "state_mismatch"
    PROTOCOL_ERROR = "protocol_error"
    SLOW_READER = "slow_reader"
    OTHER = "other"


UNWANTED = frozenset(
    {
        AttemptCause.CONNECTION_LOST,
        AttemptCause.NEVER_READY,
        AttemptCause.RELAY_LOST,
        AttemptCause.STATE_MISMATCH,
        AttemptCause.PROTOCOL_ERROR,
        AttemptCause.SLOW_READER,
        AttemptCause.SERVER_CRASH,
    }
)
"""Ends that nobody wanted, whenever they come. Any other is a failure only before media could flow."""


class QualityStep(StrEnum):
    """How well a participant was connected, as coarsely as clients are told."""

    UNKNOWN = "unknown"  # never ready
    POOR = "poor"
    GOOD = "good"
    EXCELLENT = "excellent"
