"""How transports and tracks went, as events of the ledger: what a room saw, and what its relay counted."""

from __future__ import annotations

from msgspec import structs

from server.control.messages import PathKind, ProducerEnded
from server.metadata.rows.row import DAY_MS
from server.metadata.rows.tracks import TrackUnpublished
from server.metadata.rows.transports import TransportEnded
from server.metadata.transport_words import (
    Candidate,
    Cipher,
    Direction,
    Dtls,
    Family,
    Numbers,
    Protocol,
    Srtp,
    TransportEnd,
)
from server.room import effects

_PATHS = {
    PathKind.NONE: (Protocol.UNKNOWN, Family.UNKNOWN),
    PathKind.UDP_IPV4: (Protocol.UDP, Family.IPV4),
    PathKind.UDP_IPV6: (Protocol.UDP, Family.IPV6),
    PathKind.TCP_IPV4: (Protocol.TCP, Family.IPV4),
    PathKind.TCP_IPV6: (Protocol.TCP, Family.IPV6),
}


def track_unpublished(fact: effects.TrackUnpublished) -> TrackUnpublished:
    """The event that says it; without numbers where the relay told none."""
    told = fact.numbers or ProducerEnded(1, False, 0, 0, 0, 0, 0, 0, 0, 0)
    return TrackUnpublished(
        room=fact.room,
        identity=fact.identity,
        participant=fact.sid,
        track=fact.track,
        milliseconds=milliseconds(fact.seconds),
        muted_percent=_percent(fact.muted_seconds, fact.seconds),
        numbers=Numbers.TOLD if told.measured else Numbers.UNKNOWN,
        layers=told.layers,
        packets=told.packets,
        bytes=told.bytes,
        packets_lost=told.packets_lost,
        packets_resent=told.packets_resent,
        jitter=told.jitter,
        key_frames=told.key_frames,
        key_frames_asked=told.key_frames_asked,
    )


def transport_ended(fact: effects.TransportClosed) -> TransportEnded:
    """The same of a transport."""
    without = TransportEnded(
        room=fact.room,
        identity=fact.identity,
        participant=fact.sid,
        direction=Direction(fact.side.name.lower()),
        end=TransportEnd(fact.end.name.lower()),
        milliseconds=milliseconds(fact.seconds),
        ice_milliseconds=min(fact.reachable_after, DAY_MS),
        dtls_milliseconds=min(fact.keyed_after, DAY_MS),
        dtls=Dtls(fact.dtls_version.name.lower()),
        cipher=Cipher(fact.cipher_suite.name.lower()),
        srtp=Srtp(fact.srtp_profile.name.lower()),
    )
    told = fact.numbers
    if told is None:
        return without
    protocol, family = _PATHS[told.path]
    return structs.replace(
        without,
        protocol=protocol,
        family=family,
        candidate=Candidate(told.candidate.name.lower()),
        numbers=Numbers.TOLD,
        packets_received=told.packets_received,
        bytes_received=told.bytes_received,
        packets_sent=told.packets_sent,
        bytes_sent=told.bytes_sent,
        packets_lost=told.packets_lost,
        packets_resent=told.packets_resent,
        round_trip_last=told.round_trip_last,
        round_trip_worst=told.round_trip_worst,
    )


def milliseconds(seconds: float) -> int:
    """Never less than none."""
    return max(0, round(seconds * 1000))


def _percent(part: float, whole: float) -> int:
    return min(100, round(part / whole * 100)) if whole > 0 else 0
