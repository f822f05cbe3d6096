"""An address as peers and proxies write it. PURE."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_MAPPED = IPv6Network("::ffff:0:0/96")
# `203.0.113.7`, `203.0.113.7:5678`, `2001:db8::7`, `fe80::7%eth0`, `[2001:db8::7]`, `[2001:db8::7]:5678`.
_WRITTEN = re.compile(
    r"(?P<v4>[0-9.]{7,15})(?::[0-9]{1,5})?"
    r"|(?P<v6>[0-9a-f:.]{2,45})(?:%[\w.~-]{1,32})?"
    r"|\[(?P<bracketed>[0-9a-f:.]{2,45})(?:%[\w.~-]{1,32})?\](?::[0-9]{1,5})?",
    re.ASCII | re.IGNORECASE,
)


def address_of(text: str) -> Address | None:
    """The address in a text, without port and zone; an IPv4 address in IPv6 (RFC 4291, 2.5.5.2) is that.

    None for anything else.
    """
    written = _WRITTEN.fullmatch(text)
    if written is None:
        return None
    try:
        address = ip_address(written["v4"] or written["v6"] or written["bracketed"])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def network_of(text: str) -> Network:
    """A range in CIDR notation; an address alone is one. Raises ValueError with what is wrong."""
    try:
        network = ip_network(text)
    except ValueError:
        try:
            meant = ip_network(text, strict=False)
        except ValueError:
            raise ValueError(f'{text!r} is no range of addresses, such as "203.0.113.0/24"') from None
        raise ValueError(f"{text!r} has bits beyond its prefix: write {str(meant)!r}") from None
    if isinstance(network, IPv6Network) and ("%" in text or network.subnet_of(_MAPPED)):
        raise ValueError(f"{text!r} would match nobody: zones are not looked at, IPv4 is written as IPv4")
    return network


class Prefixes:
    """A set of ranges in which an address is looked for; the longest prefix wins. Nothing here is slow:
    one look for each length of prefix that occurs."""

    def __init__(self) -> None:
        self._names: dict[tuple[int, int], dict[int, str]] = {}  # by version and length of prefix
        self._lengths: dict[int, list[int]] = {4: [], 6: []}  # by version, longest first

    def add(self, network: Network, name: str) -> None:
        """Raises ValueError where the range is there already, with the name it has."""
        key = (network.version, network.prefixlen)
        names = self._names.setdefault(key, {})
        number = int(network.network_address)
        if number in names:
            raise ValueError(names[number])
        names[number] = name
        self._lengths[network.version] = sorted({*self._lengths[network.version], network.prefixlen})[::-1]

    def find(self, address: Address) -> str | None:
        """The name of the longest prefix that has this address; None: no range has it."""
        number, bits = int(address), address.max_prefixlen
        for length in self._lengths[address.version]:
            shift = bits - length
            name = self._names[(address.version, length)].get(number >> shift << shift)
            if name is not None:
                return name
        return None
