"""Checks a signed statement: JWS with Ed25519 and nothing else (RFC 7515, RFC 8037). The rules and their
order are those of docs/statement.md, and docs/statement/vectors holds this implementation to them."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from client_demo.desktop.guarantee.statement import Statement, read_statement

TYPE = "offrecord-statement+jwt"
VERSION = 1
LONGEST_LIFE_SECONDS = 60
MOST_KEYS = 64
MOST_CHARACTERS = 1_000_000

T = TypeVar("T")


class Verdict(StrEnum):
    """The first rule that a statement breaks, in the order in which they are checked."""

    MALFORMED = "malformed"
    WRONG_ALGORITHM = "wrong_algorithm"
    WRONG_TYPE = "wrong_type"
    UNKNOWN_KEY = "unknown_key"
    BAD_SIGNATURE = "bad_signature"
    WRONG_VERSION = "wrong_version"
    WRONG_NONCE = "wrong_nonce"
    TOO_LONG = "too_long"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    VALID = "valid"


@dataclass(frozen=True, slots=True)
class Question:
    """What the statement has to answer: `now` in seconds since the epoch, `leeway` in seconds."""

    nonce: str
    now: float
    leeway: float = 60.0


@dataclass(frozen=True, slots=True)
class Checked:
    """`statement` and `kid`, the thumbprint of the key that signed (RFC 7638), where the signature is good
    and the content is that of a statement."""

    verdict: Verdict
    statement: Statement | None = None
    kid: str = ""


class _Broken(ValueError):
    """A rule is broken."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.value)
        self.verdict = verdict


class _Header(msgspec.Struct, frozen=True):
    """`crit` would demand that extensions are understood (RFC 7515 section 4.1.11)."""

    alg: str
    kid: str
    typ: str
    crit: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


def check_signed(compact: object, jwks: object, question: Question) -> Checked:
    """`jwks` is parsed JSON (RFC 7517). Never raises."""
    try:
        claims, kid = _verified(compact, jwks)
        version = claims.get("statement")
        if isinstance(version, int) and version != VERSION:
            return Checked(Verdict.WRONG_VERSION)
        statement = read_statement(claims)
    except _Broken as broken:
        return Checked(broken.verdict)
    except msgspec.ValidationError:
        return Checked(Verdict.MALFORMED)
    return Checked(_dated(statement, question), statement, kid)


def _verified(compact: object, jwks: object) -> tuple[dict[str, Any], str]:
    """The claims and the name of the key that signed them. Raises _Broken."""
    parts = compact.split(".") if isinstance(compact, str) and len(compact) <= MOST_CHARACTERS else []
    if len(parts) != 3:
        raise _Broken(Verdict.MALFORMED)
    head, payload, signature = (_bytes_of(part) for part in parts)
    header = _parsed(head, _Header)
    if header.crit is not msgspec.UNSET:
        raise _Broken(Verdict.MALFORMED)
    # Fixed here, and never taken from the message (RFC 8725 section 3.1).
    if header.alg != "EdDSA":
        raise _Broken(Verdict.WRONG_ALGORITHM)
    if header.typ != TYPE:
        raise _Broken(Verdict.WRONG_TYPE)
    try:
        _key(jwks, header.kid).verify(signature, f"{parts[0]}.{parts[1]}".encode())
    except InvalidSignature:
        raise _Broken(Verdict.BAD_SIGNATURE) from None
    return _parsed(payload, dict[str, Any]), header.kid


def _key(jwks: object, kid: str) -> Ed25519PublicKey:
    """The key of that name, where the name is its thumbprint (RFC 7638): a name that anybody could give to
    another key would be no name. Raises _Broken."""
    listed = jwks.get("keys") if isinstance(jwks, dict) else None
    for entry in listed[:MOST_KEYS] if isinstance(listed, list) else ():
        if not isinstance(entry, dict) or (entry.get("kty"), entry.get("crv")) != ("OKP", "Ed25519"):
            continue
        x = entry.get("x")
        if not isinstance(x, str) or entry.get("kid") != kid or _thumbprint(x) != kid:
            continue
        try:
            return Ed25519PublicKey.from_public_bytes(_bytes_of(x))
        except ValueError:
            continue
    raise _Broken(Verdict.UNKNOWN_KEY)


def _thumbprint(x: str) -> str:
    canonical = f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'
    return _text_of(hashlib.sha256(canonical.encode()).digest())


def _dated(statement: Statement, question: Question) -> Verdict:
    if statement.nonce != question.nonce:
        return Verdict.WRONG_NONCE
    if not 0 < statement.exp - statement.iat <= LONGEST_LIFE_SECONDS:
        return Verdict.TOO_LONG
    if question.now >= statement.exp + question.leeway:
        return Verdict.EXPIRED
    if question.now < statement.iat - question.leeway:
        return Verdict.NOT_YET_VALID
    return Verdict.VALID


def _parsed(raw: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        raise _Broken(Verdict.MALFORMED) from None


def _text_of(raw: bytes) -> str:
    """base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes_of(text: str) -> bytes:
    """Only the one spelling that `_text_of` gives is read. Raises _Broken."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise _Broken(Verdict.MALFORMED) from None
    if _text_of(raw) != text:
        raise _Broken(Verdict.MALFORMED)
    return raw
