"""Which TURN servers clients are told of, with credentials that expire and name nobody. PURE.

The credentials are those of "TURN REST" (draft-uberti-behave-turn-rest-00, section 2.2): a name that says
until when, and its HMAC under a secret that the TURN server has too. Behind the time the name has a random
word, drawn anew for each join and kept nowhere: a TURN server can tell sessions apart, not whose they are.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

from livekit.protocol.rtc import ICEServer

_WORD_BYTES = 12


@dataclass(frozen=True, slots=True)
class TurnServers:
    """From the configuration. `urls` as RFC 7065 has them; none: clients are told of none."""

    urls: tuple[str, ...] = ()
    secret: str = field(default="", repr=False)
    seconds: int = 0  # that credentials are good for

    def told(self, now: float) -> list[ICEServer]:
        """For one client that joins at `now`, in seconds since the epoch."""
        if not self.urls:
            return []
        name = f"{int(now) + self.seconds}:{secrets.token_urlsafe(_WORD_BYTES)}"
        digest = hmac.digest(self.secret.encode(), name.encode(), hashlib.sha1)
        return [ICEServer(urls=self.urls, username=name, credential=base64.b64encode(digest).decode())]
