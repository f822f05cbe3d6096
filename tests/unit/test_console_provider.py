"""Signing in through an OpenID provider: who it vouches for and is named gets in, and nobody else."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pytest_aiohttp.plugin import AiohttpClient

from server.config import ConfigError, Console
from server.console import provided
from server.console.oidc import Provider
from server.console.place import PATH, Listener, Place
from server.errors import OperatorError
from server.options import _check_console
from tests.unit.desk import Client, desk_in, page, post
from tests.unit.provider import CLIENT, LyingProvider, agree, knows, real_provider

BACK = f"{PATH}/sign-in/provider/back"
Change = Callable[[LyingProvider], None]


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with real_provider() as started:
        yield started


async def _begin(client: Client, path: str = "sign-in/provider") -> tuple[str, dict[str, str]]:
    """The address at the provider, and what it is asked."""
    answer = await client.get(f"{PATH}/{path}", allow_redirects=False)
    assert answer.status == 303, await answer.text()
    address = answer.headers["Location"]
    return address, {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def _with_secret(directory: Path, issuer: str) -> dict[str, str]:
    """Settings of a client that has a secret: the real provider takes any, and none without."""
    secret = directory / "secret"
    secret.write_text("s3cret\n")
    secret.chmod(0o600)
    return {"oidc_issuer": issuer, "oidc_client_id": CLIENT, "oidc_client_secret": str(secret)}


def _here(address: str) -> str:
    """The path and query of an address of the console."""
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


async def test_an_operator_signs_in_at_a_real_provider(
    issuer: str, tmp_path: Path, aiohttp_client: AiohttpClient
) -> None:
    desk = desk_in(tmp_path, **_with_secret(tmp_path, issuer))
    client = await desk.serve(aiohttp_client)
    assert "Sign in with 127.0.0.1" in await page(client, "sign-in")
    await knows(issuer, "subject-of-priya", email="priya", email_verified=True)
    address, asked = await _begin(client, "sign-in/provider?next=guarantee&zone=Europe/Berlin")
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert "openid" in asked["scope"].split()
    back = await client.get(_here(await agree(address, "subject-of-priya")))
    html = await back.text()
    assert back.status == 200
    assert 'href="../../reason?next=guarantee"' in html
    assert (await post(client, "reason", reason="audit")).status == 303
    html = await page(client, "guarantee")
    assert "privacy officer" in html
    assert "Europe/Berlin" in html
    again = await client.get(back.url.path_qs)
    assert again.status == 400, "an answer is good once"


@pytest.mark.parametrize("claims", [{"email": "mallory", "email_verified": True}, {"email": "grace"}, {}])
async def test_who_is_not_named_or_not_verified_stays_out(
    issuer: str, tmp_path: Path, aiohttp_client: AiohttpClient, claims: dict[str, object]
) -> None:
    client = await desk_in(tmp_path, **_with_secret(tmp_path, issuer)).serve(aiohttp_client)
    await knows(issuer, "somebody", **claims)
    address, _ = await _begin(client)
    answer = await client.get(_here(await agree(address, "somebody")))
    assert answer.status == 403
    assert "does not vouch for an operator" in await answer.text()
    assert (await client.get(f"{PATH}/guarantee", allow_redirects=False)).status == 303


async def test_another_claim_can_be_the_name(
    issuer: str, tmp_path: Path, aiohttp_client: AiohttpClient
) -> None:
    desk = desk_in(tmp_path, **_with_secret(tmp_path, issuer), oidc_claim="sub", passwords=False)
    client = await desk.serve(aiohttp_client)
    html = await page(client, "sign-in")
    assert "Password" not in html
    assert (await client.post(f"{PATH}/sign-in")).status == 405
    await knows(issuer, "adam")
    address, _ = await _begin(client)
    assert (await client.get(_here(await agree(address, "adam")))).status == 200


@pytest.fixture
async def liar(aiohttp_server: Any) -> LyingProvider:
    provider = LyingProvider()
    server: TestServer = await aiohttp_server(provider.application())
    provider.issuer = str(server.make_url("/")).rstrip("/")
    return provider


async def _answered(
    client: Client, liar: LyingProvider, state: str | None = None, **query: str
) -> tuple[int, str]:
    _, asked = await _begin(client)
    liar.nonce = liar.nonce or asked["nonce"]
    answer = await client.get(
        BACK, params={"code": "abc", "state": asked["state"] if state is None else state, **query}
    )
    return answer.status, await answer.text()


async def test_the_provider_is_shown_the_secret_and_the_verifier(
    tmp_path: Path, aiohttp_client: AiohttpClient, liar: LyingProvider
) -> None:
    client = await desk_in(tmp_path, **_with_secret(tmp_path, liar.issuer)).serve(aiohttp_client)
    _, asked = await _begin(client)
    liar.nonce = asked["nonce"]
    assert (await client.get(BACK, params={"code": "abc", "state": asked["state"]})).status == 200
    digest = hashlib.sha256(liar.asked["code_verifier"].encode()).digest()
    assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == asked["code_challenge"]
    assert liar.authorization == "Basic " + base64.b64encode(f"{CLIENT}:s3cret".encode()).decode()
    assert liar.asked["redirect_uri"] == asked["redirect_uri"] == str(client.make_url(BACK))


def _unsigned(liar: LyingProvider) -> None:
    liar.signed = lambda claims: jwt.encode(claims, "", "none", headers={"kid": "one"})  # type: ignore[method-assign]


def _signed_with_the_public_key(liar: LyingProvider) -> None:
    """The old confusion: the key that everybody has, taken for a shared secret."""
    public = liar.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    liar.signed = lambda claims: jwt.encode(claims, public, "HS256", headers={"kid": "one"})  # type: ignore[method-assign]


def _signed_with_another_key(liar: LyingProvider) -> None:
    other = rsa.generate_private_key(65537, 2048)
    liar.signed = lambda claims: jwt.encode(claims, other, "RS256", headers={"kid": "one"})  # type: ignore[method-assign]


def _signed_with_an_unknown_key(liar: LyingProvider) -> None:
    liar.signed = lambda claims: jwt.encode(claims, liar.key, "RS256", headers={"kid": "two"})  # type: ignore[method-assign]


def _claiming(**claims: object) -> Change:
    return lambda liar: liar.claims.update(claims)


def _telling(**told: object) -> Change:
    return lambda liar: liar.told.update(told)


@pytest.mark.parametrize(
    "change",
    [
        _unsigned,
        _signed_with_the_public_key,
        _signed_with_another_key,
        _signed_with_an_unknown_key,
        _claiming(nonce="another"),
        _claiming(nonce=None),
        _claiming(aud="somebody-else"),
        _claiming(aud=[CLIENT, "somebody-else"]),
        _claiming(iss="https://evil.example"),
        _claiming(exp=int(time.time()) - 600),
        _claiming(iat=int(time.time()) + 6000),
        _claiming(exp=None),
    ],
)
async def test_what_is_not_signed_for_us_and_now_is_not_believed(
    tmp_path: Path, aiohttp_client: AiohttpClient, liar: LyingProvider, change: Change
) -> None:
    client = await desk_in(tmp_path, oidc_issuer=liar.issuer, oidc_client_id=CLIENT).serve(aiohttp_client)
    change(liar)
    status, html = await _answered(client, liar)
    assert status == 502
    assert "failed" in html
    assert (await client.get(f"{PATH}/guarantee", allow_redirects=False)).status == 303


@pytest.mark.parametrize(
    "told",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": 7},
    ],
)
async def test_a_provider_that_is_not_what_was_configured_is_not_asked(
    tmp_path: Path, aiohttp_client: AiohttpClient, liar: LyingProvider, told: dict[str, object]
) -> None:
    liar.told.update(told)
    client = await desk_in(tmp_path, oidc_issuer=liar.issuer, oidc_client_id=CLIENT).serve(aiohttp_client)
    answer = await client.get(f"{PATH}/sign-in/provider", allow_redirects=False)
    assert answer.status == 502
    assert liar.asked == {}


async def test_an_answer_that_was_not_asked_for_is_refused(
    tmp_path: Path, aiohttp_client: AiohttpClient, liar: LyingProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await desk_in(tmp_path, oidc_issuer=liar.issuer, oidc_client_id=CLIENT).serve(aiohttp_client)
    assert (await client.get(BACK, params={"code": "abc", "state": "x"})).status == 400
    assert (await _answered(client, liar, state="another"))[0] == 400
    assert (await _answered(client, liar, iss="https://evil.example"))[0] == 502
    assert liar.asked == {}, "no code was taken there"
    _, asked = await _begin(client)
    later = time.monotonic() + provided.FLOW_SECONDS + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert (await client.get(BACK, params={"code": "abc", "state": asked["state"]})).status == 400


@pytest.mark.parametrize("answer", [{"error": "access_denied"}, {"code": ""}])
async def test_a_refusal_of_the_provider_is_told(
    tmp_path: Path, aiohttp_client: AiohttpClient, liar: LyingProvider, answer: dict[str, str]
) -> None:
    client = await desk_in(tmp_path, oidc_issuer=liar.issuer, oidc_client_id=CLIENT).serve(aiohttp_client)
    _, asked = await _begin(client)
    response = await client.get(BACK, params={"state": asked["state"], **answer})
    assert response.status == 502
    assert "through the provider failed" in await response.text()


async def test_a_provider_that_is_away_is_told(tmp_path: Path, aiohttp_client: AiohttpClient) -> None:
    settings = {"oidc_issuer": "http://127.0.0.1:9", "oidc_client_id": CLIENT}
    client = await desk_in(tmp_path, **settings).serve(aiohttp_client)
    assert (await client.get(f"{PATH}/sign-in/provider", allow_redirects=False)).status == 502


async def test_the_way_there_is_bounded_and_its_cookie_comes_back_from_another_site(
    tmp_path: Path, aiohttp_client: AiohttpClient, liar: LyingProvider
) -> None:
    desk = desk_in(tmp_path, oidc_issuer=liar.issuer, oidc_client_id=CLIENT)
    client = await desk.serve(aiohttp_client, Place(Listener.MAIN, "https://ops.example/x"))
    answer = await client.get(f"{PATH}/sign-in/provider", allow_redirects=False)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-offrecord-console-provider=")
    assert {"Secure", "HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))
    asked = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert asked["redirect_uri"] == ["https://ops.example/x/console/sign-in/provider/back"]
    statuses = [
        (await client.get(f"{PATH}/sign-in/provider", allow_redirects=False)).status for _ in range(12)
    ]
    assert statuses[-1] == 429


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    secret.chmod(0o644)
    for path, says in ((secret, "chmod 600"), (tmp_path / "missing", "cannot be read")):
        with pytest.raises(OperatorError, match=says):
            Provider(
                Console(oidc_issuer="https://id.example", oidc_client_id=CLIENT, oidc_client_secret=str(path))
            )


@pytest.mark.parametrize(
    ("console", "key"),
    [
        (Console(oidc_issuer="https://id.example"), "oidc_client_id"),
        (Console(oidc_client_id=CLIENT), "oidc_issuer"),
        (Console(oidc_claim="sub"), "oidc_claim"),
        (Console(oidc_client_secret="x"), "oidc_client_secret"),
        (Console(passwords=False), "passwords"),
        (Console(oidc_issuer="id.example", oidc_client_id=CLIENT), "oidc_issuer"),
        (Console(port=1, public=True), "public"),
        (Console(host="::1"), "port"),
        (Console(url="ops"), "url"),
    ],
)
def test_settings_that_nobody_would_use_are_refused(console: Console, key: str) -> None:
    with pytest.raises(ConfigError, match=key):
        _check_console(console)
