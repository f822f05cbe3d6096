"""Addresses as pseudonyms: an address has the same one until the key is replaced, and nobody keeps the key.

    pseudonym = AES-128(key, address as 16 bytes)        in hexadecimal, 32 digits

That is ipcrypt-deterministic of draft-denis-ipcrypt: a permutation, so two addresses never have the same one.
The key is drawn at the start and exists in memory only, as the key schedule of one cipher of OpenSSL, which
wipes it when it is given up: after `hours`, and then another is drawn. Until then whoever reads the memory of
this process can tell which address a pseudonym is; afterwards nobody can.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES128

from server.network.address import Address

KEY_BYTES: Final = 16
LOOK_SECONDS: Final = 60.0
"""So often at least the clock is looked at: timers stand still while a machine sleeps."""
_MAPPED: Final = bytes(10) + b"\xff\xff"  # before an IPv4 address in 16 bytes (RFC 4291, 2.5.5.2)


def _draw(key: bytearray) -> None:
    """Fills it with no copy left behind, as one of the functions that return bytes would leave."""
    with Path("/dev/urandom").open("rb", buffering=0) as source:
        if source.readinto(key) != len(key):
            raise OSError("the kernel gave less randomness than was asked for")


def _elapsed() -> float:
    """Seconds since the machine started, sleep included. Nobody can set that clock."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Pseudonyms:
    """`elapsed` gives seconds that only grow; `draw` fills a key."""

    def __init__(
        self,
        hours: int,
        elapsed: Callable[[], float] = _elapsed,
        draw: Callable[[bytearray], None] = _draw,
    ) -> None:
        self._seconds = hours * 3600.0
        self._elapsed = elapsed
        self._draw = draw
        self._drawn_at = elapsed()
        self._cipher = self._drawn()

    def of(self, address: Address) -> str:
        """The pseudonym of an address, until the key is replaced."""
        self.replace_if_due()
        block = _MAPPED + address.packed if address.version == 4 else address.packed
        return self._cipher.update(block).hex()

    def replace_if_due(self) -> None:
        """Destroys the key when its time is over, and draws another."""
        now = self._elapsed()
        if now - self._drawn_at >= self._seconds:
            self._cipher.finalize()  # OpenSSL frees the cipher here, and wipes what it held
            self._drawn_at = now
            self._cipher = self._drawn()

    async def keep_replacing(self) -> None:
        """For ever, whether anybody joins or not."""
        while True:
            left = self._seconds - (self._elapsed() - self._drawn_at)
            await asyncio.sleep(min(max(left, 0.0), LOOK_SECONDS))
            self.replace_if_due()

    def _drawn(self) -> CipherContext:
        key = bytearray(KEY_BYTES)
        self._draw(key)
        try:
            # One block at a time and no two alike: a mode has nothing to chain.
            return Cipher(AES128(key), modes.ECB()).encryptor()  # noqa: S305
        finally:
            key[:] = bytes(KEY_BYTES)
