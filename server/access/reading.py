"""What every command and route calls that shows personal data to an operator.

    who = accessor(operator, reason)
    with reading(config, who, Asked.SESSIONS, room=room, identity=identity) as seen:
        …each row that is shown: seen.count()

The read is on the disk before the block is entered, and how many rows it showed when it is left, however it
is left. OperatorError is raised, and nothing is shown, where it cannot be written; and where operators are
named, and this one is none of them or has a role that may not do that.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from server.access.entry import Asked, Entry, Reason
from server.access.log import AccessLog
from server.access.operators import Operators, check_name
from server.access.roles import sees_every_field
from server.config import Config
from server.errors import OperatorError

OPERATOR_VARIABLE = "OFFRECORD_OPERATOR"
_LOGIN = Path("/proc/self/loginuid")
_NOBODY = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class Accessor:
    """Who looks, and why."""

    operator: str
    reason: Reason
    account: int
    """The number of the account of this machine that looks."""


@dataclass(slots=True)
class Seen:
    """How many rows have been shown so far. `every_field`: also those for privacy officers may be."""

    every_field: bool
    rows: int = 0

    def count(self, rows: int = 1) -> None:
        self.rows += rows


def accessor(operator: str | None, reason: Reason | None) -> Accessor:
    """`operator` defaults to the name of the account that has logged in, unless that is root: it is not a
    name of anybody. Raises OperatorError saying what to give."""
    account = login_account()
    if reason is None:
        codes = ", ".join(Reason)
        raise OperatorError(f"say why you look: --reason with one of {codes}; it goes to the access log")
    if operator is None:
        operator = _name_of(account)
    if operator is None:
        raise OperatorError(
            f"say who looks: --operator NAME, or {OPERATOR_VARIABLE}; it goes to the access log"
        )
    check_name(operator)
    return Accessor(operator, reason, account)


def configured(config: Config) -> AccessLog:
    """The access log of this server."""
    metadata = config.metadata
    return AccessLog(Path(metadata.access_log), Path(config.guarantee.signing_key), metadata.access_days)


def record(
    log: AccessLog,
    who: Accessor,
    asked: Asked,
    *,
    room: str | None = None,
    identity: str | None = None,
    rows: int | None = None,
) -> int:
    """One read, of `rows` rows where that is known before they are shown. Returns its number.

    `room` and `identity` are the names that were asked for; the log keeps pseudonyms. Raises OperatorError:
    show nothing then.
    """
    return log.append(_entry(who, asked, rows=rows), room=room, identity=identity)


@contextmanager
def reading(
    config: Config, who: Accessor, asked: Asked, *, room: str | None = None, identity: str | None = None
) -> Iterator[Seen]:
    """See above. Raises OperatorError."""
    role = Operators(Path(config.console.operators)).check(who.operator, asked)
    log = configured(config)
    number = record(log, who, asked, room=room, identity=identity)
    seen = Seen(sees_every_field(role))
    try:
        yield seen
    finally:
        log.append(_entry(who, asked, of=number, rows=seen.rows))


def login_account() -> int:
    """The account that logged in, which `sudo` does not change (proc_pid_loginuid(5)), or else runs this."""
    try:
        number = int(_LOGIN.read_text("ascii"))
    except (OSError, ValueError):
        number = _NOBODY
    return os.getuid() if number == _NOBODY else number


def _name_of(account: int) -> str | None:
    if account == 0:
        return None
    try:
        return pwd.getpwuid(account).pw_name
    except KeyError:
        return None


def _entry(who: Accessor, asked: Asked, *, of: int | None = None, rows: int | None = None) -> Entry:
    """Without what only the log can fill in."""
    return msgspec.convert(
        {
            "number": 1,
            "at": 0,
            "operator": who.operator,
            "account": who.account,
            "reason": who.reason,
            "asked": asked,
            "of": of,
            "rows": rows,
        },
        Entry,
    )
