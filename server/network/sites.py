"""The operator's own names for where people connect from, by ranges of addresses. The longest prefix wins."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from server.config import ConfigError
from server.metadata.rows.row import SITE
from server.network.address import Address, Prefixes, network_of

MOST_SITES: Final = 100  # each is a series of the metrics
MOST_RANGES: Final = 5_000


class Sites:
    """`ranges` in CIDR notation, by name. Raises ConfigError."""

    def __init__(self, ranges: Mapping[str, Sequence[str]]) -> None:
        if len(ranges) > MOST_SITES or sum(map(len, ranges.values())) > MOST_RANGES:
            raise ConfigError(f"[sites] has more than {MOST_SITES} sites, or {MOST_RANGES} ranges")
        self.names = tuple(ranges)
        self._prefixes = Prefixes()
        for name, texts in ranges.items():
            if not re.fullmatch(SITE, name):
                raise ConfigError(
                    f"[sites] has a site named {name!r}: a name is a letter and at most 39 more letters, "
                    "digits, spaces or - _ ' ( ) & / +, and ends with none of these signs but )"
                )
            if not texts:
                raise ConfigError(f"[sites] {name}: there is no range, so nobody would be there")
            for text in texts:
                self._add(name, text)

    def name_of(self, address: Address | None) -> str:
        """The site of an address; "" where no range has it."""
        return (self._prefixes.find(address) if address is not None else None) or ""

    def _add(self, name: str, text: str) -> None:
        try:
            network = network_of(text)
        except ValueError as error:
            raise ConfigError(f"[sites] {name}: {error}") from None
        try:
            self._prefixes.add(network, name)
        except ValueError as taken:
            where = f"{name} twice" if str(taken) == name else f"{taken} and {name}"
            raise ConfigError(f"[sites] has {text!r} in {where}: an address is in one site") from None
