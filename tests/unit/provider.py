"""OpenID providers on loopback: a real one, in a process of its own, and one that lies as a test wants."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import aiohttp
import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.e2e.serving import free_tcp_port

CLIENT = "offrecord"
START_SECONDS = 30.0


@contextmanager
def real_provider() -> Iterator[str]:
    """Its issuer."""
    port = free_tcp_port()
    words = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    issuer = f"http://127.0.0.1:{port}"
    try:
        _until_ready(process, f"{issuer}/.well-known/openid-configuration")
        yield issuer
    finally:
        process.terminate()
        process.wait()


def _until_ready(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "the provider left"
        try:
            with urllib.request.urlopen(url):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    raise AssertionError("the provider does not answer")


async def knows(issuer: str, subject: str, **claims: object) -> None:
    """Somebody with these claims."""
    async with (
        aiohttp.ClientSession() as http,
        http.put(f"{issuer}/users/{quote(subject, safe='')}", json=claims) as answer,
    ):
        assert answer.status == 204


async def agree(address: str, subject: str) -> str:
    """Somebody signs in at the provider: where it sends the browser back."""
    async with (
        aiohttp.ClientSession() as http,
        http.post(address, data={"sub": subject}, allow_redirects=False) as answer,
    ):
        assert answer.status == 302, await answer.text()
        return answer.headers["Location"]


@dataclass
class LyingProvider:
    """Signs whatever a test puts into `claims`, over what an honest one would say; notes what it was asked.

    `signed` makes the token of the claims; `told` changes what it says of itself.
    """

    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    claims: dict[str, Any] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)
    authorization: str = ""
    nonce: str = ""
    status: int = 200
    issuer: str = ""

    def signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self.key, "RS256", headers={"kid": "one"})

    def application(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.get("/.well-known/openid-configuration", self._describe),
                web.get("/jwks", self._keys),
                web.post("/token", self._token),
            ]
        )
        return app

    async def _describe(self, request: web.Request) -> web.Response:
        said = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        }
        return web.json_response({**said, **self.told})

    async def _keys(self, request: web.Request) -> web.Response:
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return web.json_response({"keys": [{**public, "kid": "one", "use": "sig", "alg": "RS256"}]})

    async def _token(self, request: web.Request) -> web.Response:
        self.asked = {name: str(value) for name, value in (await request.post()).items()}
        self.authorization = request.headers.get("Authorization", "")
        now = int(time.time())
        honest = {
            "iss": self.issuer,
            "sub": "1",
            "aud": CLIENT,
            "iat": now,
            "exp": now + 60,
            "nonce": self.nonce,
        }
        claims = {**honest, "email": "grace", "email_verified": True, **self.claims}
        token = self.signed({name: value for name, value in claims.items() if value is not None})
        return web.json_response({"id_token": token, "token_type": "Bearer"}, status=self.status)
