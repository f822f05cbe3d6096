"""A false sentence in the policy of a running server is found, and a cookie that its proxy sets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from tests.e2e.serving import COMMAND, Server, free_tcp_port, serving
from tests.e2e.test_policy_changes import publish

FALSE = """
[[clause]]
id = "planted"
type = "disclaimer"
text = "What we keep is statistical data and does not identify any individual."
"""


@contextlib.asynccontextmanager
async def proxy_with_a_cookie(server: Server) -> AsyncIterator[str]:
    """As an operator's own proxy may be; its address."""
    async with aiohttp.ClientSession() as session:

        async def pass_on(request: web.Request) -> web.Response:
            content = await request.read()
            url, host = server.url + request.path_qs, {"Host": request.host}
            async with session.request(
                request.method, url, data=content, headers=host, allow_redirects=False
            ) as answer:
                headers = {
                    name: value
                    for name, value in answer.headers.items()
                    if name.lower() not in {"content-length", "transfer-encoding", "content-encoding"}
                }
                passed = web.Response(body=await answer.read(), status=answer.status, headers=headers)
            if request.path == "/":
                passed.set_cookie("balancer", "one")
            return passed

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", pass_on)
        runner = web.AppRunner(app)
        await runner.setup()
        port = free_tcp_port()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            await runner.cleanup()


async def checked(server: Server, url: str) -> tuple[int, dict[str, Any]]:
    """The exit code, and every clause by its id."""
    words = [str(COMMAND), "policy", "check", "--json", "--url", url]
    done = await asyncio.to_thread(
        subprocess.run, words, cwd=server.directory, capture_output=True, text=True, check=False
    )
    clauses = json.loads(done.stdout)["clauses"]
    for one in clauses:
        assert {"id", "type", "clause", "control", "check", "passed"} <= one.keys()
    return done.returncode, {one["id"]: one for one in clauses}


async def test_what_is_planted_is_found_and_nothing_else(tmp_path: Path) -> None:
    publish(tmp_path)
    (tmp_path / "config.toml").write_text('[guests]\nask_age = true\n[policy]\nfile = "policy.toml"\n')
    async with serving(tmp_path) as server:
        code, clauses = await checked(server, server.url)
        assert (code, [one for one in clauses.values() if not one["passed"]]) == (0, [])
        async with proxy_with_a_cookie(server) as url:
            code, clauses = await checked(server, url)
        failed = [one for one in clauses.values() if not one["passed"]]
        assert (code, [one["id"] for one in failed]) == (1, ["no-cookies"])
        assert failed[0]["finding"] == "/ sets a cookie"
    with (tmp_path / "policy.toml").open("a") as policy:
        policy.write(FALSE)
    async with serving(tmp_path) as server:
        code, clauses = await checked(server, server.url)
        failed = [one for one in clauses.values() if not one["passed"]]
        assert (code, [one["id"] for one in failed]) == (1, ["planted"])
        assert (failed[0]["type"], failed[0]["check"]) == ("false", "")
        assert "identifies people" in failed[0]["finding"]
        async with aiohttp.ClientSession() as http, http.get(server.url + "/policy/status") as answer:
            told = await answer.json()
        assert (told["passed"], [one["id"] for one in told["clauses"] if not one["passed"]]) == (
            False,
            ["planted"],
        )
