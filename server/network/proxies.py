"""The address of a client: that of its connection, or behind a proxy that is trusted what the proxy says.

This is the only place that asks a request for an address, and the only header that is believed is
X-Forwarded-For, from the proxies that the configuration names: anybody else can write one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from aiohttp import hdrs, web

from server.config import ConfigError
from server.network.address import Address, Prefixes, address_of, network_of

MOST_HOPS: Final = 32
"""So many addresses of a header are looked at, from the right."""
_LONGEST_HOP: Final = 100  # characters
_RATED_BITS: Final = 64  # of an IPv6 address: whoever has one usually has all that begin so


class Proxies:
    """Those that are trusted, as ranges in CIDR notation. Raises ConfigError."""

    def __init__(self, trusted: Iterable[str]) -> None:
        self._trusted = Prefixes()
        for text in trusted:
            try:
                self._trusted.add(network_of(text), text)
            except ValueError as error:
                twice = str(error) == text
                raise ConfigError(
                    f"http.trusted_proxies: {f'{text!r} is named twice' if twice else error}"
                ) from None

    def client(self, request: web.Request) -> Address | None:
        """The address that a request comes from; None where its connection has none."""
        return self.behind(request.remote or "", request.headers.getall(hdrs.X_FORWARDED_FOR, []))

    def behind(self, peer: str, forwarded: Sequence[str]) -> Address | None:
        """The rightmost address that is no trusted proxy's: what stands left of it, its client wrote.

        `peer` is the other end of the connection, `forwarded` every header X-Forwarded-For. Where all are
        trusted, the leftmost. What is no address is not passed: it counts as coming from whoever sent it.
        """
        found = address_of(peer[:_LONGEST_HOP])
        hops = _from_the_right(forwarded)
        while found is not None and self._trusted.find(found) is not None:
            hop = address_of(next(hops, ""))
            if hop is None:
                break
            found = hop
        return found

    def rated(self, request: web.Request) -> str:
        """Under which name the requests of a client are counted: its address, or the network of it."""
        address = self.client(request)
        if address is None:
            return ""
        if address.version == 6:
            shift = address.max_prefixlen - _RATED_BITS
            return f"{int(address) >> shift:x}"
        return str(address)


def _from_the_right(headers: Sequence[str]) -> Iterator[str]:
    """The addresses of several headers, as if they were one (RFC 9110, 5.3); at most MOST_HOPS."""
    left = MOST_HOPS
    for header in reversed(headers):
        rest = header
        while left:
            left -= 1
            rest, comma, hop = rest.rpartition(",")
            yield hop.strip(" \t") if len(hop) <= _LONGEST_HOP else ""
            if not comma:
                break
