"""What is said of a transport, in closed words."""

from __future__ import annotations

from enum import StrEnum


class Direction(StrEnum):
    """Which of the transports of a participant, as its client sees them."""

    PUBLISHER = "publisher"  # it sends by it
    SUBSCRIBER = "subscriber"  # it receives by it
    BOTH = "both"  # it has one


class TransportEnd(StrEnum):
    """Why it is over."""

    CLOSED = "closed"  # with the session
    CLIENT_CLOSED = "client_closed"
    CONSENT_LOST = "consent_lost"  # nothing was heard of the client for half a minute
    HANDSHAKE_FAILED = "handshake_failed"
    NEVER_REACHED = "never_reached"  # no connectivity check of the client arrived
    NEVER_KEYED = "never_keyed"  # it was reached, and over before the handshake was
    REFUSED = "refused"  # the relay had no room
    RELAY_LOST = "relay_lost"
    SERVER_CRASH = "server_crash"  # written at the next start


class Protocol(StrEnum):
    UNKNOWN = "unknown"
    UDP = "udp"
    TCP = "tcp"  # to the relay itself; by a TURN server it is udp that arrives


class Family(StrEnum):
    UNKNOWN = "unknown"
    IPV4 = "ipv4"
    IPV6 = "ipv6"


class Candidate(StrEnum):
    """Of the client's candidates, which kind it was reached at."""

    UNKNOWN = "unknown"  # also where the client hides its addresses
    HOST = "host"
    SERVER_REFLEXIVE = "server_reflexive"
    PEER_REFLEXIVE = "peer_reflexive"
    RELAYED = "relayed"


class Dtls(StrEnum):
    UNKNOWN = "unknown"
    DTLS_1_0 = "dtls_1_0"
    DTLS_1_2 = "dtls_1_2"
    DTLS_1_3 = "dtls_1_3"


class Cipher(StrEnum):
    """Of the handshake and of data messages."""

    UNKNOWN = "unknown"
    ECDHE_ECDSA_AES128_GCM_SHA256 = "ecdhe_ecdsa_aes128_gcm_sha256"
    ECDHE_ECDSA_CHACHA20_POLY1305 = "ecdhe_ecdsa_chacha20_poly1305"
    ECDHE_ECDSA_AES128_SHA = "ecdhe_ecdsa_aes128_sha"
    ECDHE_ECDSA_AES256_SHA = "ecdhe_ecdsa_aes256_sha"


class Srtp(StrEnum):
    """Of sound and video."""

    NONE = "none"  # no keys were agreed on
    AES_CM_128_HMAC_SHA1_80 = "aes_cm_128_hmac_sha1_80"
    AEAD_AES_128_GCM = "aead_aes_128_gcm"
    AEAD_AES_256_GCM = "aead_aes_256_gcm"


class Numbers(StrEnum):
    """Whether a row has any."""

    TOLD = "told"
    UNKNOWN = "unknown"  # the relay did not live to tell them, or may not tell so many: all are 0
