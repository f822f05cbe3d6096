"""What of an address may be kept, as `metadata.addresses` says."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Final

from server.config import Metadata
from server.network.address import Address
from server.network.pseudonyms import Pseudonyms

PREFIX_BITS: Final = {4: 24, 6: 48}
"""So much of an address is left when it is truncated, by version."""


def truncated(address: Address) -> str:
    """`203.0.113.0/24`, `2001:db8:1::/48`."""
    return str(ip_network((address, PREFIX_BITS[address.version]), strict=False))


class KeptForm:
    """In which form addresses are kept. The key of pseudonyms, if they are, is drawn here."""

    def __init__(self, metadata: Metadata) -> None:
        self._truncates = metadata.addresses == "truncate"
        self._pseudonyms = (
            Pseudonyms(metadata.address_key_hours) if metadata.addresses == "pseudonym" else None
        )

    def of(self, address: Address | None) -> str:
        """ "" where nothing may be kept."""
        if address is None:
            return ""
        if self._pseudonyms is not None:
            return self._pseudonyms.of(address)
        return truncated(address) if self._truncates else ""

    async def keep_replacing(self) -> None:
        """Destroys and replaces the key in time, for ever; returns at once where there is none."""
        if self._pseudonyms is not None:
            await self._pseudonyms.keep_replacing()
