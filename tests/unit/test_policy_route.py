"""The policy as it is served: to people, to apps, and again only when it is another."""

from __future__ import annotations

import aiohttp
import pytest
from aiohttp import web

from server.policy.document import Policy
from server.policy.report import Row
from server.policy.route import PolicyRoutes
from tests.unit.signaling import ClientMaker
from tests.unit.test_policy_document import completed, read
from tests.unit.test_policy_history import revised


def application(policy: Policy | None) -> web.Application:
    async def never(*_: object) -> list[Row]:
        raise AssertionError("nobody asks for the status")

    app = web.Application()
    app.add_routes(PolicyRoutes(policy, never).routes())
    return app


async def test_apps_get_the_version_and_what_changed_as_data(aiohttp_client: ClientMaker) -> None:
    policy = read(revised())
    client = await aiohttp_client(application(policy))
    answer = await client.get("/privacy.json")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    told = await answer.json()
    assert (told["version"], told["revised"]) == (policy.version, "2026-06-01")
    assert told["changes"] == [
        {"revised": "2026-06-01", "what": "Guests are asked for their <age>."},
        {"revised": "2026-01-01", "what": "First version."},
    ]
    assert [one["id"] for one in told["clauses"]] == [one.id for one in policy.clauses]


@pytest.mark.parametrize("path", ["/privacy", "/privacy.json"])
async def test_who_has_it_is_not_sent_it_again(path: str, aiohttp_client: ClientMaker) -> None:
    first, second = [await aiohttp_client(application(read(text))) for text in (completed(), revised())]
    tag = (await first.get(path)).headers["ETag"]
    for client, given, status in (
        (first, tag, 304),
        (first, f'"other", {tag}', 304),
        (first, "*", 304),
        (first, f"W/{tag}", 304),
        (first, '"other"', 200),
        (second, tag, 200),
    ):
        answer = await client.get(path, headers={"If-None-Match": given})
        assert (answer.status, bool(await answer.read())) == (status, status == 200), given
        assert answer.headers["Cache-Control"] == "no-cache"
        assert "Last-Modified" not in answer.headers


async def test_where_none_is_published_it_is_said(aiohttp_client: ClientMaker) -> None:
    client: aiohttp.test_utils.TestClient[web.Request, web.Application]
    client = await aiohttp_client(application(None))
    answer = await client.get("/privacy.json")
    assert answer.status == 404
    assert "not published" in (await answer.json())["error"]
