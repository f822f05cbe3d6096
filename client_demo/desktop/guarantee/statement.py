"""The content of a guarantee statement, read strictly: what is missing or odd is an error, because missing
evidence counts as not held. Fields that are not known are skipped: later servers tell more."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Level = Literal["full", "reduced", "none"]
Source = Literal["kernel", "inspected", "self-reported"]
"""The kernel's own word, an inspection of the locked process from outside, or the process's own word."""

Sentence = Annotated[str, Meta(min_length=1, max_length=2_000)]
Sentences = Annotated[list[Sentence], Meta(max_length=30)]

LEVELS: tuple[Level, ...] = ("none", "reduced", "full")
"""From the lowest to the highest."""


class Check(msgspec.Struct, frozen=True):
    """One observation of a relay."""

    name: Sentence
    held: bool
    source: Source
    observed_at: str | None = None


class Relay(msgspec.Struct, frozen=True):
    """A process that forwards sound and video."""

    relay: int
    level: Level
    checks: Annotated[list[Check], Meta(max_length=100)]


class Room(msgspec.Struct, frozen=True):
    """Which relay the room of who asked lives on; None while it lives on none."""

    name: Sentence
    relay: int | None


class Reason(msgspec.Struct, frozen=True):
    """Why the level is not full."""

    says: Sentence


class Incident(msgspec.Struct, frozen=True):
    """A relay that was stopped."""

    says: Sentence
    at: str | None = None


class Software(msgspec.Struct, frozen=True):
    """Digest of the server's files, by its own word."""

    code: Sentence


class Server(msgspec.Struct, frozen=True):
    """By its own word."""

    version: Sentence


class Statement(msgspec.Struct, frozen=True):
    """`iat` and `exp` are seconds since the epoch, by the server's clock."""

    nonce: str | None
    iat: int
    exp: int
    level: Level
    relays: Annotated[list[Relay], Meta(max_length=256)]
    server: Server
    software: Software
    does_not_prove: Sentences
    says: Sentences = []
    reasons: Annotated[list[Reason], Meta(max_length=2_000)] = []
    incidents: Annotated[list[Incident], Meta(max_length=30)] = []
    room: Room | None = None


def read_statement(claims: object) -> Statement:
    """Reads parsed JSON. Raises msgspec.ValidationError."""
    return msgspec.convert(claims, Statement)


def age_seconds(moment: str | None, issued_at: int) -> float | None:
    """From an RFC 3339 date to the statement; None if it is no date. `issued_at` is cut to whole seconds, so
    that what was observed just before may look as if it came after."""
    try:
        return issued_at - datetime.fromisoformat(moment or "").timestamp()
    except (ValueError, OverflowError):
        return None
