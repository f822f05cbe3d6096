"""Sessions as a table for people and as JSON Lines for programs, and the times people type.

Names come from participants: what could steer a terminal is made visible instead.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import msgspec
from rich.markup import escape
from rich.table import Table

from server.errors import OperatorError
from server.metadata.connection import Connection
from server.metadata.declared import Audience
from server.metadata.event import Event, declarations
from server.metadata.rows.row import Row
from server.metadata.rows.sessions import ParticipantJoined
from server.metadata.sessions import KeptEvent, Listed
from server.metadata.words import Browser, Sdk, System

_AGO = re.compile(r"([0-9]{1,6})([smhdw])")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
# C1 controls and everything that turns the direction of writing; JSON itself escapes the C0 controls.
_STEERING = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_MAX_AGE = timedelta(days=36_500)

_BROWSERS = {
    Browser.CHROME: "Chrome",
    Browser.FIREFOX: "Firefox",
    Browser.SAFARI: "Safari",
    Browser.EDGE: "Edge",
    Browser.OPERA: "Opera",
    Browser.SAMSUNG: "Samsung Internet",
    Browser.OTHER: "another browser",
}
_SYSTEMS = {
    System.WINDOWS: "Windows",
    System.MACOS: "macOS",
    System.LINUX: "Linux",
    System.CHROMEOS: "ChromeOS",
    System.ANDROID: "Android",
    System.IOS: "iOS",
    System.OTHER: "another system",
}


def moment(text: str, now: float) -> float:
    """`2h`, `3d` (ago), or an ISO 8601 date or time, local unless it says otherwise.

    Seconds since the epoch. Raises OperatorError saying what is accepted.
    """
    ago = _AGO.fullmatch(text.strip())
    try:
        if ago is not None:
            age = timedelta(seconds=int(ago[1]) * _UNIT_SECONDS[ago[2]])
            return now - min(age, _MAX_AGE).total_seconds()
        return datetime.fromisoformat(text.strip()).astimezone().timestamp()
    except (ValueError, OverflowError, OSError):
        raise OperatorError(
            f"{text!r} is not a time: use 30m, 2h, 3d, 2026-11-22 or 2026-11-22T09:30"
        ) from None


def json_line(listed: Listed, now: float) -> str:
    """One line. Times are RFC 3339 in UTC; `left_at` and `reason` are null while connected.

    `now` is in seconds since the epoch, for who is still connected.
    """
    one = listed.connection
    record = {
        "room": one.room,
        "identity": one.identity,
        "participant": one.participant,
        "code": one.code,
        "site": one.site,
        "joined_at": utc(one.joined_at),
        "left_at": None if one.left_at is None else utc(one.left_at),
        "seconds": one.seconds(now),
        "stage": one.stage,
        "reason": one.outcome,
        "failed": one.failed,
        "attempts": one.attempts,
        "join_milliseconds": one.join_milliseconds,
        "sdk": one.sdk,
        "sdk_version": one.sdk_version,
        "browser": one.browser,
        "browser_version": one.browser_version,
        "system": one.system,
        "published": list(listed.published),
    }
    return line(record)


def event_json_line(kept: KeptEvent, *, every_field: bool = True) -> str:
    """One line: when it happened, when it is gone, and every field that is kept; without `every_field`, those
    that every operator may see."""
    fields = fields_shown(kept.event, every_field)
    return line({"at": utc(kept.at), "expires_at": utc(kept.gone_at), **fields})


def table() -> Table:
    """An empty table; fill it with `row`."""
    return empty_table("Who", "Room", "Joined", "For", "Client", "Sent", "Ended")


def event_table() -> Table:
    """An empty table; fill it with `event_row`."""
    return empty_table("When", "Event", "Kept", "Gone on")


def empty_table(*titles: str) -> Table:
    """A table without rows, as all of them look."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        made.add_column(title, overflow="fold")
    return made


def event_row(kept: KeptEvent, *, every_field: bool = True) -> tuple[str, ...]:
    """The columns of `event_table`, as rich markup; `every_field` as above."""
    fields = fields_shown(kept.event, every_field)
    name = fields.pop("event")
    return (
        f"{local(kept.at):%Y-%m-%d %H:%M:%S}",
        name.replace("_", " "),
        ", ".join(f"{field.replace('_', ' ')} {shown(str(value))}" for field, value in fields.items()),
        f"{local(kept.gone_at):%Y-%m-%d}",
    )


def fields_shown(event: Event, every_field: bool) -> dict[str, Any]:
    """A row as it is kept, with its name as `event`; `every_field` as above."""
    fields: dict[str, Any] = msgspec.to_builtins(event)
    if every_field:
        return fields
    return {name: value for name, value in fields.items() if name not in _for_officers(type(event))}


@cache
def _for_officers(kind: type[Row]) -> frozenset[str]:
    declared = declarations(kind).items()
    return frozenset(name for name, one in declared if one.audience is Audience.PRIVACY_OFFICERS)


def row(listed: Listed, now: float) -> tuple[str, ...]:
    """The columns of `table`, as rich markup; `now` as above."""
    one = listed.connection
    where = "; ".join(part for part in (client(one) if one.participant else "", shown(one.site)) if part)
    return (
        shown(one.identity) if one.identity is not None else f"nobody in particular, {one.attempts} times",
        shown(one.room or ""),
        f"{local(one.joined_at):%Y-%m-%d %H:%M:%S}",
        duration(one.seconds(now)),
        where,
        ", ".join(source.value.replace("_", " ") for source in listed.published) or "nothing",
        ended(one),
    )


def ended(one: Connection) -> str:
    """`client left`; `never ready at ice` of what ended before media could flow. As rich markup."""
    if one.outcome is None:
        return "[green]connected[/]"
    how = one.outcome.value.replace("_", " ")
    return f"{how} at {one.stage.value}" if one.active_at is None and one.stage is not None else how


def client(session: Connection | ParticipantJoined) -> str:
    """`Firefox 140, Windows`; `python 1.2.1, Linux`."""
    if session.browser is not Browser.NONE:
        program = _BROWSERS[session.browser]
        version = str(session.browser_version or "")
    else:
        program = "unknown" if session.sdk is Sdk.UNKNOWN else f"{session.sdk.value} SDK"
        version = session.sdk_version
    named = f"{program} {version}".strip()
    return f"{named}, {_SYSTEMS[session.system]}" if session.system in _SYSTEMS else named


def duration(seconds: float) -> str:
    """`42 s`, `3 min 5 s`, `2 h 10 min`."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def shown(name: str) -> str:
    """A name of somebody's choice, as rich markup."""
    return escape("".join(letter if letter.isprintable() else "\ufffd" for letter in name))


def line(record: dict[str, Any]) -> str:
    """One line of JSON."""
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(record, ensure_ascii=False))


def local(seconds: float) -> datetime:
    """A moment, given in seconds since the epoch, where this machine is."""
    return datetime.fromtimestamp(seconds).astimezone()


def utc(seconds: float) -> str:
    """The same, as RFC 3339 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
