"""The key that statements and privacy receipts are signed with, kept in one PEM file.

The file holds the private key first. Public keys after it have retired: nothing new is signed with them,
and what they signed stays checkable for as long as they stand there.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from server.errors import OperatorError
from server.guarantee import jws
from server.guarantee.jws import SignatureError

__all__ = ["MOST_RETIRED", "SignatureError", "Signer"]

MOST_RETIRED = 32
_LARGEST = 64 * 1024
_BLOCK = re.compile(r"-----BEGIN (PRIVATE|PUBLIC) KEY-----\n[A-Za-z0-9+/=\n]+-----END \1 KEY-----\n?")
_NEW_ONE = "or move it away: a new key is made at the next start, and what the old one signed is then refused"


class Signer:
    """Signs with one key, and names the keys that anybody can check with."""

    def __init__(self, private: Ed25519PrivateKey, retired: Sequence[Ed25519PublicKey] = ()) -> None:
        self._private = private
        keys = [jws.public_jwk(key) for key in (private.public_key(), *retired)]
        self._keys = list({key["kid"]: key for key in keys}.values())
        self.kid = keys[0]["kid"]

    @classmethod
    def generate(cls) -> Self:
        """A key that lives as long as the process."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def load_or_create(cls, path: Path) -> Self:
        """The key of the file, which is made where there is none, for its owner only.

        Raises OperatorError, with what to do, for a file that others can read or that holds something else.
        """
        try:
            text = _read(path)
            if text is None:
                _create(path)
                text = _read(path)
        except OSError as error:
            raise _refused(path, f"cannot be read or made: {error.strerror}") from None
        if text is None:
            raise _refused(path, "has been removed while it was read")
        return cls(*_keys(path, text))

    def sign(self, claims: Mapping[str, object], *, typ: str) -> str:
        """A compact JWS of `claims` as JSON (RFC 7515 section 7.1). `typ` says what is signed, so that one
        kind of content is never taken for another (RFC 8725 section 3.11)."""
        return jws.encode(self._private, self.kid, claims, typ)

    def verify(self, compact: str, *, typ: str) -> dict[str, Any]:
        """The claims of what this key, or a retired one, has signed as `typ`. Raises SignatureError."""
        return jws.decode(compact, self.jwks(), typ=typ)

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The public keys, the one in use first (RFC 7517 section 5)."""
        return {"keys": [dict(key) for key in self._keys]}

    def __repr__(self) -> str:
        """The key never prints."""
        return f"<Signer {self.kid}>"


def _refused(path: Path, reason: str) -> OperatorError:
    return OperatorError(f"the signing key {path} ([guarantee] signing_key) {reason}")


def _read(path: Path) -> str | None:
    """None where there is no file. Raises OSError, and OperatorError unless it is its owner's alone."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    try:
        _check_kind(path, os.fstat(descriptor).st_mode)
        content = os.read(descriptor, _LARGEST + 1)
    finally:
        os.close(descriptor)
    if len(content) > _LARGEST:
        raise _refused(path, f"is too long for a key: put the right file there, {_NEW_ONE}")
    return content.decode("ascii", "replace").replace("\r\n", "\n")


def _check_kind(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise _refused(path, "is not a regular file: name a file")
    if mode & 0o077:
        remedy = f"`chmod 600 {path}`, if nobody has had it; {_NEW_ONE}"
        raise _refused(path, f"can be read or changed by others: {remedy}")


def _create(path: Path) -> None:
    """Whole or not at all, also where two servers start at once: the first wins. Raises OSError."""
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(descriptor)
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        os.unlink(draft)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _keys(path: Path, text: str) -> tuple[Ed25519PrivateKey, list[Ed25519PublicKey]]:
    """Raises OperatorError for anything but one private key and then public ones, all Ed25519."""
    wanted = "one Ed25519 private key in PEM, and retired public ones"
    wrong = _refused(path, f"is not {wanted}: repair it, {_NEW_ONE}")
    found = list(_BLOCK.finditer(text))
    kinds = [block[1] for block in found]
    between = [line for line in _BLOCK.sub("", text).splitlines() if line.strip() and line[0] != "#"]
    if between or kinds[:1] != ["PRIVATE"] or "PRIVATE" in kinds[1:] or len(kinds) > 1 + MOST_RETIRED:
        raise wrong
    blocks = [block[0].encode() for block in found]
    try:
        private = serialization.load_pem_private_key(blocks[0], password=None)
        retired = [serialization.load_pem_public_key(block) for block in blocks[1:]]
    except (ValueError, TypeError):
        raise wrong from None
    if not isinstance(private, Ed25519PrivateKey):
        raise wrong
    public = [key for key in retired if isinstance(key, Ed25519PublicKey)]
    if len(public) != len(retired):
        raise wrong
    return private, public
