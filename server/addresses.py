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
    """Host candidates of a relay: the addresses of the families it serves, in the order given."""
    found = []
    for address in addresses:
        port = relay.ipv4_port if ipaddress.ip_address(address).version == 4 else relay.ipv6_port
        if port:
            found.append(Candidate(address, port))
    return tuple(found)
