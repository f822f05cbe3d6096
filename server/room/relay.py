"""What a room must know of the relay it lives on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from server import ids
from server.control.messages import DtlsRole, Fingerprint, FingerprintAlgorithm
from server.sdp import model


class RelayFace(Protocol):
    """The relay that holds a room's transports; the requests themselves are effects."""

    @property
    def number(self) -> int:
        """1, 2, …: the place of the relay; a replacement takes the same number."""

    @property
    def generation(self) -> int:
        """Counts the processes that have had this number."""

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of the DTLS certificate, 32 bytes."""

    @property
    def candidates(self) -> tuple[model.Candidate, ...]:
        """Where clients reach it, best first."""

    def new_id(self) -> int:
        """A fresh identifier; notifications that name it come back to this room."""

    def free_id(self, number: int) -> None:
        """What the identifier named is gone."""


class Registry:
    """The identifiers a room uses on one relay, and what each names."""

    def __init__(self, relay: RelayFace) -> None:
        self.relay = relay
        self._named: dict[int, object] = {}

    def new(self, thing: object) -> int:
        """A fresh identifier for a thing."""
        number = self.relay.new_id()
        self._named[number] = thing
        return number

    def get(self, number: int) -> object | None:
        """The thing, or None when it is already gone: a relay may speak of it once more."""
        return self._named.get(number)

    def drop(self, number: int) -> None:
        """The thing is gone."""
        if number in self._named:
            del self._named[number]
            self.relay.free_id(number)

    def retire(self, number: int) -> None:
        """The thing is gone, and its end is yet to be told of: the identifier is kept until it is dropped."""
        if number in self._named:
            self._named[number] = None

    def clear(self) -> None:
        """Everything is gone."""
        for number in list(self._named):
            self.drop(number)


_ALGORITHMS = {
    "sha-256": FingerprintAlgorithm.SHA_256,
    "sha-384": FingerprintAlgorithm.SHA_384,
    "sha-512": FingerprintAlgorithm.SHA_512,
}
MAX_FINGERPRINTS = 4  # as ConnectTransport bounds them


def local_transport(relay: RelayFace) -> model.LocalTransport:
    """Fresh ICE credentials with the relay's certificate and addresses."""
    return model.LocalTransport(
        ice_ufrag=ids.ice_ufrag(),
        ice_pwd=ids.ice_pwd(),
        fingerprint=relay.fingerprint,
        candidates=relay.candidates,
    )


def remote_fingerprints(described: Iterable[model.Fingerprint]) -> list[Fingerprint]:
    """The fingerprints that a relay can check. Raises SdpError when there is none."""
    known = dict.fromkeys(
        Fingerprint(_ALGORITHMS[one.algorithm], one.digest)
        for one in described
        if one.algorithm in _ALGORITHMS
    )
    if not known:
        raise model.SdpError("the description has no fingerprint of SHA-256, SHA-384 or SHA-512")
    return list(known)[:MAX_FINGERPRINTS]


def dtls_role(setup: model.Setup) -> DtlsRole:
    """The relay's own side of the handshake (RFC 8842 section 5)."""
    return DtlsRole.CLIENT if setup is model.Setup.ACTIVE else DtlsRole.SERVER
