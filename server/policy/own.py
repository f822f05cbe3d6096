"""This server's own policy: read from its file, and checked against itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import aiohttp

from server.access.reading import configured as access_log
from server.config import Config, Metadata
from server.metadata import address, described
from server.metadata.database import ledger_file
from server.metadata.retention import DAY, Retention
from server.metadata.scrutiny import Scrutiny
from server.policy import checks, report
from server.policy.checks import guarantee_in_words
from server.policy.document import Policy, PolicyError, parse
from server.policy.record import Record, record
from server.policy.report import Row
from server.policy.site import Site
from server.public_url import for_pages
from server.room.metadata import PolicyNotice


def read(config: Config) -> Policy | None:
    """The operator's policy; None where there is none. Raises PolicyError."""
    if not config.policy.file:
        return None
    path = Path(config.policy.file)
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"[policy] file = {str(path)!r} cannot be read: {error}") from None
    return parse(text, numbers(config.metadata))


def numbers(metadata: Metadata) -> dict[str, int]:
    """What a policy may say of the configuration, by the name in its text."""
    names = ("session_days", "detail_days", "operation_days", "address_key_hours")
    return {name: getattr(metadata, name) for name in names}


def notice(config: Config, policy: Policy) -> PolicyNotice:
    """What clients are told of it. Where nobody has said how the server is reached, the address is one that
    clients resolve against their own."""
    base = for_pages(config.http.public_url) if config.http.public_url else ""
    return PolicyNotice(policy.version, base + "privacy", policy.revised.isoformat())


async def check(
    config: Config,
    policy: Policy,
    http: aiohttp.ClientSession,
    url: str,
    clock: Callable[[], float] = time.time,
) -> list[Row]:
    """Every clause, against the server at `url` that runs with this configuration on this machine."""
    scrutiny = Scrutiny(config.metadata.url, Retention.configured(config.metadata), clock=clock)
    files = checks.private_files(config, ledger_file(config.metadata.url))
    looks = partial(_wrong_with_looks, config)
    return await report.check(checks.Scene(policy, config, Site(http, url), scrutiny, files, looks))


def _wrong_with_looks(config: Config) -> str:
    """Of the log of who looked at the ledger. Raises OperatorError where it cannot be read."""
    if not Path(config.metadata.access_log).exists():
        return ""  # nobody has looked yet
    if access_log(config).verify().intact:
        return ""
    return "the access log is not what was written: see `offrecord access-log verify`"


async def processing(config: Config, policy: Policy, http: aiohttp.ClientSession, url: str) -> Record:
    """The record of processing activities, with what the server at `url` guarantees right now. Where it does
    not answer, the record says so."""
    retention = Retention.configured(config.metadata)
    return record(
        policy,
        config,
        days={row.name: round(retention.period(row.kind) / DAY) for row in described.rows()},
        ledger=f"the ledger {address.parse(config.metadata.url)}",
        guaranteed=await guarantee_in_words(Site(http, url)),
    )
