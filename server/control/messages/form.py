"""What every message is, and what messages contain."""

from __future__ import annotations

import msgspec


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True, tag=True):
    """Base of all messages: positional on the wire, tagged by class name."""


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """Base of what messages contain."""
