"""Which role may see what. PURE.

Nobody may do everything: who names operators does not answer for what is kept about a person.
"""

from __future__ import annotations

from enum import StrEnum

from server.access.entry import Asked


class Role(StrEnum):
    VIEWER = "viewer"  # looks into connections, to help people
    PRIVACY_OFFICER = "privacy-officer"  # and answers for what is kept about a person
    ADMIN = "admin"  # names operators, and keeps copies


_CONNECTIONS = frozenset(
    {
        Asked.SESSIONS,
        Asked.EVENTS,
        Asked.ROOMS,
        Asked.PARTICIPANTS,
        Asked.STATISTICS,
        Asked.LIVE,
        Asked.EXPORT,
    }
)
MAY_SEE: dict[Role, frozenset[Asked]] = {
    Role.VIEWER: _CONNECTIONS,
    Role.PRIVACY_OFFICER: _CONNECTIONS
    | {Asked.SUBJECT, Asked.HOLD, Asked.HELD, Asked.BACKUP, Asked.ACCESS_LOG},
    Role.ADMIN: _CONNECTIONS | {Asked.BACKUP, Asked.OPERATORS, Asked.ACCESS_LOG},
}


def sees_every_field(role: Role | None) -> bool:
    """Also what privacy officers alone may see. None: no operator is named, and nobody kept from anything."""
    return role in (None, Role.PRIVACY_OFFICER)


def may_see(role: Role, asked: Asked) -> bool:
    return asked in MAY_SEE[role]
