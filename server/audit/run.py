"""`offrecord audit` and `offrecord manifest`, as functions that return an exit code."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from server.audit.fetch import fetch
from server.audit.findings import Audit, audit
from server.audit.manifest import LARGEST, Manifest, from_json, manifest_of, to_json
from server.errors import OperatorError
from server.guarantee.check import LEVELS
from server.guarantee.installed import read
from server.guarantee.statement import LevelName

AS_DEMANDED = 0
FINDING = 1
LONGEST_SENTENCE = 500
_MARKS = {True: "ok", False: "NOT OK", None: "-"}
_PLAIN = (
    "The address is http: whoever is on the way could have answered in the server's place. Ask over https."
)
_LIMIT = (
    "This checks what the server says of itself, signed. It is the operator's claim: a modified server "
    "could lie."
)


def main(url: str, manifest: Path | None, level: LevelName, ca: Path | None, *, as_json: bool) -> int:
    """Asks, prints what was found, and returns the exit code. Raises OperatorError when it cannot ask."""
    expected = _manifest(manifest) if manifest is not None else None
    answers = asyncio.run(fetch(url, trusting(ca) if ca is not None else None))
    found = audit(
        answers.statement,
        answers.jwks,
        answers.nonce,
        time.time(),
        demanded=LEVELS[level],
        manifest=expected,
    )
    notes = [_PLAIN] * is_plain(url) + [_LIMIT]
    if as_json:
        _print_json(url, found, notes)
    else:
        _print(url, found, notes)
    return AS_DEMANDED if found.passed else FINDING


def write_manifest(out: Path | None) -> None:
    """The manifest of the software that runs this. Raises OperatorError when it cannot be written."""
    from server import _native

    content = to_json(manifest_of(read(time.time()), _native.filter_digest()))
    if out is None:
        sys.stdout.buffer.write(content)
        return
    try:
        out.write_bytes(content)
    except OSError as error:
        raise OperatorError(f"{out} cannot be written: {error.strerror}") from None


def _manifest(path: Path) -> Manifest:
    try:
        with path.open("rb") as file:
            return from_json(file.read(LARGEST + 1))
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror}") from None


def trusting(path: Path) -> ssl.SSLContext:
    """Certificates that are believed, such as the one that `serve --lan` makes for itself."""
    try:
        return ssl.create_default_context(cafile=str(path))
    except (OSError, ssl.SSLError):
        raise OperatorError(f"{path} cannot be read as certificates in PEM") from None


def is_plain(url: str) -> bool:
    """Over http, and to another machine."""
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname == "localhost":
        return False
    try:
        return not ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return True


def _print_json(url: str, found: Audit, notes: list[str]) -> None:
    content = {
        "url": url,
        "passed": found.passed,
        "findings": [{"name": one.name, "held": one.held, "says": one.says} for one in found.findings],
        "notes": notes,
        "statement": found.statement,
    }
    sys.stdout.buffer.write(msgspec.json.encode(content) + b"\n")


def _print(url: str, found: Audit, notes: list[str]) -> None:
    table = Table("", "What", "Found", box=None, pad_edge=False)
    for one in found.findings:
        style = {True: "green", False: "bold red", None: "dim"}[one.held]
        table.add_row(Text(_MARKS[one.held], style), _shown(one.name), _shown(one.says))
    console = Console(highlight=False)
    console.print(table)
    told = found.statement
    for sentence in told.get("does_not_prove", ())[:30]:
        console.print(Text("Not proven: ") + _shown(sentence))
    for note in notes:
        console.print(note, markup=False)
    passed = "All is as demanded." if found.passed else "Something is not as demanded."
    console.print(f"{passed} ({url})", markup=False)


def _shown(sentence: str) -> Text:
    """A server's words, for a terminal."""
    return Text("".join(sign if sign.isprintable() else "?" for sign in sentence[:LONGEST_SENTENCE]))
