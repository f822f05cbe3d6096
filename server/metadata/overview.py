"""Summaries and aggregates as tables for people and as JSON Lines for programs."""

from __future__ import annotations

from rich.table import Table

from server.metadata.groups import Shown
from server.metadata.logs import client, duration, empty_table, ended, line, local, shown, utc
from server.metadata.stats import Stats
from server.metadata.summaries import ParticipantSummary, RoomSummary
from server.metadata.words import Browser

OTHERS = "all others"


def room_table(rooms: list[RoomSummary]) -> Table:
    table = empty_table("Room", "First", "Last", "Sessions", "People", "Peak", "Now", "Failed")
    for room in rooms:
        numbers = (room.sessions, room.people, room.peak, room.connected, room.failures)
        table.add_row(shown(room.room), _minute(room.first), _minute(room.last), *map(str, numbers))
    return table


def room_line(room: RoomSummary) -> str:
    """One line. Times are RFC 3339 in UTC."""
    return line(
        {
            "room": room.room,
            "first": utc(room.first),
            "last": utc(room.last),
            "sessions": room.sessions,
            "people": room.people,
            "peak": room.peak,
            "connected": room.connected,
            "failures": room.failures,
        }
    )


def participant_table(people: list[ParticipantSummary]) -> Table:
    table = empty_table("Who", "Sessions", "Time", "Failed", "Last", "In", "Client", "Ended")
    for one in people:
        last = one.last_connection
        table.add_row(
            shown(one.identity),
            str(one.sessions),
            duration(one.seconds),
            str(one.failures),
            _minute(one.last),
            shown(last.room or ""),
            client(last),
            ended(last),
        )
    return table


def participant_line(one: ParticipantSummary) -> str:
    """One line. Times are RFC 3339 in UTC; `last_outcome` is null while connected."""
    last = one.last_connection
    return line(
        {
            "identity": one.identity,
            "first": utc(one.first),
            "last": utc(one.last),
            "sessions": one.sessions,
            "seconds": one.seconds,
            "connected": one.connected,
            "failures": one.failures,
            "last_room": last.room,
            "last_participant": last.participant,
            "last_sdk": last.sdk,
            "last_browser": last.browser if last.browser is not Browser.NONE else None,
            "last_system": last.system,
            "last_outcome": last.outcome,
        }
    )


def stats_table(stats: Stats) -> Table:
    """What is not shown because it is of too few people is named as such."""
    table = empty_table("What", "", "Count")
    if stats.joins is None:
        table.add_row("joins", f"fewer than {stats.least} people", "")
    else:
        table.add_row("joins", f"{stats.people} people", str(stats.joins))
        for title, groups in (
            ("outcome", stats.outcomes),
            ("client", stats.clients),
            ("system", stats.systems),
        ):
            for name, count in _rows(groups):
                table.add_row(title, _words(name), str(count))
        for percent, value in ((50, stats.join_p50), (95, stats.join_p95)):
            said = "too few people" if value is None else f"{value} ms or less"
            table.add_row("time to join", f"{percent} of 100", said)
    for level, count in stats.relays_born.items():
        table.add_row("relays born", f"level {level}", str(count))
    for reason, count in stats.relays_lost.items():
        table.add_row("relays lost", _words(reason), str(count))
    return table


def stats_line(stats: Stats) -> str:
    """One line. `joins` is null where too few people joined, `others` what small groups count together."""
    return line(
        {
            "least": stats.least,
            "joins": stats.joins,
            "people": stats.people,
            "outcomes": _record(stats.outcomes),
            "clients": _record(stats.clients),
            "systems": _record(stats.systems),
            "join_milliseconds": {"p50": stats.join_p50, "p95": stats.join_p95},
            "relays_born": stats.relays_born,
            "relays_lost": stats.relays_lost,
        }
    )


def _rows(groups: Shown) -> list[tuple[str, int]]:
    return [*groups.groups, *([(OTHERS, groups.others)] if groups.others else [])]


def _record(groups: Shown) -> dict[str, object] | None:
    return {"groups": dict(groups.groups), "others": groups.others} if groups.enough else None


def _minute(seconds: float) -> str:
    return f"{local(seconds):%Y-%m-%d %H:%M}"


def _words(name: str) -> str:
    return name.replace("_", " ")
