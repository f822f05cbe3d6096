"""A privacy policy as a file: who answers for it, since when, and its clauses. PURE.

    controller = "Example Ltd, 1 Main Street, Example Town"
    contact = "privacy@example.org"
    revised = 2026-11-22

    [[changes]]
    revised = 2026-11-22
    what = "Guests are asked for their age."

    [[changes]]
    revised = 2026-01-01
    what = "First version."

    [[clause]]
    id = "media-not-stored"
    type = "promise"
    text = "We do not store or record video or audio communications."
    check = "media_not_stored"

Of a first version `changes = "First version."` is enough. `{controller}`, `{contact}`, `{revised}`,
`{session_days}`, `{detail_days}`, `{operation_days}` and `{address_key_hours}` in a text are filled in.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from importlib import resources
from itertools import pairwise
from typing import Annotated

import msgspec
from msgspec import Meta

from server.errors import OperatorError

MAX_BYTES = 256 * 1024
MAX_CLAUSES = 200
MAX_CHANGES = 200
_CLAUSE = "[[clause]]\n"
_OF_ADDRESSES = {
    "drop": "no-addresses",
    "pseudonym": "pseudonyms-of-addresses",
    "truncate": "first-parts-of-addresses",
}
_OF_DETAILS = {True: "details", False: "no-details"}
_OF_TURN = {True: "turn-servers", False: "no-beacons"}
_OF_WEBHOOKS = {True: "webhooks", False: "no-webhooks"}
"""Clauses of the template of which one is true, by `metadata.addresses`, `metadata.details`, and whether
there are `turn.urls` and `webhooks.urls`."""


class PolicyError(OperatorError):
    """The policy cannot be used; the message names the key and what it accepts."""


class ClauseType(StrEnum):
    """What a clause does, which decides how it is checked."""

    PROMISE = "promise"  # what we do or do not do: has a check, or fails
    PERMISSION = "permission"  # what we may do, within what the promises leave
    DISCLAIMER = "disclaimer"  # what we do not answer for


class Clause(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One paragraph. `check` names one of `checks.CHECKS`; only promises have one."""

    id: Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9-]{1,48}\Z")]
    type: ClauseType
    text: Annotated[str, Meta(min_length=10, max_length=4000)]
    check: str = ""


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a version changed, told to people in a sentence or two."""

    revised: date
    what: Annotated[str, Meta(min_length=3, max_length=2000)]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    controller: Annotated[str, Meta(max_length=300)]
    contact: Annotated[str, Meta(max_length=200)]
    revised: date
    changes: (
        Annotated[str, Meta(min_length=3, max_length=2000)]
        | Annotated[list[Change], Meta(min_length=1, max_length=MAX_CHANGES)]
    )
    clause: Annotated[list[Clause], Meta(min_length=1, max_length=MAX_CLAUSES)]


@dataclass(frozen=True, slots=True)
class Policy:
    """`version` changes with every change of who answers, and of what is promised: the date, and a digest of
    the rest. `changes` is its history, the newest first; that one is of `revised`."""

    controller: str
    contact: str
    revised: date
    changes: tuple[Change, ...]
    clauses: tuple[Clause, ...]
    version: str


def parse(text: str, numbers: Mapping[str, int]) -> Policy:
    """Reads a policy. `numbers` of the configuration are filled in, by name. Raises PolicyError."""
    if len(text.encode()) > MAX_BYTES:
        raise PolicyError(f"the policy is longer than {MAX_BYTES} bytes")
    try:
        file = msgspec.convert(tomllib.loads(text), _File)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"the policy is not TOML: {error}") from None
    except msgspec.ValidationError as error:
        raise PolicyError(f"the policy is wrong: {error}") from None
    for name, value in (("controller", file.controller), ("contact", file.contact)):
        if not value.strip():
            raise PolicyError(f"the policy has no {name}: say who answers for it, and where to write to")
    twice = [one for one, count in Counter(clause.id for clause in file.clause).items() if count > 1]
    if twice:
        raise PolicyError(f"the policy has two clauses with the id {twice[0]!r}")
    filled = {
        "controller": file.controller,
        "contact": file.contact,
        "revised": file.revised.isoformat(),
        **{name: str(number) for name, number in numbers.items()},
    }
    clauses = tuple(
        msgspec.structs.replace(clause, text=_fill(clause.text, filled)) for clause in file.clause
    )
    content = msgspec.json.encode((file.controller, file.contact, clauses))
    version = f"{file.revised.isoformat()}-{hashlib.sha256(content).hexdigest()[:8]}"
    return Policy(file.controller, file.contact, file.revised, _history(file), clauses, version)


def template(
    addresses: str = "drop", *, details: bool = True, turn: bool = False, webhooks: bool = False
) -> str:
    """The policy that fits a server with these settings of `[metadata]`, with TURN servers or none, webhooks
    or none, without the names that only its operator knows. The clauses for other servers are there as
    comments."""
    others = {name for setting, name in _OF_ADDRESSES.items() if setting != addresses} | {
        _OF_DETAILS[not details],
        _OF_TURN[not turn],
        _OF_WEBHOOKS[not webhooks],
    }
    text = resources.files("server.policy").joinpath("template.toml").read_text("utf-8")
    head, *clauses = text.split(_CLAUSE)
    return head + "".join(
        _commented(_CLAUSE + one) if any(f'id = "{name}"' in one for name in others) else _CLAUSE + one
        for one in clauses
    )


def _commented(clause: str) -> str:
    return "".join(
        f"# {line}" if line.strip() and not line.startswith("#") else line for line in clause.splitlines(True)
    )


def _history(file: _File) -> tuple[Change, ...]:
    """Raises PolicyError where it does not lead up to this version."""
    if isinstance(file.changes, str):
        return (Change(file.revised, file.changes),)
    for newer, older in pairwise(file.changes):
        if newer.revised <= older.revised:
            raise PolicyError(
                f"the changes of the policy are told from the newest to the oldest, a date each: "
                f"{older.revised} stands after {newer.revised}"
            )
    if file.changes[0].revised != file.revised:
        raise PolicyError(
            f"the policy was revised on {file.revised}, and the newest of its changes is of "
            f"{file.changes[0].revised}: say under [[changes]] what this version changed"
        )
    return tuple(file.changes)


def _fill(text: str, values: dict[str, str]) -> str:
    """Only the known names: a brace in a text is a brace."""
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text
