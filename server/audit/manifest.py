"""The release manifest: digests that a server's statement is held against. PURE.

    {"manifest": 1, "version": "…", "code": "sha256:…", "platforms": {"cpython-311-linux-x86_64": {
      "extension": "sha256:…", "filters": "sha256:…", "packages": [{"name": …, "version": …, "digest": …}]}}}

`code` is the same everywhere. What is compiled differs by platform: an entry for each that was built, so
that the manifests of several builds of one release can be put together.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, structs

from server.errors import OperatorError
from server.guarantee.software import Package, Software

VERSION = 1
LARGEST = 4 * 1024 * 1024

Digest = Annotated[str, Meta(pattern=r"^sha256:[0-9a-f]{64}$")]


class PackageDigest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A pinned package."""

    name: str
    version: str
    digest: Digest


class Platform(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was built for one interpreter, system and architecture. `filters` is the digest of the system
    call filters that a locked relay has set."""

    extension: Digest
    filters: Digest
    packages: tuple[PackageDigest, ...]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One release."""

    manifest: int
    version: str
    code: Digest
    platforms: dict[str, Platform]


def manifest_of(software: Software, filters: bytes) -> Manifest:
    """Of the platform that the software was read on."""
    packages = tuple(PackageDigest(one.name, one.version, one.digest) for one in software.packages)
    platform = Platform(software.extension, f"sha256:{filters.hex()}", packages)
    return Manifest(VERSION, software.version, software.code, {software.platform: platform})


def to_json(manifest: Manifest) -> bytes:
    """As it is published."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def from_json(content: bytes) -> Manifest:
    """Raises OperatorError."""
    if len(content) > LARGEST:
        raise OperatorError("the manifest is too long")
    try:
        manifest = msgspec.json.decode(content, type=Manifest)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise OperatorError(f"this is no release manifest: {error}") from None
    if manifest.manifest != VERSION:
        raise OperatorError(f"this manifest is of version {manifest.manifest}; {VERSION} is read here")
    return manifest


def packages_by_name(platform: Platform) -> dict[str, Package]:
    """For comparison with what a statement names."""
    return {one.name: Package(**structs.asdict(one)) for one in platform.packages}
