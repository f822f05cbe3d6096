"""`offrecord policy`: a policy to begin with, and whether a server keeps it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import aiohttp
import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from server.config import Config
from server.policy.document import Policy, PolicyError, template
from server.policy.own import check, processing, read
from server.policy.record_text import markdown
from server.policy.report import Row

T = TypeVar("T")


def write_template(config: Config, path: Path) -> None:
    """For a server with this configuration. Raises PolicyError where there is a file already."""
    try:
        with path.open("x", encoding="utf-8") as file:
            metadata, turn = config.metadata, bool(config.turn.urls)
            webhooks = bool(config.webhooks.urls)
            file.write(template(metadata.addresses, details=metadata.details, turn=turn, webhooks=webhooks))
    except FileExistsError:
        raise PolicyError(f"{path} exists: move it away, or name another file") from None
    except OSError as error:
        raise PolicyError(f"{path} cannot be written: {error.strerror}") from None
    typer.echo(
        f"Written to {path}. Fill in controller, contact and the date, read every clause, and set "
        f"[policy] file in the configuration."
    )


def main(config: Config, url: str | None, *, json: bool) -> int:
    """Prints what came of the check; 0 when every clause passed, else 1. Raises PolicyError."""
    policy = _published(config)
    rows = asyncio.run(_asking(check, config, policy, url))
    if json:
        _print({"clauses": rows})
    else:
        _show(policy, rows)
    return 0 if all(row["passed"] for row in rows) else 1


def write_record(config: Config, url: str | None, *, json: bool) -> None:
    """Prints the record of processing activities. Raises PolicyError."""
    found = asyncio.run(_asking(processing, config, _published(config), url))
    if json:
        _print(found)
    else:
        typer.echo(markdown(found))


def _published(config: Config) -> Policy:
    policy = read(config)
    if policy is None:
        raise PolicyError(
            "there is no policy: write one with `offrecord policy init`, and set [policy] file in the "
            "configuration"
        )
    return policy


async def _asking(
    ask: Callable[[Config, Policy, aiohttp.ClientSession, str], Awaitable[T]],
    config: Config,
    policy: Policy,
    url: str | None,
) -> T:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        return await ask(config, policy, http, url or _address(config))


def _print(content: object) -> None:
    typer.echo(msgspec.json.format(msgspec.json.encode(content)).decode())


def _address(config: Config) -> str:
    scheme = "https" if config.http.tls_certificate else "http"
    return f"{scheme}://{config.http.host or '127.0.0.1'}:{config.http.port}"


def _show(policy: Policy, rows: list[Row]) -> None:
    table = Table("", "clause", "type", "what makes it so, or what is wrong")
    for row in rows:
        mark = Text("passed", "green") if row["passed"] else Text("FAILED", "bold red")
        table.add_row(mark, Text(row["id"]), row["type"], Text(row["finding"] or row["control"]))
    console = Console()
    console.print(table)
    failed = sum(not row["passed"] for row in rows)
    words = f"{failed} of {len(rows)} clauses failed." if failed else f"All {len(rows)} clauses passed."
    console.print(f"Version {policy.version}. {words}")
