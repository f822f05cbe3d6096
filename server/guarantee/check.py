"""Checks a signed statement as anybody can who has it, the keys, and the nonce that was asked with. PURE.

docs/statement.md says the same in words, docs/statement/vectors has cases for other implementations.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypedDict

import msgspec

from server.control.messages import Level
from server.guarantee import jws
from server.guarantee.judge import (
    INSPECTED_CHECKS,
    KERNEL_CHECKS,
    LANDLOCK_CHECKS,
    REPORTED_CHECKS,
    STATUS_SECONDS,
    Source,
)
from server.guarantee.statement import (
    LEVEL_NAMES,
    LIFETIME_SECONDS,
    TYPE,
    VERSION,
    CheckJson,
    LevelName,
    ServerJson,
    SoftwareJson,
)

LEEWAY_SECONDS = 60.0
"""Clocks may differ by so much. A fresh nonce proves more than a clock: what answers it is no older."""

LEVELS = {name: level for level, name in LEVEL_NAMES.items()}
_EXPECTED = {
    **dict.fromkeys(KERNEL_CHECKS, Source.KERNEL),
    **dict.fromkeys(INSPECTED_CHECKS, Source.INSPECTED),
    **dict.fromkeys(REPORTED_CHECKS, Source.SELF_REPORTED),
}


class ToldRelay(TypedDict):
    """What a check needs of a relay."""

    relay: int
    level: LevelName
    filters: str | None
    checks: list[CheckJson]


class Told(TypedDict):
    """What a check needs of a statement: a later one may tell more, and an earlier one less of the rest."""

    nonce: str | None
    iat: int
    exp: int
    level: LevelName
    relays: list[ToldRelay]
    server: ServerJson
    software: SoftwareJson
    does_not_prove: list[str]


class Verdict(StrEnum):
    """The first rule that a statement breaks, in the order in which they are checked."""

    MALFORMED = jws.Fault.MALFORMED
    WRONG_ALGORITHM = jws.Fault.WRONG_ALGORITHM
    WRONG_TYPE = jws.Fault.WRONG_TYPE
    UNKNOWN_KEY = jws.Fault.UNKNOWN_KEY
    BAD_SIGNATURE = jws.Fault.BAD_SIGNATURE
    WRONG_VERSION = "wrong_version"
    WRONG_NONCE = "wrong_nonce"
    TOO_LONG = "too_long"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    VALID = "valid"


@dataclass(frozen=True, slots=True)
class Checked:
    """`told` is there where the signature is good and the content is that of a statement, `claims` is then
    all that was signed."""

    verdict: Verdict
    told: Told | None
    claims: dict[str, Any]


def check(compact: str, jwks: object, nonce: str, now: float, leeway: float = LEEWAY_SECONDS) -> Checked:
    """`jwks` is parsed JSON, `nonce` what was asked with, `now` seconds since the epoch. Never raises."""
    try:
        claims = jws.decode(compact, jwks, typ=TYPE)
    except jws.SignatureError as error:
        return Checked(Verdict(error.fault.value), None, {})
    version = claims.get("statement")
    if isinstance(version, int) and version != VERSION:
        return Checked(Verdict.WRONG_VERSION, None, {})
    try:
        told = msgspec.convert(claims, Told)
    except msgspec.ValidationError:
        return Checked(Verdict.MALFORMED, None, {})
    return Checked(_verdict(told, nonce, now, leeway), told, claims)


def _verdict(told: Told, nonce: str, now: float, leeway: float) -> Verdict:
    if told["nonce"] != nonce:
        return Verdict.WRONG_NONCE
    if not 0 < told["exp"] - told["iat"] <= LIFETIME_SECONDS:
        return Verdict.TOO_LONG
    if now >= told["exp"] + leeway:
        return Verdict.EXPIRED
    if now < told["iat"] - leeway:
        return Verdict.NOT_YET_VALID
    return Verdict.VALID


def shown_level(told: Told) -> Level:
    """The level that the checks told of allow, never above what is stated: a check that is missing, that
    another source vouches for, or that the kernel was asked for too long ago, is not held."""
    relays = told["relays"]
    shown = (min(LEVELS[relay["level"]], _level(missing(relay, told["iat"]))) for relay in relays)
    return min(LEVELS[told["level"]], min(shown, default=Level.NONE))


def missing(relay: ToldRelay, iat: int) -> set[str]:
    """Names of the checks that are not shown to hold."""
    shown = {check["name"] for check in relay["checks"] if check["held"]}
    for check in relay["checks"]:
        expected = _EXPECTED.get(check["name"])
        old = expected is Source.KERNEL and not _is_recent(check["observed_at"], iat)
        if not check["held"] or old or (expected is not None and check["source"] != expected):
            shown.discard(check["name"])
    return ({*_EXPECTED} | {check["name"] for check in relay["checks"]}) - shown


def _level(lacking: Iterable[str]) -> Level:
    lacking = set(lacking)
    if not lacking:
        return Level.FULL
    return Level.REDUCED if lacking <= LANDLOCK_CHECKS else Level.NONE


def _is_recent(observed_at: str | None, iat: int) -> bool:
    """`iat` is cut to whole seconds."""
    try:
        seconds = datetime.fromisoformat(observed_at or "").timestamp()
    except (ValueError, OverflowError):
        return False
    return -2.0 <= iat - seconds <= STATUS_SECONDS
