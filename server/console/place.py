"""Where the console is served, and what browsers call it. PURE.

It shows who was connected. So it is on a listener of its own, or on the main one where only this machine
reaches that; in public only where the configuration says so.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from server import public_url
from server.config import Config, ConfigError

PATH: Final = "/console"


class Listener(StrEnum):
    OWN = "own"
    MAIN = "main"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Place:
    """`url` is the address that operators use, as configured, without the path of the console; "": what they
    ask for. `tls`: a listener of its own uses the server's certificate."""

    listener: Listener
    url: str = ""
    tls: bool = False

    def origin(self, scheme: str, host: str) -> str:
        """What a browser calls the origin of these pages (RFC 6454), asked as `scheme://host`."""
        parts = urlsplit(self.url or f"{scheme}://{host}")
        return f"{parts.scheme}://{parts.netloc}".lower()

    def address(self, scheme: str, host: str) -> str:
        """What comes before the path of the console, for who must be told the whole."""
        return self.url or f"{scheme}://{host}"

    @property
    def is_secure(self) -> bool:
        """Whether operators come through TLS, whatever the server itself sees of it."""
        return self.url.startswith("https:")


def place_of(config: Config) -> Place:
    """Raises ConfigError for a listener on which passwords would go in the clear."""
    console, http = config.console, config.http
    url = public_url.for_pages(console.url).rstrip("/") if console.url else ""
    if console.port:
        tls = bool(http.tls_certificate) and not is_this_machine(console.host)
        if not (tls or is_this_machine(console.host) or url.startswith("https:")):
            raise ConfigError(
                f"the console would be served in the clear on {console.host or 'every address'!r}: set "
                "http.tls_certificate, or console.url with the https address of a proxy in front, or bind "
                "console.host to 127.0.0.1"
            )
        return Place(Listener.OWN, url, tls)
    if console.public or (is_this_machine(http.host) and not http.public_url):
        own = public_url.for_pages(http.public_url).rstrip("/") if http.public_url else ""
        return Place(Listener.MAIN, url or own)
    return Place(Listener.NONE)


def is_this_machine(host: str) -> bool:
    """Whether an address is one that no other machine reaches."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
