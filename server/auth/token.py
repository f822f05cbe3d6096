"""Access tokens as LiveKit's SDKs make them: JWT, HS256, the API key in `iss` (RFC 7519, RFC 7515).

`now` is an argument: nothing here reads a clock. No error tells more than which rule a token broke.
"""

from __future__ import annotations

from collections.abc import Mapping

import jwt
import msgspec
from google.protobuf import json_format
from jwt.algorithms import HMACAlgorithm
from livekit.protocol.room import RoomConfiguration

from server.auth.grants import Claims, Kind, VideoClaim, VideoGrants
from server.errors import ClientError, Refusal
from server.ids import SELF_CHOSEN

__all__ = ["LEEWAY_SECONDS", "MAX_TOKEN_BYTES", "Claims", "TokenError", "sign", "verify"]

ALGORITHM = "HS256"
LEEWAY_SECONDS = 60  # clocks of the issuer and of this server may differ by so much
MAX_TOKEN_BYTES = 16 * 1024
MAX_NAME_CHARACTERS = 256  # identity, display name and room name
MAX_ATTRIBUTES = 256


class TokenError(ClientError):
    """The token does not admit anybody. `status` is the HTTP status: 401, or 400 for an unusable name."""

    def __init__(self, message: str, status: int = 401, refusal: Refusal = Refusal.MALFORMED) -> None:
        super().__init__(message)
        self.status = status
        self.refusal = refusal


class _ConfiguredKeyHmac(HMACAlgorithm):
    """HMAC that leaves the length of a secret to the configuration, which has refused short ones already.

    The development secret is short and public by design; without this PyJWT warns at every token.
    """

    def check_key_length(self, key: bytes) -> str | None:
        return None


def _hs256_only() -> jwt.PyJWS:
    jws = jwt.PyJWS(algorithms=[])
    jws.register_algorithm(ALGORITHM, _ConfiguredKeyHmac(HMACAlgorithm.SHA256))
    return jws


_JWS = _hs256_only()


class _Payload(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The claims that mean something here; unknown ones are skipped."""

    iss: str | None = None
    sub: str | None = None
    jti: str | None = None
    exp: float | None = None
    nbf: float | None = None
    name: str | None = None
    metadata: str | None = None
    attributes: dict[str, str] | None = None
    kind: str | None = None
    video: VideoClaim | None = None
    room_config: dict[str, object] | None = None


_DECODER = msgspec.json.Decoder(_Payload)


def verify(token: str, keys: Mapping[str, str], now: float) -> Claims:
    """Checks signature and validity, and returns the claims.

    `keys` is secrets by API key, `now` seconds since the epoch. The identity is `sub`, else `jti`, and may
    be empty for tokens of the server API. Raises TokenError; the message never holds a part of the token.
    """
    if len(token) > MAX_TOKEN_BYTES:
        raise TokenError("the access token is too long")
    try:
        unverified = _JWS.decode_complete(token, options={"verify_signature": False})
        secret = keys.get(_read(unverified["payload"]).iss or "")
        if secret is None:
            raise TokenError("the access token names an unknown API key", refusal=Refusal.UNKNOWN_KEY)
        payload = _read(_JWS.decode_complete(token, secret, [ALGORITHM])["payload"])
    except (jwt.PyJWTError, ValueError, RecursionError):  # msgspec.DecodeError is a ValueError
        raise TokenError("the access token is malformed or not signed with the right secret") from None
    expires_at = _valid_until(payload, now)
    return _claims(payload, expires_at)


def sign(claims: Claims, key: str, secret: str, now: float) -> str:
    """A token valid from `now` until `claims.expires_at`, readable by any LiveKit server or SDK."""
    room_config = claims.room_config and json_format.MessageToDict(claims.room_config)
    payload = _Payload(
        iss=key,
        sub=claims.identity,
        exp=int(claims.expires_at),
        nbf=int(now),
        name=claims.name or None,
        metadata=claims.metadata or None,
        attributes=claims.attributes or None,
        kind=None if claims.kind is Kind.STANDARD else claims.kind.value,
        video=claims.grants.to_claim(),
        room_config=room_config or None,
    )
    return _JWS.encode(msgspec.json.encode(payload), secret, ALGORITHM)


def sign_webhook(digest: str, key: str, secret: str, now: float, seconds: int) -> str:
    """What LiveKit's WebhookReceiver verifies, for so many seconds. It grants nothing.

    `digest` is the Base64 of the body's SHA-256.
    """
    claims = {"iss": key, "nbf": int(now), "exp": int(now) + seconds, "sha256": digest}
    return _JWS.encode(msgspec.json.encode(claims), secret, ALGORITHM)


def _read(payload: bytes) -> _Payload:
    """Decodes claims. Raises TokenError naming the claim of the wrong type (a path, never a value)."""
    try:
        return _DECODER.decode(payload)
    except msgspec.ValidationError as error:
        raise TokenError(f"the access token has a claim of the wrong type: {error}") from None


def _valid_until(payload: _Payload, now: float) -> float:
    """Applies `exp` (required, so that no token is valid for ever) and `nbf` (RFC 7519 section 4.1)."""
    if payload.exp is None:
        raise TokenError("the access token has no expiry")
    if now >= payload.exp + LEEWAY_SECONDS:
        raise TokenError("the access token has expired", refusal=Refusal.EXPIRED)
    if payload.nbf is not None and now < payload.nbf - LEEWAY_SECONDS:
        raise TokenError("the access token is not valid yet", refusal=Refusal.NOT_YET_VALID)
    return payload.exp


def _claims(payload: _Payload, expires_at: float) -> Claims:
    identity = payload.sub or payload.jti or ""
    name = payload.name or ""
    grants = VideoGrants.from_claim(payload.video or VideoClaim())
    for what, value in (("identity", identity), ("name", name), ("room name", grants.room)):
        if len(value) > MAX_NAME_CHARACTERS:
            raise TokenError(
                f"the {what} is longer than {MAX_NAME_CHARACTERS} characters", 400, Refusal.UNUSABLE
            )
    if identity.startswith(SELF_CHOSEN):
        raise TokenError(f"an identity does not begin with {SELF_CHOSEN}", 400, Refusal.UNUSABLE)
    attributes = payload.attributes or {}
    if len(attributes) > MAX_ATTRIBUTES:
        raise TokenError(f"more than {MAX_ATTRIBUTES} attributes", 400, Refusal.UNUSABLE)
    return Claims(
        identity=identity,
        name=name,
        metadata=payload.metadata or "",
        attributes=attributes,
        kind=_kind(payload.kind or ""),
        grants=grants,
        room_config=_room_config(payload.room_config),
        expires_at=expires_at,
    )


def _kind(word: str) -> Kind:
    try:
        return Kind(word.lower())
    except ValueError:
        return Kind.STANDARD


def _room_config(value: dict[str, object] | None) -> RoomConfiguration | None:
    """Proto-JSON to the message. Raises TokenError."""
    if value is None:
        return None
    try:
        return json_format.ParseDict(value, RoomConfiguration(), ignore_unknown_fields=True)
    except json_format.ParseError:
        raise TokenError("the claim roomConfig cannot be read") from None
