"""The client's files: served as built, under a policy that lets nothing else run."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from server.api import pages
from tests.unit.signaling import ClientMaker


def application(folder: Path) -> web.Application:
    app = web.Application()
    app.add_routes(pages.routes(folder))
    return app


async def test_without_a_build_the_server_still_says_that_it_is_up(
    aiohttp_client: ClientMaker, tmp_path: Path
) -> None:
    client = await aiohttp_client(application(tmp_path / "web"))
    assert (await client.get("/")).status == 200
    assert (await client.head("/")).status == 200


async def test_the_build_is_served_under_a_strict_policy(aiohttp_client: ClientMaker, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<!doctype html>")
    (tmp_path / "favicon.svg").write_text("<svg/>")
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "index.js").write_text("1")
    client = await aiohttp_client(application(tmp_path))
    index = await client.get("/")
    assert await index.text() == "<!doctype html>"
    policy = index.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "worker-src 'self';" in policy, (
        "a worker reads the key of an encrypted call: none is made up by the page"
    )
    assert index.headers["X-Content-Type-Options"] == "nosniff"
    assert (await client.head("/")).status == 200
    script = await client.get("/assets/index.js")
    assert (script.status, await script.text()) == (200, "1")


@pytest.mark.parametrize(
    ("public_url", "host", "allowed"),
    [
        ("", "meet.example:7880", "'self' ws://meet.example:7880 wss://meet.example:7880"),
        ("wss://meet.example/at", "10.0.0.1:7880", "'self' ws://meet.example wss://meet.example"),
        ("", "[::1]:7880", "'self'"),
        ("", "a.example; script-src *", "'self'"),
    ],
)
async def test_the_page_talks_to_its_server_alone(
    aiohttp_client: ClientMaker, tmp_path: Path, public_url: str, host: str, allowed: str
) -> None:
    (tmp_path / "index.html").write_text("<!doctype html>")
    app = web.Application()
    app.add_routes(pages.routes(tmp_path, public_url))
    answer = await (await aiohttp_client(app)).get("/", headers={"Host": host})
    directives = answer.headers["Content-Security-Policy"].split("; ")
    assert [one for one in directives if one.startswith("connect-src")] == [f"connect-src {allowed}"]
    assert len(directives) == 9


async def test_the_page_of_rights_may_do_less_than_the_others(
    aiohttp_client: ClientMaker, tmp_path: Path
) -> None:
    (tmp_path / "index.html").write_text("<!doctype html>")
    (tmp_path / "rights.html").write_text("<!doctype html><title>rights</title>")
    client = await aiohttp_client(application(tmp_path))
    page = await client.get("/rights")
    assert await page.text() == "<!doctype html><title>rights</title>"
    policy = page.headers["Content-Security-Policy"].split("; ")
    assert "default-src 'none'" in policy
    assert {
        one.split(" ", 1)[1] for one in policy if one.startswith(("script", "style", "img", "connect"))
    } == {"'self'"}
    assert "camera=()" in page.headers["Permissions-Policy"]
    assert page.headers["Cache-Control"] == "no-cache"
    assert (await client.get("/rights.html")).status == 404


@pytest.mark.parametrize("path", ["/favicon.svg", "/assets/index.js", "/assets/deep/font.woff2"])
async def test_every_file_has_the_headers_of_the_page(
    aiohttp_client: ClientMaker, tmp_path: Path, path: str
) -> None:
    (tmp_path / "index.html").write_text("<!doctype html>")
    file = tmp_path / path[1:]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"x")
    client = await aiohttp_client(application(tmp_path))
    index = await client.get("/")
    for answer in (await client.get(path), await client.head(path)):
        assert answer.status == 200
        for name in ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy"):
            assert answer.headers[name] == index.headers[name]


async def test_nothing_outside_the_build_is_served(aiohttp_client: ClientMaker, tmp_path: Path) -> None:
    web_folder = tmp_path / "web"
    (web_folder / "assets").mkdir(parents=True)
    (tmp_path / "secret").write_text("secret")
    (web_folder / "assets" / "link").symlink_to(tmp_path / "secret")
    client = await aiohttp_client(application(web_folder))
    (web_folder / "assets" / "circle").symlink_to("circle")
    (web_folder / "assets" / "deep").mkdir()
    climbing = ("/assets/%2e%2e/%2e%2e/secret", "/assets/..%2f..%2fsecret", f"/assets/%2f{tmp_path}/secret")
    strange = ("/assets/circle", "/assets/deep", "/assets/%00", f"/assets/{'x' * 1000}", "/assets/")
    for path in ("/assets/link", *climbing, *strange, "/offrecord.db"):
        answer = await client.get(URL(path, encoded=True))
        assert answer.status in {403, 404}, path


async def test_what_is_named_by_its_content_is_kept_for_good_and_all_else_is_asked_for_again(
    aiohttp_client: ClientMaker, tmp_path: Path
) -> None:
    names = ("index.html", "favicon.svg", "assets/index-0123456789abcdef.js", "assets/console.js")
    (tmp_path / "assets").mkdir()
    for name in names:
        (tmp_path / name).write_text("1")
    client = await aiohttp_client(application(tmp_path))
    paths = ("/", "/favicon.svg", "/assets/index-0123456789abcdef.js", "/assets/console.js")
    told = {path: (await client.get(path)).headers["Cache-Control"] for path in paths}
    kept = "public, max-age=31536000, immutable"
    assert told == dict.fromkeys(paths, "no-cache") | {"/assets/index-0123456789abcdef.js": kept}


@pytest.mark.parametrize(
    ("takes", "comes", "content"),
    [
        ("gzip, deflate, br, zstd", "br", b"brotli"),
        ("gzip", "gzip", b"gzip"),
        ("identity", None, b"plain"),
    ],
)
async def test_what_the_build_has_compressed_is_sent_so_to_whoever_takes_it(
    aiohttp_client: ClientMaker, tmp_path: Path, takes: str, comes: str | None, content: bytes
) -> None:
    (tmp_path / "assets").mkdir()
    for name in ("index.html", "rights.html", "assets/index.js"):
        for ending, kept in (("", b"plain"), (".br", b"brotli"), (".gz", b"gzip")):
            (tmp_path / f"{name}{ending}").write_bytes(kept)
    client = await aiohttp_client(application(tmp_path))
    async with aiohttp.ClientSession(headers={"Accept-Encoding": takes}, auto_decompress=False) as session:
        for path, kind in (("/", "html"), ("/rights", "html"), ("/assets/index.js", "javascript")):
            answer = await session.get(client.make_url(path))
            assert (answer.headers.get("Content-Encoding"), await answer.read()) == (comes, content)
            assert kind in answer.headers["Content-Type"]
            assert answer.headers.get("Vary") == (comes and "Accept-Encoding")
