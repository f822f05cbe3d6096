"""The privacy receipt after a call (`GET /api/receipt`): what the server's ledger holds about this person."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Any

import aiohttp
import msgspec
from msgspec import Meta

from client_demo.desktop.durations import counted
from client_demo.desktop.fetching import UnreachableError, fetch
from client_demo.desktop.server_address import ServerAddress

SECONDS = 10.0
ATTEMPTS = 5
PAUSE_SECONDS = 0.4

Sentence = Annotated[str, Meta(max_length=2_000)]


class Entry(msgspec.Struct, frozen=True):
    """A row of the ledger."""

    event: Sentence
    at: datetime
    deleted_at: datetime
    fields: dict[str, Any]


class Receipt(msgspec.Struct, frozen=True):
    """Read strictly: a receipt that leaves something out is none."""

    room: Sentence
    identity: Sentence
    kept: Annotated[list[Entry], Meta(max_length=2_000)]
    not_kept: Annotated[list[Sentence], Meta(max_length=100)]
    valid_until: datetime | None
    says: Sentence


class _Answer(msgspec.Struct, frozen=True):
    receipt: Receipt
    jws: str
    token: str


async def ask_for_receipt(
    session: aiohttp.ClientSession, server: ServerAddress, token: str, participant: str
) -> Receipt | None:
    """The receipt once it tells of the end of `participant`'s connection (a sid), or as it is after two
    seconds; None if there is none to be had. Never raises."""
    latest: Receipt | None = None
    for attempt in range(ATTEMPTS):
        if attempt > 0:
            await asyncio.sleep(PAUSE_SECONDS)
        try:
            answer = await fetch(session, "GET", server / "api/receipt", seconds=SECONDS, token=token)
            latest = msgspec.convert(answer.body, _Answer).receipt
        except (UnreachableError, msgspec.ValidationError):
            continue
        if any(
            one.event == "participant_left" and one.fields.get("participant") == participant
            for one in latest.kept
        ):
            break
    return latest


def title_of(receipt: Receipt) -> str:
    """How much there is, and how long."""
    if not receipt.kept or receipt.valid_until is None:
        return "Nothing is kept about you in this room"
    entries = counted(len(receipt.kept), "entry", "entries")
    return f"Kept about you in this room: {entries}, until {_day(receipt.valid_until)}"


def lines_of(receipt: Receipt) -> list[str]:
    """Each entry as it is kept, never less."""
    return [
        receipt.says,
        f"It is kept under the name “{receipt.identity}”.",
        *(_entry(one) for one in receipt.kept),
        *(f"Not kept: {sentence}" for sentence in receipt.not_kept),
    ]


def _entry(entry: Entry) -> str:
    fields = ", ".join(f"{_plain(name)} {value}" for name, value in entry.fields.items())
    moment = f"{entry.at.astimezone():%H:%M:%S}"
    return f"{moment} {_plain(entry.event)}: {fields or 'no more'}; deleted {_day(entry.deleted_at)}"


def _plain(word: str) -> str:
    return word.replace("_", " ")


def _day(moment: datetime) -> str:
    return f"{moment.astimezone():%d %B %Y}".lstrip("0")
