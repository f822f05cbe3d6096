"""The addresses at which clients are told to send media."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from server.config import Config, ConfigError
from server.lan import local_addresses
from server.sdp.model import Candidate
from server.workers.link import RelayLink


def advertised(config: Config) -> tuple[str, ...]:
    """The configured addresses, else this machine's own. Raises ConfigError for one that is no number."""
    found = config.relay.advertise or tuple(local_addresses()) or ("127.0.0.1",)
    for address in found:
        try:
            ipaddress.ip_address(address)
        except ValueError:
            raise ConfigError(f"relay.advertise: {address!r} is not an IPv4 or IPv6 address") from None
    return found


def candidates(addresses: Iterable[str], relay: RelayLink) -> tuple[Candidate, ...]:
    """Host candidates of a relay: the addresses of the families it serves, in the order given; first those of
    UDP, then the same of TCP where it serves that."""
    served = [
        (address, port)
        for address in addresses
        if (port := relay.ipv4_port if ipaddress.ip_address(address).version == 4 else relay.ipv6_port)
    ]
    by_udp = tuple(Candidate(address, port) for address, port in served)
    if not relay.tcp_port:
        return by_udp
    return by_udp + tuple(Candidate(address, relay.tcp_port, tcp=True) for address, _ in served)
