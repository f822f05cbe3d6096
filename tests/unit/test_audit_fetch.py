"""An audit reads a hostile server within bounds, and goes nowhere that it was not sent."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpServer

from server import lan
from server.audit import fetch as fetching
from server.audit.fetch import LARGEST_SMALL, fetch
from server.audit.run import is_plain, trusting
from server.errors import OperatorError

ENDPOINTS = {"guarantee": "guarantee", "jwks": ".well-known/jwks.json"}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def answering(content: object, status: int = 200) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        return web.json_response(content, status=status)

    return handler


async def serve(aiohttp_server: AiohttpServer, **handlers: Handler) -> str:
    """Below a path, as behind a proxy."""
    app = web.Application()
    app.router.add_get(
        "/call/.well-known/offrecord", handlers.get("discovery", answering({"endpoints": ENDPOINTS}))
    )
    app.router.add_get("/call/guarantee", handlers.get("guarantee", answering({"told": 1})))
    app.router.add_get("/call/.well-known/jwks.json", handlers.get("jwks", answering({"keys": []})))
    server: Any = await aiohttp_server(app)
    return str(server.make_url("/call"))


async def test_everything_is_asked_below_the_address(aiohttp_server: AiohttpServer) -> None:
    nonces = []

    async def guarantee(request: web.Request) -> web.Response:
        nonces.append(request.query["nonce"])
        return web.json_response({"told": 1})

    url = await serve(aiohttp_server, guarantee=guarantee)
    first, second = await fetch(url), await fetch(url + "/")
    assert (first.statement, first.jwks) == ({"told": 1}, {"keys": []})
    assert nonces == [first.nonce, second.nonce]
    assert first.nonce != second.nonce


async def _endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    try:
        while True:
            await response.write(b"[" * 65536)
    except ConnectionError:
        return response


async def _bomb(request: web.Request) -> web.Response:
    return web.Response(body=b"[" * (LARGEST_SMALL - 1))


async def _elsewhere(request: web.Request) -> web.Response:
    raise web.HTTPFound("http://127.0.0.1:9/")


@pytest.mark.parametrize("place", ["discovery", "guarantee", "jwks"])
@pytest.mark.parametrize(
    ("handler", "words"),
    [
        (answering({}, 503), "status 503"),
        (_elsewhere, "status 302"),
        (_bomb, "does not answer with JSON"),
        (_endless, "more than"),
    ],
)
async def test_no_proper_answer_is_told(
    aiohttp_server: AiohttpServer, place: str, handler: Handler, words: str
) -> None:
    url = await serve(aiohttp_server, **{place: handler})
    with pytest.raises(OperatorError, match=words):
        await fetch(url)


@pytest.mark.parametrize(
    "path",
    ["http://127.0.0.1:9/x", "//other.example/x", "/outside", "../outside", "x?y", "", 7, None, "a" * 300],
)
async def test_discovery_sends_an_auditor_nowhere_else(aiohttp_server: AiohttpServer, path: object) -> None:
    url = await serve(aiohttp_server, discovery=answering({"endpoints": {**ENDPOINTS, "guarantee": path}}))
    with pytest.raises(OperatorError, match="guarantee"):
        await fetch(url)


@pytest.mark.parametrize("discovery", [[], {}, {"endpoints": []}, "x", None])
async def test_another_server_is_told_from_ours(aiohttp_server: AiohttpServer, discovery: object) -> None:
    with pytest.raises(OperatorError, match="is it an Offrecord server"):
        await fetch(await serve(aiohttp_server, discovery=answering(discovery)))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "meet.example",
        "ftp://meet.example",
        "http://",
        "http://a@b",
        "http://a:0",
        "http://a?x",
        "http://[a",
    ],
)
async def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(OperatorError, match="address"):
        await fetch(url)


async def test_silence_has_an_end(aiohttp_server: AiohttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "TIMEOUT_SECONDS", 0.2)
    over = asyncio.Event()

    async def silent(request: web.Request) -> web.Response:
        await over.wait()
        return web.Response()

    url = await serve(aiohttp_server, discovery=silent)
    with pytest.raises(OperatorError, match="no answer within"):
        await fetch(url)
    over.set()


async def test_a_certificate_that_nobody_vouches_for_is_believed_by_name_only(
    aiohttp_server: AiohttpServer, tmp_path: Path
) -> None:
    files = lan.certificate_for(["127.0.0.1"], tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.certificate, files.key)
    app = web.Application()
    app.router.add_get("/.well-known/offrecord", answering({"endpoints": ENDPOINTS}))
    app.router.add_get("/guarantee", answering({"told": 1}))
    app.router.add_get("/.well-known/jwks.json", answering({"keys": []}))
    server: Any = await aiohttp_server(app, ssl=context)
    url = str(server.make_url("/"))
    assert url.startswith("https://")
    with pytest.raises(OperatorError, match="--ca"):
        await fetch(url)
    assert (await fetch(url, trusting(files.certificate))).statement == {"told": 1}
    with pytest.raises(OperatorError, match="PEM"):
        trusting(tmp_path / "missing.pem")


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("https://meet.example", False),
        ("http://meet.example", True),
        ("http://192.0.2.1:7880", True),
        ("http://localhost:7880", False),
        ("http://127.0.0.1", False),
        ("http://[::1]", False),
    ],
)
def test_plain_http_to_another_machine_is_told(url: str, plain: bool) -> None:
    assert is_plain(url) is plain
