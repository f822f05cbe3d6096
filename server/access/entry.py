"""What one entry of the access log says, in closed words, and the hash that chains it. PURE.

A line on disk is the canonical JSON of an entry: the fields in the order of their declaration, no spaces.
Its `hash` is SHA-256, as 64 hexadecimal digits, over the hash before it, a newline, and the canonical JSON
with an empty `hash`.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

OPERATOR_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}"
LONGEST_LINE = 1024
"""Bytes; the longest entry that can be written is shorter."""


class Reason(StrEnum):
    """Why somebody looked."""

    SUPPORT = "support"  # somebody could not join, or joined badly
    SECURITY = "security"  # an incident, or the suspicion of one
    SUBJECT_REQUEST = "subject_request"  # the person asked
    LEGAL = "legal"  # a duty, or a claim
    AUDIT = "audit"  # a check of what is kept
    OPERATION = "operation"  # capacity, upgrades, faults of the server


class Asked(StrEnum):
    """What was looked at, or what was done about it."""

    SESSIONS = "sessions"
    EVENTS = "events"
    ROOMS = "rooms"
    PARTICIPANTS = "participants"
    STATISTICS = "statistics"
    SUBJECT = "subject"  # all that is kept about one person, or a change of it
    HOLD = "hold"  # a legal hold was placed, renewed or lifted
    HELD = "held"  # what is held, or what a legal hold keeps
    BACKUP = "backup"  # a copy of all that is kept was made, or copies were deleted
    OPERATORS = "operators"  # who may look was changed
    EXPORT = "export"  # sessions that were taken out of the server
    LIVE = "live"  # who is connected now, out of memory
    ACCESS_LOG = "access_log"  # who looked


class AccessError(ValueError):
    """A line is not an entry."""


Hash = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Pseudonym = Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
Count = Annotated[int, Meta(ge=0, le=2**53)]


class Base(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The first line: what the entries below it follow."""

    log: Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
    """Drawn when the log was begun."""
    cut: Count
    """Number of the last entry that expired and is gone; 0: none."""
    hash: Hash
    """The hash of that entry, or `genesis`."""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One read, or how one ended."""

    number: Annotated[int, Meta(ge=1, le=2**53)]
    at: Count
    """Milliseconds since the epoch."""
    operator: Annotated[str, Meta(pattern=f"^{OPERATOR_PATTERN}$")]
    """As given on the command line, or as signed in."""
    account: Annotated[int, Meta(ge=0, le=2**32)]
    """The account of this machine, by number: the kernel's word, not the operator's."""
    reason: Reason
    asked: Asked
    room: Pseudonym | None = None
    identity: Pseudonym | None = None
    """Whom the question named; None: it named nobody."""
    of: Annotated[int, Meta(ge=1, le=2**53)] | None = None
    """This entry says how many rows the read of that number has shown; None: this is a read."""
    rows: Count | None = None
    """None: not known yet, or never, where the program was killed."""
    hash: Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")] = ""


_Line = TypeVar("_Line", Base, Entry)
_BASE = msgspec.json.Decoder(Base)
_ENTRY = msgspec.json.Decoder(Entry)


def genesis(log: str) -> str:
    """What the first entry of a log follows."""
    return hashlib.sha256(f"offrecord access log {log}".encode()).hexdigest()


def digest(before: str, entry: Entry) -> str:
    """The hash of `entry`, whatever its own `hash` says, after an entry with the hash `before`."""
    content = msgspec.json.encode(msgspec.structs.replace(entry, hash=""))
    return hashlib.sha256(before.encode() + b"\n" + content).hexdigest()


def chained(before: str, entry: Entry) -> Entry:
    return msgspec.structs.replace(entry, hash=digest(before, entry))


def line(content: Base | Entry) -> bytes:
    """With its newline."""
    return msgspec.json.encode(content) + b"\n"


def base_of(raw: bytes) -> Base:
    """Raises AccessError for anything but the canonical form."""
    return _canonical(raw, _BASE)


def entry_of(raw: bytes) -> Entry:
    """Raises AccessError for anything but the canonical form."""
    return _canonical(raw, _ENTRY)


def _canonical(raw: bytes, decoder: msgspec.json.Decoder[_Line]) -> _Line:
    try:
        found = decoder.decode(raw) if len(raw) <= LONGEST_LINE else None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        found = None
    if found is None or line(found) != raw:
        raise AccessError("not a line of an access log")
    return found
