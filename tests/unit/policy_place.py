"""A place whose policy is checked: a server that keeps it, until something is planted."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from aiohttp import web

from server.config import Config, Guarantee, Metadata
from server.policy.report import Row
from server.policy.route import PolicyRoutes
from tests.unit.test_policy_document import completed, read

POLICY = read(completed())
PAGE = '<link href="style.css" rel="stylesheet"><script src="app.js"></script><a href="privacy">Privacy</a>'
SCRIPT = 'import{shared}from"./shared.js";localStorage.setItem("offrecord.name", name)'
RIGHTS = '<script src="app.js"></script><input type="file">'
RULES = {"Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'"}


class Place:
    """A server that keeps its policy, until something is planted in it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.config = Config(
            metadata=Metadata(url=f"sqlite:///{directory}/ledger.db", access_log=f"{directory}/access"),
            guarantee=Guarantee(signing_key=f"{directory}/key.pem"),
        )
        self.page, self.script, self.rules, self.level = PAGE, SCRIPT, dict(RULES), "full"
        self.cookies: list[str] = []
        self.rights, self.shared = RIGHTS, "export const shared = 1"
        self.receipt_status = self.erasing_status = self.correcting_status = self.objecting_status = 401
        self.guest_status = 403
        self.rights_status = 200
        self.asks_again = True
        self.shown = POLICY

    def application(self) -> web.Application:
        async def index(_: web.Request) -> web.Response:
            answer = web.Response(text=self.page, content_type="text/html", headers=self.rules)
            for name in self.cookies:
                answer.set_cookie(name, "1")
            return answer

        async def script(_: web.Request) -> web.Response:
            return web.Response(text=self.script, content_type="text/javascript")

        async def style(_: web.Request) -> web.Response:
            return web.Response(text="body {}", content_type="text/css")

        async def guarantee(_: web.Request) -> web.Response:
            return web.json_response({"level": self.level})

        async def receipt(_: web.Request) -> web.Response:
            return web.Response(status=self.receipt_status)

        async def erasing(_: web.Request) -> web.Response:
            return web.Response(status=self.erasing_status)

        async def correcting(_: web.Request) -> web.Response:
            return web.Response(status=self.correcting_status)

        async def objecting(_: web.Request) -> web.Response:
            return web.Response(status=self.objecting_status)

        async def rights(_: web.Request) -> web.Response:
            return web.Response(
                text=self.rights, status=self.rights_status, content_type="text/html", headers=self.rules
            )

        async def shared(_: web.Request) -> web.Response:
            return web.Response(text=self.shared, content_type="text/javascript")

        async def guest(request: web.Request) -> web.Response:
            shown = (await request.json())["policy"]
            asked_again = self.asks_again and shown != self.shown.version
            return web.Response(status=409 if asked_again else self.guest_status)

        app = web.Application()
        app.add_routes(
            [
                web.delete("/api/receipt", erasing),
                web.patch("/api/receipt", correcting),
                web.post("/api/receipt/objection", objecting),
                web.get("/rights", rights),
                web.get("/shared.js", shared),
                web.post("/api/guest-token", guest),
                web.get("/", index),
                web.get("/app.js", script),
                web.get("/style.css", style),
                web.get("/guarantee", guarantee),
                web.get("/api/receipt", receipt),
            ]
        )

        async def never(*_: object) -> list[Row]:
            raise AssertionError("nobody asks for the status")

        app.add_routes(PolicyRoutes(self.shown, never).routes())
        return app

    def sql(self, statement: str, *values: object) -> None:
        with sqlite3.connect(self.directory / "ledger.db") as connection:
            connection.execute(statement, values)
        connection.close()
