"""Names of people and rooms as the access log has them: HMAC-SHA256 with a key of the month. PURE.

With the key, whoever asks "who looked at ada?" is answered. When a month has expired its key is destroyed,
and nobody can tell any more whose pseudonym it was, not even by trying names.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

MONTH_PATTERN = r"^[0-9]{4}-[0-9]{2}$"
_KEY_BYTES = 32
_Keys = dict[Annotated[str, Meta(pattern=MONTH_PATTERN)], Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]]


class Pseudonyms:
    """The keys that still live, by month (UTC)."""

    def __init__(self, keys: dict[str, str]) -> None:
        self._keys = keys

    @classmethod
    def of(cls, content: bytes | None) -> Pseudonyms:
        """Raises ValueError for what is not a file of keys; None begins one."""
        try:
            return cls({} if content is None else msgspec.json.decode(content, type=_Keys))
        except msgspec.MsgspecError:
            raise ValueError("not a file of keys") from None

    def content(self) -> bytes:
        return msgspec.json.encode(self._keys)

    def begin(self, month: str) -> bool:
        """Whether a key had to be drawn for it."""
        if month in self._keys:
            return False
        self._keys[month] = secrets.token_hex(_KEY_BYTES)
        return True

    def forget(self, but: Iterable[str]) -> bool:
        """Destroys the keys of all months but these. Whether there was one."""
        gone = self._keys.keys() - set(but)
        for month in gone:
            del self._keys[month]
        return bool(gone)

    def of_room(self, month: str, name: str) -> str:
        return self._pseudonym(month, "room", name)

    def of_identity(self, month: str, name: str) -> str:
        return self._pseudonym(month, "identity", name)

    def months(self) -> list[str]:
        return sorted(self._keys)

    def _pseudonym(self, month: str, kind: str, name: str) -> str:
        text = f"{kind}\0{name}".encode("utf-8", "surrogatepass")
        return hmac.new(bytes.fromhex(self._keys[month]), text, hashlib.sha256).hexdigest()[:32]

    def __repr__(self) -> str:
        """Keys never print."""
        return f"<Pseudonyms of {len(self._keys)} months>"


def month_of(milliseconds: int) -> str:
    """`2026-11`."""
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m}"
