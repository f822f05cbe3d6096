"""Addresses of ledgers: TLS and passwords as PostgreSQL's own programs take them; nothing secret is shown."""

from __future__ import annotations

import asyncio
import struct
from pathlib import Path

import pytest

from server.config import Config, Metadata
from server.errors import OperatorError
from server.lan import certificate_for
from server.metadata.address import LedgerError, parse
from server.metadata.query import Query
from server.metadata.sessions import Reader
from server.metadata.store import Ledger
from tests.postgres import Cluster
from tests.unit.ledger import joined

SECRET = "Tr0ub4dor"
SSL_REQUEST = struct.pack("!ii", 8, 80877103)  # PostgreSQL, "Message Formats": SSLRequest


@pytest.fixture
async def secretive(postgres: Cluster) -> str:
    """A database whose user needs a password: its URL has none."""
    url = postgres.database()
    name = url.partition("@/")[2].partition("?")[0]
    if not postgres.sql("SELECT 1 FROM pg_roles WHERE rolname = 'secretive'", name):
        postgres.sql(f"CREATE ROLE secretive LOGIN PASSWORD '{SECRET}'", name)
    postgres.sql("GRANT ALL ON SCHEMA public TO secretive", name)
    return postgres.url(name, "secretive")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"postgresql://ada:{SECRET}@db.example/ledger", "postgresql://db.example/ledger"),
        (
            f"postgres://ada:{SECRET}@db.example:6432/ledger?sslmode=require",
            "postgresql://db.example:6432/ledger",
        ),
        (f"postgresql:///ledger?host=/run&password={SECRET}", "postgresql:///ledger"),
        ("postgresql://[::1]:5432/ledger", "postgresql://[::1]:5432/ledger"),
        ("sqlite:///ledger.db", "ledger.db"),
        ("sqlite:////var/ledger.db", "/var/ledger.db"),
    ],
)
def test_what_is_shown_of_an_address(url: str, shown: str) -> None:
    place = parse(url)
    assert str(place) == shown
    assert SECRET not in repr(place)


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://ada:{SECRET}/1@db.example/ledger",
        f"postgresql://ada:{SECRET}#1@db.example/ledger",
        f"postgresql://ada:{SECRET}?1@db.example/ledger",
        f"postgresql://ada:[{SECRET}@db.example/ledger",
        f"postgresql://ada:{SECRET}@db.example/",
        f"postgresql://ada:{SECRET}@db.example/ledger?ssl_mode=require",
        f"postgresql://ada:{SECRET}@db.example/ledger?{SECRET}=1",
        f"mysql://ada:{SECRET}@db.example/ledger",
        f"postgresql+psycopg://ada:{SECRET}@db.example/ledger",
        f"{SECRET}",
    ],
)
def test_what_is_no_address_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(LedgerError, match=r"metadata\.url") as refusal:
        parse(url)
    assert SECRET not in str(refusal.value)


def test_a_configuration_does_not_print_the_address() -> None:
    metadata = Metadata(url=f"postgresql://ada:{SECRET}@db.example/ledger")
    assert SECRET not in f"{metadata!r} {Config(metadata=metadata)!r}"


async def test_the_password_of_the_url(secretive: str) -> None:
    await (await Ledger.open(secretive.replace("secretive@", f"secretive:{SECRET}@"))).close()


async def test_the_password_of_the_password_file(
    secretive: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "pgpass"
    path.write_text(f"*:*:*:secretive:{SECRET}\n")
    path.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(path))
    await (await Ledger.open(secretive)).close()


async def test_a_wrong_password_is_not_repeated(secretive: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(LedgerError, match="cannot be reached: InvalidPasswordError") as refusal:
        await Ledger.open(secretive.replace("secretive@", "secretive:correct-horse@"))
    chain: BaseException | None = refusal.value
    while chain is not None:
        assert "correct-horse" not in str(chain)
        chain = chain.__cause__
    assert "correct-horse" not in caplog.text


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
async def test_no_password_goes_to_a_database_without_the_tls_that_was_asked_for(
    mode: str, tmp_path: Path
) -> None:
    """It says that it has no TLS; nothing more is sent to it."""
    heard = b""
    ended = asyncio.Event()

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal heard
        heard += await reader.readexactly(len(SSL_REQUEST))
        writer.write(b"N")
        heard += await reader.read()
        writer.close()
        ended.set()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    url = f"postgresql://ada:{SECRET}@127.0.0.1:{port}/ledger?sslmode={mode}"
    if mode != "require":
        url += f"&sslrootcert={certificate_for(['127.0.0.1'], tmp_path).certificate}"
    async with server:
        with pytest.raises(LedgerError, match="cannot be reached"):
            await Ledger.open(url)
        await ended.wait()
    assert heard == SSL_REQUEST


async def test_a_database_that_nobody_serves(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="postgresql:///ledger cannot be reached"):
        await Ledger.open(f"postgresql://ada@/ledger?host={tmp_path}")


async def test_reading_a_database_that_holds_no_ledger(postgres: Cluster) -> None:
    reader = Reader(postgres.database())
    with pytest.raises(OperatorError, match="there is no ledger"):
        _ = [one async for one in reader.connections(Query())]
    await reader.aclose()


async def test_reading_needs_no_right_but_to_select(secretive: str, postgres: Cluster) -> None:
    name = secretive.partition("@/")[2].partition("?")[0]
    ledger = await Ledger.open(postgres.url(name))
    ledger.record(joined())
    await ledger.close()
    postgres.sql("REVOKE ALL ON SCHEMA public FROM secretive", name)
    postgres.sql("GRANT SELECT ON events, connections, holds TO secretive", name)
    reader = Reader(secretive.replace("secretive@", f"secretive:{SECRET}@"))
    assert [one.connection.identity async for one in reader.connections(Query())] == ["ada"]
    await reader.aclose()
