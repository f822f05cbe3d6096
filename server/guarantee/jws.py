"""Signed content in the compact form: JWS with Ed25519 and no other algorithm (RFC 7515, RFC 8037). PURE.

One algorithm, fixed here and not taken from the message: a header that says `none`, or anything else, is
refused before a key is looked at (RFC 8725 section 3.1).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ALGORITHM = "EdDSA"
LARGEST = 1024 * 1024
"""Characters of a compact JWS that is read at all."""
MOST_KEYS = 64


class Fault(StrEnum):
    """Why a JWS is not believed, in the words that test vectors use."""

    MALFORMED = "malformed"
    WRONG_ALGORITHM = "wrong_algorithm"
    WRONG_TYPE = "wrong_type"
    UNKNOWN_KEY = "unknown_key"
    BAD_SIGNATURE = "bad_signature"


class SignatureError(ValueError):
    """The JWS is not to be believed."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class _Header(msgspec.Struct, frozen=True):
    """Unknown members mean nothing here; `crit` would demand that they do (RFC 7515 section 4.1.11)."""

    alg: str
    kid: str
    typ: str
    crit: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_HEADER = msgspec.json.Decoder(_Header)


def encode(key: Ed25519PrivateKey, kid: str, claims: Mapping[str, object], typ: str) -> str:
    """`claims` as JSON, signed."""
    header = msgspec.json.encode({"alg": ALGORITHM, "kid": kid, "typ": typ})
    signed = f"{_to_text(header)}.{_to_text(msgspec.json.encode(claims))}"
    return f"{signed}.{_to_text(key.sign(signed.encode()))}"


def decode(compact: str, jwks: object, *, typ: str) -> dict[str, Any]:
    """The claims, once signed by a key of `jwks` (parsed JSON, RFC 7517). Raises SignatureError."""
    parts = compact.split(".") if len(compact) <= LARGEST else []
    if len(parts) != 3:
        raise SignatureError(Fault.MALFORMED)
    header = _header(parts[0])
    payload, signature = _to_bytes(parts[1]), _to_bytes(parts[2])
    if header.alg != ALGORITHM:
        raise SignatureError(Fault.WRONG_ALGORITHM)
    if header.typ != typ:
        raise SignatureError(Fault.WRONG_TYPE)
    key = public_keys(jwks).get(header.kid)
    if key is None:
        raise SignatureError(Fault.UNKNOWN_KEY)
    try:
        key.verify(signature, f"{parts[0]}.{parts[1]}".encode())
    except InvalidSignature:
        raise SignatureError(Fault.BAD_SIGNATURE) from None
    try:
        claims = msgspec.json.decode(payload)
    except (msgspec.DecodeError, RecursionError, ValueError):
        raise SignatureError(Fault.MALFORMED) from None
    if not isinstance(claims, dict):
        raise SignatureError(Fault.MALFORMED)
    return claims


def public_jwk(key: Ed25519PublicKey) -> dict[str, str]:
    """RFC 8037 section 2, with the thumbprint as its name."""
    x = _to_text(key.public_bytes_raw())
    return {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": _thumbprint(x), "alg": ALGORITHM, "use": "sig"}


def public_keys(jwks: object) -> dict[str, Ed25519PublicKey]:
    """The Ed25519 keys of a set, by `kid`. Keys of other kinds, and those not named by their own thumbprint,
    are left out: a name that anybody could give to another key would be no name. Never raises."""
    found: dict[str, Ed25519PublicKey] = {}
    entries = jwks.get("keys") if isinstance(jwks, dict) else None
    for entry in entries[:MOST_KEYS] if isinstance(entries, list) else ():
        if not isinstance(entry, dict) or (entry.get("kty"), entry.get("crv")) != ("OKP", "Ed25519"):
            continue
        x, kid = entry.get("x"), entry.get("kid")
        if not isinstance(x, str) or not isinstance(kid, str) or kid != _thumbprint(x):
            continue
        try:
            found[kid] = Ed25519PublicKey.from_public_bytes(_to_bytes(x))
        except ValueError:
            continue
    return found


def _thumbprint(x: str) -> str:
    """RFC 7638 section 3, RFC 8037 appendix A.3."""
    canonical = f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'
    return _to_text(hashlib.sha256(canonical.encode()).digest())


def _header(part: str) -> _Header:
    try:
        header = _HEADER.decode(_to_bytes(part))
    except (msgspec.MsgspecError, RecursionError):
        raise SignatureError(Fault.MALFORMED) from None
    if header.crit is not msgspec.UNSET:
        raise SignatureError(Fault.MALFORMED)
    return header


def _to_text(value: bytes) -> str:
    """base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _to_bytes(text: str) -> bytes:
    """Only the one spelling that `_to_text` gives is read. Raises SignatureError."""
    try:
        value = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise SignatureError(Fault.MALFORMED) from None
    if _to_text(value) != text:
        raise SignatureError(Fault.MALFORMED)
    return value
