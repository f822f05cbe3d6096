"""How often somebody may try to sign in: by client, by name, and all together. PURE.

A name that nobody has is counted like one that somebody has. Names and addresses are held as keyed hashes,
for a minute, and nowhere else.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import Final

from server.api.rate_limit import Window

PER_CLIENT: Final = 10
PER_NAME: Final = 30
IN_ALL: Final = 120
"""A minute, each. So many guesses at a password of twelve characters are hopeless; and one client alone keeps
nobody out: its own bound is lower than that of a name."""


@dataclass(slots=True)
class Attempts:
    """To sign in."""

    _clients: Window = field(default_factory=lambda: Window(PER_CLIENT))
    _names: Window = field(default_factory=lambda: Window(PER_NAME))
    _all: Window = field(default_factory=lambda: Window(IN_ALL))
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def allows(self, client: str, name: str, now: float) -> bool:
        """Counts an attempt. `client` is an address or a network, as `Origins.rated` gives it."""
        return (
            self._clients.allows(self._hidden(client), now)
            and self._names.allows(self._hidden(name), now)
            and self._all.allows("", now)
        )

    def _hidden(self, text: str) -> str:
        return hmac.new(self._key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
