"""An OpenID provider, asked who somebody is: authorization code flow with PKCE, state and nonce.

OpenID Connect Core 1.0 (3.1), Discovery 1.0, RFC 7636 (PKCE), RFC 9207 (issuer in the answer). What the
provider says is believed only if it is signed (PyJWT) for us, for this sign-in, and now.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from typing import Annotated, Any, Final
from urllib.parse import quote_plus, urlencode, urlsplit

import aiohttp
import jwt
import msgspec
from msgspec import Meta

from server import secret_file
from server.api.body import BodyTooLongError, read_body
from server.config import Console
from server.console.place import is_this_machine
from server.errors import OperatorError

ANSWER_SECONDS: Final = 10.0
MOST_BYTES: Final = 256 * 1024
KNOWN_SECONDS: Final = 3600.0
"""So long are the provider's addresses believed; its keys are asked for again when an unknown one signs."""
KEYS_SECONDS: Final = 60.0
LEEWAY_SECONDS: Final = 60.0
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures with public keys only."""

_Address = Annotated[str, Meta(max_length=2048)]


class ProviderError(OperatorError):
    """The provider did not answer, or not as one must. The message names no one."""


class _Metadata(msgspec.Struct, frozen=True):
    issuer: _Address
    authorization_endpoint: _Address
    token_endpoint: _Address
    jwks_uri: _Address
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    id_token_signing_alg_values_supported: tuple[str, ...] = ("RS256",)


class _Tokens(msgspec.Struct, frozen=True):
    id_token: Annotated[str, Meta(max_length=64 * 1024)]


@dataclass(frozen=True, slots=True)
class Flow:
    """One sign-in on its way. Prints as nothing: it holds secrets of it."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def begin(cls) -> Flow:
        return cls(*(secrets.token_urlsafe(32) for _ in range(3)))

    def __repr__(self) -> str:
        return "<Flow>"


class Provider:
    """The one that is configured."""

    def __init__(self, console: Console) -> None:
        """Raises OperatorError for a secret that cannot be read, or that others can."""
        self._issuer = console.oidc_issuer
        self._client = console.oidc_client_id
        self._secret = (
            secret_file.read(console.oidc_client_secret, "console.oidc_client_secret")
            if console.oidc_client_secret
            else ""
        )
        self._claim = console.oidc_claim
        self._metadata: tuple[float, _Metadata] | None = None
        self._keys: tuple[float, dict[str | None, jwt.PyJWK]] = (-KEYS_SECONDS, {})
        self._asking = asyncio.Lock()

    @property
    def name(self) -> str:
        """What people are shown: its host."""
        return urlsplit(self._issuer).hostname or ""

    async def address(self, flow: Flow, redirect: str) -> str:
        """Where to send the browser. Raises ProviderError."""
        metadata = await self._known()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(flow.verifier.encode()).digest())
        query = urlencode(
            {
                "response_type": "code",
                "client_id": self._client,
                "redirect_uri": redirect,
                "scope": "openid profile email",
                "state": flow.state,
                "nonce": flow.nonce,
                "code_challenge": challenge.rstrip(b"=").decode(),
                "code_challenge_method": "S256",
            }
        )
        separator = "&" if urlsplit(metadata.authorization_endpoint).query else "?"
        return f"{metadata.authorization_endpoint}{separator}{query}"

    async def who(self, flow: Flow, code: str, issuer: str | None, redirect: str) -> str | None:
        """The operator's name that the provider vouches for; None where its claim is none.

        `issuer` is the answer's own, if it told one. Raises ProviderError for whatever cannot be believed.
        """
        if issuer is not None and issuer != self._issuer:
            raise ProviderError("the answer came from another OpenID provider")
        claims = await self._claims(await self._token(flow, code, redirect))
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), flow.nonce.encode()):
            raise ProviderError("the OpenID provider answered another sign-in")
        audience = claims["aud"]
        if isinstance(audience, list) and len(audience) > 1 and claims.get("azp") != self._client:
            raise ProviderError("the OpenID provider answered for another client")
        name = claims.get(self._claim)
        if self._claim == "email" and claims.get("email_verified") is not True:
            return None
        return name if isinstance(name, str) else None

    async def _token(self, flow: Flow, code: str, redirect: str) -> str:
        metadata = await self._known()
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect,
            "code_verifier": flow.verifier,
            "client_id": self._client,
        }
        headers = {}
        if self._secret and "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            # Each is encoded as in a form before (RFC 6749, 2.3.1).
            pair = f"{quote_plus(self._client)}:{quote_plus(self._secret)}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        elif self._secret:
            fields["client_secret"] = self._secret
        content = await self._ask(metadata.token_endpoint, fields, headers)
        try:
            return msgspec.json.decode(content, type=_Tokens).id_token
        except msgspec.MsgspecError:
            raise ProviderError("the OpenID provider gave no ID token") from None

    async def _claims(self, token: str) -> dict[str, Any]:
        metadata = await self._known()
        allowed = [one for one in ALGORITHMS if one in metadata.id_token_signing_alg_values_supported]
        try:
            key = await self._key(jwt.get_unverified_header(token).get("kid"))
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=allowed,
                audience=self._client,
                issuer=self._issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["iss", "sub", "aud", "exp", "iat", "nonce"]},
            )
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise ProviderError(f"the ID token does not hold ({type(error).__name__})") from None
        return claims

    async def _key(self, identifier: str | None) -> jwt.PyJWK:
        """The key of that name; the only one there is where a token names none (Core 1.0, section 10.1)."""
        read_at, keys = self._keys
        known = identifier in keys or (identifier is None and len(keys) == 1)
        if not known and time.monotonic() - read_at >= KEYS_SECONDS:
            content = await self._ask((await self._known()).jwks_uri)
            try:
                found = jwt.PyJWKSet.from_json(content.decode())
            except (jwt.PyJWTError, ValueError, TypeError, AttributeError):
                raise ProviderError("the OpenID provider's keys cannot be read") from None
            keys = {one.key_id: one for one in found.keys if one.public_key_use in {None, "sig"}}
            self._keys = (time.monotonic(), keys)
        if identifier is None and len(keys) == 1:
            return next(iter(keys.values()))
        if identifier is None or identifier not in keys:
            raise ProviderError("the ID token is signed with a key that the OpenID provider does not have")
        return keys[identifier]

    async def _known(self) -> _Metadata:
        """What the provider says of itself (Discovery 1.0, section 4)."""
        async with self._asking:
            if self._metadata is not None and time.monotonic() - self._metadata[0] < KNOWN_SECONDS:
                return self._metadata[1]
            content = await self._ask(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
            try:
                found = msgspec.json.decode(content, type=_Metadata)
            except msgspec.MsgspecError:
                raise ProviderError("the OpenID provider does not describe itself") from None
            if found.issuer != self._issuer:
                raise ProviderError("the OpenID provider calls itself otherwise than console.oidc_issuer")
            for address in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri):
                _check(address)
            self._metadata = (time.monotonic(), found)
            return found

    async def _ask(
        self, url: str, fields: dict[str, str] | None = None, headers: dict[str, str] | None = None
    ) -> bytes:
        _check(url)
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        method = "GET" if fields is None else "POST"
        try:
            async with (
                aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), timeout=timeout) as http,
                http.request(
                    method,
                    url,
                    data=fields,
                    allow_redirects=False,
                    headers={"Accept": "application/json", **(headers or {})},
                ) as answer,
            ):
                content = await read_body(answer.content, MOST_BYTES)
        except (aiohttp.ClientError, BodyTooLongError, TimeoutError, ValueError) as error:
            raise ProviderError(f"the OpenID provider does not answer ({type(error).__name__})") from None
        if answer.status != 200:
            raise ProviderError(f"the OpenID provider answered {answer.status}")
        return content


def _check(url: str) -> None:
    """Raises ProviderError for an address at which a secret could be read on the way."""
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and is_this_machine(parts.hostname or "")):
        return
    raise ProviderError("the OpenID provider has an address that is not HTTPS")
