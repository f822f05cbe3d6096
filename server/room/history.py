"""What became of one transport of a participant, as far as signaling sees it: when it was reached, what was
agreed on, and how it ended."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto

from server.control.messages import (
    MOST_CANDIDATES,
    CipherSuite,
    DtlsVersion,
    RemoteCandidate,
    SrtpProfile,
    TransportPhase,
    TransportState,
)


class Side(Enum):
    """As the client sees it: by which transport it sends, and by which it receives."""

    PUBLISHER = auto()
    SUBSCRIBER = auto()
    BOTH = auto()


class End(Enum):
    """Why a transport is over."""

    CLOSED = auto()  # with the session
    CLIENT_CLOSED = auto()
    CONSENT_LOST = auto()
    HANDSHAKE_FAILED = auto()
    NEVER_REACHED = auto()
    NEVER_KEYED = auto()
    REFUSED = auto()  # the relay had no room
    RELAY_LOST = auto()


_ENDS = {
    TransportPhase.FAILED: End.HANDSHAKE_FAILED,
    TransportPhase.LOST: End.CONSENT_LOST,
    TransportPhase.LEFT: End.CLIENT_CLOSED,
}


class History:
    """`began_at` in seconds since the epoch. What happened after, so many milliseconds; 0: it did not."""

    def __init__(self, side: Side, began_at: float) -> None:
        self.side = side
        self.began_at = began_at
        self.reachable_after = 0
        self.keyed_after = 0
        self.srtp_profile = SrtpProfile.NONE
        self.dtls_version = DtlsVersion.UNKNOWN
        self.cipher_suite = CipherSuite.UNKNOWN
        self.is_refused = False
        self._end: End | None = None
        self._candidates = 0

    def note(self, state: TransportState, now: float) -> None:
        """The relay has told how it is."""
        after = max(1, round((now - self.began_at) * 1000))
        if state.phase is TransportPhase.REACHABLE:
            self.reachable_after = self.reachable_after or after
        elif state.phase is TransportPhase.CONNECTED:
            self.keyed_after = self.keyed_after or after
            self.srtp_profile, self.dtls_version = state.srtp_profile, state.dtls_version
            self.cipher_suite = state.cipher_suite
        else:
            self._end = self._end or _ENDS[state.phase]

    def end(self, *, relay_lost: bool) -> End:
        """Why it is over now; what ended it first counts."""
        if self.is_refused:
            return End.REFUSED
        if self._end is not None:
            return self._end
        if relay_lost:
            return End.RELAY_LOST
        if self.keyed_after:
            return End.CLOSED
        return End.NEVER_KEYED if self.reachable_after else End.NEVER_REACHED

    def admit(self, candidates: Iterable[RemoteCandidate]) -> list[RemoteCandidate]:
        """Those that the relay may still be told of. Counted, and kept nowhere here."""
        admitted = list(candidates)[: MOST_CANDIDATES - self._candidates]
        self._candidates += len(admitted)
        return admitted
