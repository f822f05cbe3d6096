"""Where a server is, from what a person types or pastes: an address, or the link of an invitation."""

from __future__ import annotations

import ipaddress
import unicodedata
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from yarl import URL

MOST_CHARACTERS = 2_000
LONGEST_KEY = 256


class AddressError(ValueError):
    """What was typed is no address of a server; the message says why, to the person."""


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """`url` is what paths are joined to; `room` and `key` are those of an invitation, "" in an address."""

    url: URL
    room: str = ""
    key: str = field(default="", repr=False)

    def __truediv__(self, path: str) -> URL:
        return self.url / path

    def signaling(self, told: str) -> str:
        """What the SDK connects to, from the name that the server gives itself ("": this address). Raises
        AddressError where that would be less protected than this address."""
        url = URL(told) if told else self.url
        secure = {"http": False, "ws": False, "https": True, "wss": True}.get(url.scheme)
        if secure is None or url.host is None or (self.url.scheme == "https" and not secure):
            raise AddressError("The server names an address for calls that this application does not trust.")
        return str(url.with_scheme("wss" if secure else "ws").with_fragment(None))


def parse_address(typed: str) -> ServerAddress:
    """Raises AddressError."""
    text = typed.strip()[:MOST_CHARACTERS]
    if not text:
        raise AddressError("Type the address of a server, such as meet.example.")
    try:
        url = URL(text if "://" in text else f"//{text}")
        host = url.host
        _ = url.port
    except ValueError:
        host = None
    if not host:
        raise AddressError("This is no address of a server. One looks like meet.example.")
    # Developers serve plain HTTP on their own machine.
    url = url.with_scheme("http" if is_loopback(host) else "https") if not url.scheme else url
    if url.scheme not in {"http", "https"}:
        raise AddressError("The address of a server begins with https://.")
    if url.scheme == "http" and not is_loopback(host):
        raise AddressError(
            "Over http:// anybody on the way could listen in, and answer in the server’s place. Use https://."
        )
    path = url.path.strip("/")
    base = url.origin() / path if path else url.origin()
    # A key is read from the fragment only: servers are sent the query, and may log it.
    inside = parse_qs(url.fragment)
    [room] = (inside.get("room") or parse_qs(url.query_string).get("room") or [""])[:1]
    [key] = inside.get("key", [""])[:1]
    return ServerAddress(base, room.strip(), tidy_key(key))


def tidy_key(typed: str) -> str:
    """The key of a call that is encrypted end to end, as everybody has to have it: keyboards differ in how
    they compose letters, and copying adds spaces."""
    return unicodedata.normalize("NFC", typed).strip()[:LONGEST_KEY]


def is_loopback(host: str) -> bool:
    """Whether what is sent there stays on this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
