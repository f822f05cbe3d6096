"""What may be known of where a request comes from."""

from __future__ import annotations

from dataclasses import dataclass, field

from aiohttp import web

from server.config import Config
from server.network.kept import KeptForm
from server.network.proxies import Proxies
from server.network.sites import Sites


@dataclass(frozen=True, slots=True)
class Origin:
    """`site` is as the operator calls the place, "" where no site has the address. `network` is what may be
    kept of the address, "" for nothing."""

    site: str = ""
    network: str = field(default="", repr=False)


class Origins:
    """As the configuration says. Raises ConfigError."""

    def __init__(self, config: Config) -> None:
        self._proxies = Proxies(config.http.trusted_proxies)
        self._sites = Sites(config.sites)
        self._kept = KeptForm(config.metadata)

    @property
    def sites(self) -> tuple[str, ...]:
        """All names that a site may have."""
        return self._sites.names

    def of(self, request: web.Request) -> Origin:
        """Where a request comes from, without the address."""
        address = self._proxies.client(request)
        return Origin(self._sites.name_of(address), self._kept.of(address))

    def rated(self, request: web.Request) -> str:
        """Under which name the requests of a client are counted, for a minute: its address, or the network of
        it. To be a key in memory, and nothing else."""
        return self._proxies.rated(request)

    async def keep_replacing(self) -> None:
        """Destroys and replaces the key of pseudonyms in time, if there is one."""
        await self._kept.keep_replacing()
