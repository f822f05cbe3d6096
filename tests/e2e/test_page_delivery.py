"""What a browser fetches to show the page: little, compressed, and only once."""

from __future__ import annotations

import re
from pathlib import Path

import aiohttp

from server.api.pages import WEB
from tests.e2e.serving import Server

MOST_KB = 260  # of scripts, style sheets and the page itself, as they are sent
FOR_GOOD = "public, max-age=31536000, immutable"
ASSET = re.compile(r'(?:src|href)="\./(assets/[^"]+)"')


async def test_the_page_comes_compressed_and_is_kept(shared_server: Server) -> None:
    sent = 0
    browsers = {"Accept-Encoding": "gzip, deflate, br, zstd"}
    async with aiohttp.ClientSession(shared_server.url, headers=browsers, auto_decompress=False) as session:
        async with session.get("/") as answer:
            assert answer.headers["Content-Encoding"] == "br"
            assert answer.headers["Cache-Control"] == "no-cache"
            sent += len(await answer.read())
        for name in ASSET.findall(Path(WEB, "index.html").read_text()):
            async with session.get(f"/{name}") as answer:
                assert answer.headers["Content-Encoding"] == "br", name
                assert answer.headers["Cache-Control"] == FOR_GOOD, name
                sent += len(await answer.read())
    assert 100_000 < sent <= MOST_KB * 1000


def test_files_of_the_build_are_named_by_their_content_but_those_that_the_server_knows_by_name() -> None:
    names = {path.name for path in Path(WEB, "assets").iterdir() if path.suffix not in {".br", ".gz"}}
    assert {name for name in names if not re.fullmatch(r".+-[0-9a-f]{16}\.[a-z]+", name)} == {
        "console.css",
        "console.js",
    }
