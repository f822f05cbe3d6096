"""The record of processing activities as Markdown, to be completed and kept. PURE."""

from __future__ import annotations

from collections.abc import Iterable

from server.policy.record import Activity, Data, Record


def markdown(record: Record) -> str:
    """A whole document."""
    parts = (
        "# Record of processing activities (GDPR, art. 30)\n",
        f"Controller: {record.controller}  \nContact: {record.contact}  \n"
        f"Privacy policy: version {record.policy_version}\n",
        *map(_activity, record.activities),
        _section("Recipients", record.recipients),
        f"## Transfers to third countries\n\n{record.transfers}\n",
        _section("Security measures", record.security),
        _section("To be completed by the controller", record.to_complete),
    )
    return "\n".join(parts)


def _activity(activity: Activity) -> str:
    head = (
        f"## {activity.purpose[:1].upper()}{activity.purpose[1:]}\n\n"
        f"Legal ground: {activity.legal_ground}  \nPeople: {'; '.join(activity.people)}\n"
    )
    return "\n".join((head, *map(_data, activity.data)))


def _data(data: Data) -> str:
    setting = f" (`{data.setting}`)" if data.setting else ""
    head = f"### {data.where}\n\nKept: {data.kept}{setting}  \nSeen by: {'; '.join(data.seen_by)}\n\n"
    return head + _items(f"`{name}`: {holds}" for name, holds in data.fields.items())


def _section(title: str, lines: Iterable[str]) -> str:
    return f"## {title}\n\n{_items(lines)}"


def _items(lines: Iterable[str]) -> str:
    return "".join(f"- {line}\n" for line in lines)
