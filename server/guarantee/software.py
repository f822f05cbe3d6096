"""What is running, as digests that a release manifest can be held against. PURE.

A digest is that of a listing as `sha256sum` prints it: a line `<sha256 of the file>  <path>` for each file,
sorted by the bytes of the path, so that anybody can make it again without this program.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Package:
    """An installed distribution: its name as PEP 503 normalises it, and the digest of its files."""

    name: str
    version: str
    digest: str


@dataclass(frozen=True, slots=True)
class Software:
    """The files of this server as they were read at `read_at`, seconds since the epoch.

    `code` is over the package `server` (Python, web client) without the extension, which is of one platform.
    `changed_at` is when files were first found to differ from those read at the start; None if they do not.
    """

    version: str
    platform: str
    code: str
    extension: str
    packages: tuple[Package, ...]
    read_at: float
    changed_at: float | None = None

    def is_same_as(self, other: Software) -> bool:
        """Whether the files are the same, whenever they were read."""
        return (self.code, self.extension, self.packages) == (other.code, other.extension, other.packages)


def digest_of(files: Mapping[str, str]) -> str:
    """`files` is SHA-256 in hexadecimal by path, with slashes."""
    lines = (f"{files[path]}  {path}\n" for path in sorted(files, key=str.encode))
    return "sha256:" + hashlib.sha256("".join(lines).encode()).hexdigest()
