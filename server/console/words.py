"""Every word of the console that stands for a closed word of the server. PURE."""

from __future__ import annotations

from enum import Enum
from typing import Final

from server.access.entry import Asked, Reason
from server.access.roles import Role

REASONS: Final = {
    Reason.SUPPORT: ("Support", "somebody could not join, or joined badly"),
    Reason.SECURITY: ("Security", "an incident, or the suspicion of one"),
    Reason.SUBJECT_REQUEST: ("Request of a person", "the person asked what is kept"),
    Reason.LEGAL: ("Legal", "a duty, or a claim"),
    Reason.AUDIT: ("Audit", "a check of what is kept"),
    Reason.OPERATION: ("Operation", "capacity, upgrades, faults of the server"),
}
ROLES: Final = {
    Role.VIEWER: "viewer",
    Role.PRIVACY_OFFICER: "privacy officer",
    Role.ADMIN: "admin",
}
ASKED: Final = {
    Asked.EXPORT: "sessions, to take along",
    Asked.LIVE: "who is connected now",
    Asked.SESSIONS: "sessions",
    Asked.EVENTS: "every row",
    Asked.ROOMS: "rooms",
    Asked.PARTICIPANTS: "people",
    Asked.STATISTICS: "statistics",
    Asked.SUBJECT: "one person",
    Asked.HOLD: "a legal hold",
    Asked.HELD: "what is held for a legal duty",
    Asked.BACKUP: "a copy of all that is kept",
    Asked.OPERATORS: "who may look",
    Asked.ACCESS_LOG: "the access log",
}


def spaced(word: object) -> str:
    """A closed word as people read it: `connection_lost` is `connection lost`."""
    text = str(word.value) if isinstance(word, Enum) else str(word)
    return text.replace("_", " ").replace("-", " ")


def visible(text: str) -> str:
    """A name of somebody's choice: what cannot be seen, or turns the direction of writing, becomes a sign."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() or letter == "\N{NO-BREAK SPACE}" else "\N{REPLACEMENT CHARACTER}"
        for letter in text
    )


def number(count: int) -> str:
    """`12 345`, with spaces that do not break."""
    return f"{count:,}".replace(",", "\N{NO-BREAK SPACE}")


def counted(count: int, one: str, many: str = "") -> str:
    """`1 room`, `3 rooms`."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def size(count: float) -> str:
    """Bytes: `640 B`, `12 kB`, `3.4 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            break
        count /= 1000
    return f"{count:.0f} {unit}" if unit == "B" or count >= 10 else f"{count:.1f} {unit}"


def duration(seconds: float) -> str:
    """`42 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`."""
    whole = int(max(0.0, seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"


def roughly(seconds: float) -> str:
    """The same in one unit: `less than a minute`, `5 min`, `2 h`, `3 days`."""
    whole = int(max(0.0, seconds))
    if whole < 60:
        return "less than a minute"
    if whole < 3600:
        return f"{whole // 60} min"
    if whole < 172_800:
        return f"{whole // 3600} h"
    return f"{whole // 86_400} days"
