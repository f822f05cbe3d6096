"""The privacy receipt: everything the ledger holds about one participant of one room, and until when. PURE.

What a field is kept for is read from its declaration, so that a receipt cannot say less than is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypedDict

import msgspec

from server.metadata.event import Event, declarations, name_of
from server.metadata.rows.addresses import ParticipantAddress
from server.metadata.sessions import HeldRows, KeptEvent

SAYS = (
    "This is everything that this server's ledger holds about you in this room. Each entry is deleted at the "
    "time that stands beside it."
)
SAYS_NOTHING = "This server's ledger holds nothing about you in this room."
SAYS_NOTHING_ELSE = "There is nothing else that this server's ledger holds about you in this room."
SAYS_MORE = (
    "The ledger holds more about you in this room than fits here; these are the oldest entries. The operator "
    "of this server can give you all of them."
)

SAYS_HELD = (
    " Of what is held about you, {rows} have to stay because of a legal duty or a legal claim, until {day} "
    "unless that is extended. They cannot be erased or corrected before, and once their own time is over "
    "they are shown to nobody but who answers for that: {expired}."
)

NOT_KEPT = "sound, video, shared screens, chat and other messages: they pass through memory only"
NO_ADDRESS = "your network address"
NO_WHOLE_ADDRESS = "your whole network address"
PSEUDONYM = "your network address: what is listed is a pseudonym of it, whose key is never written"
FIRST_PART = "your whole network address: what is listed is its first part"

_FACTS = frozenset({"room", "identity"})
"""Fields of every entry that the receipt names once, at its head."""


class EntryJson(TypedDict):
    """One row of the ledger. Times are RFC 3339 in UTC."""

    event: str
    at: str
    deleted_at: str
    fields: dict[str, Any]


class HeldJson(TypedDict):
    """`expired` of these `rows` are past their own time and not listed; they stay `until` then."""

    rows: int
    expired: int
    until: str


class Receipt(TypedDict):
    """Answer of `GET /api/receipt`. `purposes` is why each field that occurs is kept, by its name.

    `valid_until` is when the last entry is deleted, null where nothing is kept. `held` is what legal holds
    keep, null where they keep nothing.
    """

    room: str
    identity: str
    issued_at: str
    valid_until: str | None
    complete: bool
    kept: list[EntryJson]
    held: HeldJson | None
    purposes: dict[str, str]
    not_kept: list[str]
    says: str


def receipt(
    room: str,
    identity: str,
    kept: Sequence[KeptEvent],
    *,
    complete: bool,
    now: float,
    held: HeldRows | None = None,
) -> Receipt:
    """`kept` is every row about this participant, oldest first; `complete` is False where there are more.

    `now` is in seconds since the epoch; `held` what legal holds keep.
    """
    gone_at = [one.gone_at for one in kept] + ([] if held is None else [held.until])
    says = SAYS if kept else SAYS_NOTHING_ELSE if held else SAYS_NOTHING
    return Receipt(
        room=room,
        identity=identity,
        issued_at=rfc3339(now),
        valid_until=rfc3339(max(gone_at)) if gone_at else None,
        complete=complete,
        kept=[_entry(one) for one in kept],
        held=None
        if held is None
        else HeldJson(rows=held.rows, expired=held.expired, until=rfc3339(held.until)),
        purposes=_purposes([one.event for one in kept]),
        not_kept=[NOT_KEPT, *_of_addresses(kept, complete)],
        says=(says if complete else SAYS_MORE) + _of_holds(held),
    )


def _of_holds(held: HeldRows | None) -> str:
    if held is None:
        return ""
    rows = "1 entry" if held.rows == 1 else f"{held.rows} entries"
    expired = "so far none" if not held.expired else f"so far {held.expired}"
    return SAYS_HELD.format(rows=rows, day=rfc3339(held.until)[:10], expired=expired)


def _of_addresses(kept: Sequence[KeptEvent], complete: bool) -> list[str]:
    """What of an address is not kept, in words that are true of what is listed."""
    networks = [one.event.network for one in kept if isinstance(one.event, ParticipantAddress)]
    if not networks:
        return [NO_ADDRESS if complete else NO_WHOLE_ADDRESS]
    forms = {FIRST_PART if "/" in network else PSEUDONYM for network in networks}
    return sorted(forms) if complete else [NO_WHOLE_ADDRESS]


def _entry(kept: KeptEvent) -> EntryJson:
    fields: dict[str, Any] = msgspec.to_builtins(kept.event)
    tag = fields.pop("event")
    return EntryJson(
        event=tag,
        at=rfc3339(kept.at),
        deleted_at=rfc3339(kept.gone_at),
        fields={name: value for name, value in fields.items() if name not in _FACTS},
    )


def _purposes(events: Sequence[Event]) -> dict[str, str]:
    found: dict[str, str] = {}
    for event_type in {name_of(event): type(event) for event in events}.values():
        for name, declared in declarations(event_type).items():
            found[name] = declared.purpose.value
    return found


def rfc3339(seconds: float) -> str:
    """A moment, given in seconds since the epoch, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
