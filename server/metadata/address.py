"""Where a ledger is kept, as `metadata.url` says: a file of this machine, or a database of PostgreSQL.

An address prints without its user, password and options: it stands in messages and logs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from server.errors import OperatorError

# What the driver itself understands. Anything else would reach the database as a setting of its own, and
# a misspelled `sslmode` must not be taken for one.
_OPTIONS = frozenset(
    {
        "host",
        "port",
        "dbname",
        "database",
        "user",
        "password",
        "passfile",
        "sslmode",
        "sslrootcert",
        "sslcert",
        "sslkey",
        "sslcrl",
        "sslpassword",
        "ssl_min_protocol_version",
        "ssl_max_protocol_version",
        "target_session_attrs",
    }
)
_HOSTS = re.compile(r"[\w.,:%\[\]-]*", re.ASCII)
_NOT_AN_ADDRESS = (
    'metadata.url is not the address of a ledger; "sqlite:///offrecord.db" is one, '
    'and "postgresql://user@host/database" is another'
)


class LedgerError(OperatorError):
    """The ledger cannot be opened; the message says what to do."""


@dataclass(frozen=True, slots=True)
class File:
    """`sqlite:///relative.db` or `sqlite:////absolute.db`."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True, slots=True)
class Database:
    """`postgresql://user@host/database?sslmode=verify-full`. Never prints who connects, or with what."""

    dsn: str = field(repr=False)
    shown: str

    def __str__(self) -> str:
        return self.shown


def parse(url: str) -> File | Database:
    """Raises LedgerError, which repeats nothing that could be secret."""
    scheme = url.partition(":")[0]
    if scheme in ("postgresql", "postgres"):
        return _database(url)
    if scheme != "sqlite":
        raise LedgerError(_NOT_AN_ADDRESS)
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise LedgerError(_NOT_AN_ADDRESS) from None
    if not parsed.database or parsed.database == ":memory:" or parsed.query or parsed.host:
        raise LedgerError('metadata.url must name a file and nothing else, as in "sqlite:///offrecord.db"')
    return File(Path(parsed.database))


def _database(url: str) -> Database:
    try:
        parts = urlsplit(url)
        options = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise LedgerError(_NOT_AN_ADDRESS) from None
    # A bare / ? # or @ in a password moves the end of the host: nothing that follows may be shown then.
    hosts = parts.netloc.rpartition("@")[2]
    if "@" in parts.path + parts.query or parts.fragment or not _HOSTS.fullmatch(hosts):
        raise LedgerError("metadata.url: write @ : / ? # % and spaces of a name or password as %40 %3A %2F …")
    unknown = sorted({name for name, _ in options} - _OPTIONS)
    if unknown:
        raise LedgerError(
            f"metadata.url has an option that is not known: {len(unknown)} of "
            f"{len(options)}; known are {', '.join(sorted(_OPTIONS))}"
        )
    if parts.path in ("", "/") and not {"dbname", "database"} & {name for name, _ in options}:
        raise LedgerError('metadata.url must name a database, as in "postgresql://user@host/database"')
    return Database(url, f"postgresql://{hosts}{parts.path}")
