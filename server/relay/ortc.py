"""DTLS and SCTP of a relay: aiortc's transports on a shim.

aiortc gives the handshake, the fingerprint check and the data channels; the packet thread gives the
path (STUN, addresses, SRTP). Private names of aiortc that are used here are listed in the contract test
`tests/relay/test_aiortc_contract.py`, and the versions are pinned exactly.
"""

# ruff: noqa: E402 - the stand-ins come before aiortc

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from server.relay.stand_ins import keep_out

keep_out()

from aiortc import rtcdatachannel  # first: it and rtcsctptransport import each other
from aiortc import rtcdtlstransport as dtls
from aiortc import rtcsctptransport as sctp
from OpenSSL import SSL

from server._native import DataSession
from server.control.messages import (
    CipherSuite,
    DtlsRole,
    DtlsVersion,
    Fingerprint,
    FingerprintAlgorithm,
    FourWords,
    SrtpProfile,
)
from server.relay.lane import Lane
from server.relay.sctp_guard import check_packet
from server.relay.turns import Turns

DATA_PORT: Final = 5000
"""`a=sctp-port`, both sides."""

LONGEST_WAITING: Final = 64
"""Datagrams that wait for a handshake that is slower than its peer."""
LARGEST_FLIGHT: Final = 1200
"""Bytes of one DTLS datagram; a larger flight is split at record headers."""
LARGEST_DATAGRAM: Final = 1500
"""Bytes of a record of a peer's that are read, as aiortc does."""
READ_AT_ONCE: Final = 4096
"""Bytes of what OpenSSL has to send."""
CIPHER: Final = "ECDHE-ECDSA-AES128-GCM-SHA256"
"""That every peer has (RFC 8827 section 6.5), and whose records are read and written without OpenSSL."""
VERSION: Final = "DTLSv1.2"
AGREED: Final = (DtlsVersion.DTLS_1_2, CipherSuite.ECDHE_ECDSA_AES128_GCM_SHA256)
"""The same in the words of the control vocabulary: no handshake ends with others."""
DTLS_RECORD_HEADER: Final = 13
"""RFC 6347 section 4.1."""
LARGEST_MESSAGE: Final = 65_536
"""Bytes of a data-channel message we would send; what we forward is smaller."""

MOST_STREAMS: Final = 64
MOST_CHANNELS: Final = 16
WINDOW: Final = 256 * 1024
"""Bytes of the advertised receive window: 2.5 MB/s at a round trip of 100 ms."""
MOST_FRAGMENTS: Final = 1024
"""Chunks waiting to be put together, whatever their size: aiortc walks them all for each that comes."""
WINDOW_SLACK: Final = 65_536
"""Bytes a peer may exceed the advertised window by before it is cut off."""

# Preference of the passive side: the cheapest AEAD first.
_PROFILES: Final = [dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AEAD_AES_256_GCM, dtls.SRTP_AES128_CM_SHA1_80]
_PROFILE_NUMBERS: Final = {
    b"SRTP_AEAD_AES_128_GCM": SrtpProfile.AEAD_AES_128_GCM,
    b"SRTP_AEAD_AES_256_GCM": SrtpProfile.AEAD_AES_256_GCM,
    b"SRTP_AES128_CM_SHA1_80": SrtpProfile.AES_CM_128_HMAC_SHA1_80,
}
_PROTECTED: Final = frozenset((21, 23))  # alert, application data (RFC 5246 section 6.2.1)
_HANDSHAKE: Final = frozenset((20, 22))  # change of cipher, handshake
_ALGORITHMS: Final = {
    FingerprintAlgorithm.SHA_256: "sha-256",
    FingerprintAlgorithm.SHA_384: "sha-384",
    FingerprintAlgorithm.SHA_512: "sha-512",
}


@dataclass(frozen=True, slots=True)
class SrtpKeys:
    """Master keys and salts of both directions (RFC 5764 section 4.2), never printed."""

    profile: SrtpProfile
    rx_key: bytes = field(repr=False)
    rx_salt: bytes = field(repr=False)
    tx_key: bytes = field(repr=False)
    tx_salt: bytes = field(repr=False)


class Certificate(dtls.RTCCertificate):
    """One per process, with one SSL context: each context would cost a callback page and half a
    millisecond, and none can be made after the lock."""

    _context: SSL.Context | None = None

    def _create_ssl_context(self, srtp_profiles: list[Any]) -> SSL.Context:
        if self._context is None:
            self._context = super()._create_ssl_context(srtp_profiles)
            # OpenSSL would keep the master secret and certificate of twenty thousand past peers.
            self._context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
            self._context.set_options(SSL.OP_NO_TICKET)
            self._context.set_cipher_list(CIPHER.encode())
        return self._context

    def fingerprint(self) -> FourWords:
        """SHA-256, as the control vocabulary carries it."""
        digest = self.sha256()
        words = [int.from_bytes(digest[at : at + 8], "big") for at in range(0, 32, 8)]
        return FourWords(*words)

    def sha256(self) -> bytes:
        """SHA-256 of the DER form, 32 bytes."""
        value = next(each.value for each in self.getFingerprints() if each.algorithm == "sha-256")
        return bytes.fromhex(value.replace(":", ""))


class Path:
    """What aiortc's DTLS needs of an ICE transport, `_recv` and `role`, and what `Dtls` sends by.

    Who reads goes on at once, or, with `turns`, when it is its turn. Once there is somebody who opens what
    comes, that is done as it comes, and only what is left waits to be read.
    """

    role: Final = "controlled"

    def __init__(self, send: Callable[[bytes], None], turns: Turns | None = None) -> None:
        self._send_datagram = send
        self._turns = turns
        self._waits_for_turn = False
        self._take: Callable[[bytes], list[bytes | None]] | None = None
        self._waiting: deque[bytes | None] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._closed = False

    def push(self, datagram: bytes) -> None:
        """A datagram from the peer. Beyond the bound it is lost, as on any network."""
        if self._closed or not datagram or len(self._waiting) >= LONGEST_WAITING:
            return
        left = [datagram] if self._take is None else self._take(datagram)
        if not left:
            return
        self._waiting.extend(left)
        if self._turns is None:
            self._wake()
        elif not self._waits_for_turn:
            self._waits_for_turn = True
            self._turns.go_on(self._take_turn)

    def take_no_turns(self) -> None:
        """From now on whoever reads goes on at once: the handshake is over."""
        self._turns = None

    def opened_by(self, take: Callable[[bytes], list[bytes | None]]) -> None:
        """From now on what comes, and what has come, is given to `take` first, which must not raise. It tells
        what is left to be read, None for the end."""
        waiting, self._waiting = self._waiting, deque()
        self._take = take
        for datagram in waiting:
            self.push(datagram or b"")

    def close(self) -> None:
        """Whoever reads gets ConnectionError, after what has arrived."""
        self._closed = True
        self._wake()

    async def _recv(self) -> bytes:
        while not self._waiting:
            if self._closed:
                raise ConnectionError
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        datagram = self._waiting.popleft()
        if datagram is None:
            raise ConnectionError
        return datagram

    def send(self, datagram: bytes) -> None:
        """Raises ConnectionError where the path is closed."""
        if self._closed:
            raise ConnectionError
        self._send_datagram(datagram)

    def _take_turn(self) -> None:
        self._waits_for_turn = False
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Dtls(dtls.RTCDtlsTransport):
    """aiortc's DTLS with the keys handed out and flights of any size. After the handshake records are
    `session`'s; OpenSSL is only there to repeat its last flight until something has come from the peer."""

    def __init__(self, path: Path, certificate: Certificate, role: DtlsRole) -> None:
        super().__init__(path, [certificate])  # type: ignore[arg-type] # it uses three members
        self.keys: SrtpKeys | None = None
        self.session: DataSession | None = None
        self._path = path
        self._srtp_profiles = _PROFILES
        self._set_role("server" if role is DtlsRole.SERVER else "client")

    def _setup_srtp(self) -> None:
        """Exports the keys; makes no SRTP session, since the packet thread has its own."""
        ssl = self._ssl
        assert ssl is not None, "made before the handshake"
        name = ssl.get_selected_srtp_profile()
        profile = next((each for each in self._srtp_profiles if each.openssl_profile == name), None)
        agreed = (ssl.get_protocol_version_name(), ssl.get_cipher_name())
        master, client_random, server_random = ssl.master_key(), ssl.client_random(), ssl.server_random()
        if profile is None or agreed != (VERSION, CIPHER) or not (master and client_random and server_random):
            self._set_state(dtls.State.FAILED)
            return
        size = 2 * (profile.key_length + profile.salt_length)
        block = ssl.export_keying_material(b"EXTRACTOR-dtls_srtp", size)
        client, server = profile.get_key_and_salt(block, 0), profile.get_key_and_salt(block, 1)
        is_server = self._role == "server"
        rx, tx = (client, server) if is_server else (server, client)
        cut = profile.key_length
        self.keys = SrtpKeys(_PROFILE_NUMBERS[name], rx[:cut], rx[cut:], tx[:cut], tx[cut:])
        self.session = DataSession(
            is_server=is_server, master=master, client_random=client_random, server_random=server_random
        )
        self._path.opened_by(self._opened)

    async def stop(self) -> None:
        if self.session is not None and self._state == dtls.State.CONNECTED:
            self._ssl = None  # else it would say goodbye, too, by a number that is behind
            with contextlib.suppress(ConnectionError):
                self._path.send(self.session.goodbye())
        await super().stop()

    async def _recv_next(self) -> None:
        """As aiortc's until the handshake is over; then what `_opened` has left."""
        if self.session is None:
            await super()._recv_next()
            return
        packet = await self.transport._recv()
        if self._data_receiver is not None:
            await self._data_receiver._handle_data(packet)

    def _opened(self, datagram: bytes) -> list[bytes | None]:
        """Packets of SCTP that are left to do something about, None at the end."""
        assert self.session is not None, "opened by it"
        if datagram[0] in _PROTECTED:
            left = self.session.receive(datagram, time.monotonic())
            if left is None:
                return []
            self._ssl = None  # who sends has got the last flight
            return left
        if datagram[0] in _HANDSHAKE and self._ssl is not None:
            self._ssl.bio_write(datagram)
            with contextlib.suppress(SSL.Error):
                self._ssl.recv(LARGEST_DATAGRAM)
            self._write()
        return []

    async def _send_data(self, data: bytes) -> None:
        if self.session is None or self._state != dtls.State.CONNECTED:
            raise ConnectionError
        self._path.send(self.session.seal(data))

    async def _write_ssl(self) -> None:
        self._write()

    def _write(self) -> None:
        """Sends what OpenSSL wrote. Its memory queue forgets datagram borders, so cut at records."""
        for datagram in split_flight(self._written()):
            self._path.send(datagram)

    def _written(self) -> bytes:
        """What OpenSSL has to send. Where less comes than was asked for there is no more."""
        assert self._ssl is not None, "made before the handshake"
        flight = b""
        while len(flight) % READ_AT_ONCE == 0:
            try:
                flight += self._ssl.bio_read(READ_AT_ONCE)
            except SSL.Error:
                break
        return flight


def split_flight(flight: bytes) -> list[bytes]:
    """Whole DTLS 1.2 records, as many to a datagram as fit (RFC 6347 section 4.1.1)."""
    if 0 < len(flight) <= LARGEST_FLIGHT:
        return [flight]
    datagrams: list[bytes] = []
    start = end = 0
    while end < len(flight):
        length = int.from_bytes(flight[end + 11 : end + 13], "big")
        after = min(end + DTLS_RECORD_HEADER + length, len(flight))
        if end > start and after - start > LARGEST_FLIGHT:
            datagrams.append(flight[start:end])
            start = end
        end = after
    if end > start:
        datagrams.append(flight[start:end])
    return datagrams


class Sctp(sctp.RTCSctpTransport):
    """aiortc's SCTP with a hostile peer in mind: whatever it does ends SCTP, and media lives on."""

    def __init__(self, transport: Dtls) -> None:
        super().__init__(transport, DATA_PORT)
        assert transport.session is not None, "made after the handshake"
        self._advertised_rwnd = WINDOW
        self.lane = Lane(self, transport.session)

    async def _handle_data(self, data: bytes) -> None:
        self.lane.take_back()
        try:
            check_packet(data, self._local_tsn)
            await super()._handle_data(data)
            if self._exceeds_bounds():
                raise ValueError("the peer ignores the receive window")
        except ConnectionError:
            raise
        except Exception:
            await self.abandon()
        self.lane.lend()

    async def abandon(self) -> None:
        """Ends SCTP for good; never raises."""
        self.lane.give_up()
        try:
            await self.stop()
        except Exception:
            self._unregister()

    async def _data_channel_receive(self, stream_id: int, pp_id: int, data: bytes) -> None:
        if pp_id == sctp.WEBRTC_DCEP and len(self._data_channels) >= MOST_CHANNELS:
            raise ValueError("too many data channels")
        await super()._data_channel_receive(stream_id, pp_id, data)

    def _exceeds_bounds(self) -> bool:
        streams = self._inbound_streams
        return (
            self._advertised_rwnd < -WINDOW_SLACK
            or len(streams) > MOST_STREAMS
            or len(self._sack_misordered) > MOST_FRAGMENTS
            or sum(len(stream.reassembly) for stream in streams.values()) > MOST_FRAGMENTS
        )

    def _unregister(self) -> None:
        self.transport._unregister_data_receiver(self)


class DataChannel:
    """A data channel of one transport: a label, messages in, messages out with a bound."""

    def __init__(self, channel: Any, association: Sctp) -> None:
        self._channel = channel
        self._association = association
        self.label: str = channel.label

    @property
    def is_open(self) -> bool:
        return bool(self._channel.readyState == "open")

    def on_message(self, receive: Callable[[bytes], None]) -> None:
        """Binary messages only: LiveKit sends no others."""
        self._channel.on("message", lambda data: receive(data) if isinstance(data, bytes) else None)

    def on_open(self, opened: Callable[[], None]) -> None:
        self._channel.on("open", opened)

    def send(self, message: bytes, most_buffered: int) -> bool:
        """Queues a message of an open channel; False where its reader is too slow."""
        if self._channel.bufferedAmount + len(message) > most_buffered:
            return False
        self._association.lane.take_back()
        self._channel.send(message)
        return True

    def join_lane(self, reliable: bool) -> None:
        """Small messages to many may go out on it together."""
        self._association.lane.add(self._channel, reliable)


def peer_parameters(fingerprints: list[Fingerprint]) -> Any:
    """aiortc's form of what the peer's description says of its certificate."""
    return dtls.RTCDtlsParameters(
        fingerprints=[
            dtls.RTCDtlsFingerprint(_ALGORITHMS[each.algorithm], each.digest.hex(":").upper())
            for each in fingerprints
        ]
    )


def open_channel(association: Sctp, label: str, reliable: bool) -> DataChannel:
    """Opens a channel towards the peer: ordered, or unordered without retransmission."""
    parameters = rtcdatachannel.RTCDataChannelParameters(
        label=label, ordered=reliable, maxRetransmits=None if reliable else 0
    )
    return DataChannel(rtcdatachannel.RTCDataChannel(association, parameters), association)


async def start_association(association: Sctp) -> None:
    """Begins the SCTP handshake over the connected DTLS transport."""
    await association.start(sctp.RTCSctpCapabilities(maxMessageSize=LARGEST_MESSAGE), DATA_PORT)
