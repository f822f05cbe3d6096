"""DTLS and SCTP of a relay: aiortc's transports on a shim.

aiortc gives the handshake, the fingerprint check and the data channels; the packet thread gives the
path (STUN, addresses, SRTP). Private names of aiortc that are used here are listed in the contract test
`tests/relay/test_aiortc_contract.py`, and the versions are pinned exactly.
"""

# ruff: noqa: E402 - the stand-ins come before aiortc

from __future__ import annotations

import asyncio
import contextlib
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

from server.control.messages import (
    CipherSuite,
    DtlsRole,
    DtlsVersion,
    Fingerprint,
    FingerprintAlgorithm,
    FourWords,
    SrtpProfile,
)
from server.relay.alarm import Alarm
from server.relay.sctp_guard import check_packet
from server.relay.sctp_packets import DATA_PORT, Message, read_plain_sack
from server.relay.turns import Turns

LONGEST_WAITING: Final = 64
"""Datagrams that wait for a handshake that is slower than its peer."""
LARGEST_FLIGHT: Final = 1200
"""Bytes of one DTLS datagram; a larger flight is split at record headers."""
LARGEST_DATAGRAM: Final = 1500
"""Bytes of a record of a peer's that are read, as aiortc does."""
READ_AT_ONCE: Final = 4096
"""Bytes of what OpenSSL has to send."""
DTLS_RECORD_HEADER: Final = 13
"""RFC 6347 section 4.1."""
LARGEST_MESSAGE: Final = 65_536
"""Bytes of a data-channel message we would send; what we forward is smaller."""

MOST_UNDER_WAY: Final = 8
"""Chunks that were sent and not acknowledged, up to which a message is sent at once."""

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
_VERSIONS: Final = {
    "DTLSv1": DtlsVersion.DTLS_1_0,
    "DTLSv1.2": DtlsVersion.DTLS_1_2,
    "DTLSv1.3": DtlsVersion.DTLS_1_3,
}
_CIPHERS: Final = {
    "ECDHE-ECDSA-AES128-GCM-SHA256": CipherSuite.ECDHE_ECDSA_AES128_GCM_SHA256,
    "ECDHE-ECDSA-CHACHA20-POLY1305": CipherSuite.ECDHE_ECDSA_CHACHA20_POLY1305,
    "ECDHE-ECDSA-AES128-SHA": CipherSuite.ECDHE_ECDSA_AES128_SHA,
    "ECDHE-ECDSA-AES256-SHA": CipherSuite.ECDHE_ECDSA_AES256_SHA,
}
_ALGORITHMS: Final = {
    FingerprintAlgorithm.SHA_256: "sha-256",
    FingerprintAlgorithm.SHA_384: "sha-384",
    FingerprintAlgorithm.SHA_512: "sha-512",
}


@dataclass(frozen=True, slots=True)
class SrtpKeys:
    """Master keys and salts of both directions (RFC 5764 section 4.2), never printed, and what the handshake
    agreed on."""

    profile: SrtpProfile
    version: DtlsVersion
    cipher: CipherSuite
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

    Who reads goes on at once, or, with `turns`, when it is its turn. Once there is somebody who decrypts what
    comes, that is done as it comes, and only the rest waits to be read.
    """

    role: Final = "controlled"

    def __init__(self, send: Callable[[bytes], None], turns: Turns | None = None) -> None:
        self._send_datagram = send
        self._turns = turns
        self._waits_for_turn = False
        self._decrypt: Callable[[bytes], bytes | None] | None = None
        self._waiting: deque[bytes | None] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._closed = False

    def push(self, datagram: bytes) -> None:
        """A datagram from the peer. Beyond the bound it is lost, as on any network."""
        if self._closed or not datagram or len(self._waiting) >= LONGEST_WAITING:
            return
        plain: bytes | None = datagram
        if self._decrypt is not None and (plain := self._decrypt(datagram)) == b"":
            return
        self._waiting.append(plain)
        if self._turns is None:
            self._wake()
        elif not self._waits_for_turn:
            self._waits_for_turn = True
            self._turns.go_on(self._take_turn)

    def take_no_turns(self) -> None:
        """From now on whoever reads goes on at once: the handshake is over."""
        self._turns = None

    def decrypted_by(self, decrypt: Callable[[bytes], bytes | None]) -> None:
        """From now on what comes, and what has come, is given to `decrypt` first, which must not raise. It
        tells what is left to be read: nothing (empty), or that there is no more (None)."""
        waiting, self._waiting = self._waiting, deque()
        self._decrypt = decrypt
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
    """aiortc's DTLS with the keys handed out and flights of any size."""

    def __init__(self, path: Path, certificate: Certificate, role: DtlsRole) -> None:
        super().__init__(path, [certificate])  # type: ignore[arg-type] # it uses three members
        self.keys: SrtpKeys | None = None
        self._path = path
        self._is_settled = False
        self._srtp_profiles = _PROFILES
        self._set_role("server" if role is DtlsRole.SERVER else "client")

    def _setup_srtp(self) -> None:
        """Exports the keys; makes no SRTP session, since the packet thread has its own."""
        assert self._ssl is not None, "made before the handshake"
        name = self._ssl.get_selected_srtp_profile()
        profile = next((each for each in self._srtp_profiles if each.openssl_profile == name), None)
        if profile is None:
            self._set_state(dtls.State.FAILED)
            return
        size = 2 * (profile.key_length + profile.salt_length)
        block = self._ssl.export_keying_material(b"EXTRACTOR-dtls_srtp", size)
        client, server = profile.get_key_and_salt(block, 0), profile.get_key_and_salt(block, 1)
        rx, tx = (client, server) if self._role == "server" else (server, client)
        cut = profile.key_length
        version = _VERSIONS.get(self._ssl.get_protocol_version_name(), DtlsVersion.UNKNOWN)
        cipher = _CIPHERS.get(self._ssl.get_cipher_name() or "", CipherSuite.UNKNOWN)
        agreed = (_PROFILE_NUMBERS[name], version, cipher)
        self.keys = SrtpKeys(*agreed, rx[:cut], rx[cut:], tx[:cut], tx[cut:])

    async def _write_ssl(self) -> None:
        self._write()

    async def _recv_next(self) -> None:
        """As aiortc's, until the handshake is over; then what is left of what `_decrypted` has seen."""
        assert self._ssl is not None, "made before the handshake"
        if not self._is_settled and self.encrypted and self._ssl.DTLSv1_get_timeout() is None:
            self._is_settled = True
            self._path.decrypted_by(self._decrypted)
        if not self._is_settled:
            await super()._recv_next()
            return
        data = await self.transport._recv()
        if self._data_receiver is not None:
            await self._data_receiver._handle_data(data)

    def _decrypted(self, datagram: bytes) -> bytes | None:
        """A packet of SCTP that is left to do something about, None at the end. Acknowledgements, which are
        most of what comes, wait for no task."""
        assert self._ssl is not None, "made before the handshake"
        if not 19 < datagram[0] < 64:  # DTLS (RFC 7983)
            return b""
        self._ssl.bio_write(datagram)
        data = b""
        try:
            data = self._ssl.recv(LARGEST_DATAGRAM)
        except SSL.ZeroReturnError:
            self._write()
            return None
        except SSL.Error:
            pass
        if not data:  # OpenSSL may have an answer
            self._write()
        elif isinstance(self._data_receiver, Sctp) and self._data_receiver.acknowledged(data):
            return b""
        return data

    def send_packet(self, packet: bytes) -> None:
        """One packet of SCTP, at once; raises ConnectionError or SSL.Error."""
        if self._ssl is None or self._state != dtls.State.CONNECTED:
            raise ConnectionError
        self._ssl.send(packet)
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
        self._dtls = transport
        self._advertised_rwnd = WINDOW
        self._alarm = Alarm(self._t3_expired)

    async def _handle_data(self, data: bytes) -> None:
        try:
            check_packet(data, self._local_tsn)
            await super()._handle_data(data)
            if self._exceeds_bounds():
                raise ValueError("the peer ignores the receive window")
        except ConnectionError:
            raise
        except Exception:
            await self.abandon()

    def acknowledged(self, packet: bytes) -> bool:
        """Takes a plain acknowledgement at once; False where it is something else, where something waits for
        it, or where it leads to an error, which `_handle_data` deals with. Never raises."""
        sack = read_plain_sack(packet, self._local_verification_tag, self._local_tsn)
        if sack is None or self._has_more_to_send() or self._reconfig_queue:
            return False
        try:
            self._receive_sack_chunk(sack).send(None)  # runs to its end: nothing here waits for anything
        except StopIteration:
            return True
        except Exception:
            return False
        return False

    def send_now(self, channel: rtcdatachannel.RTCDataChannel, message: bytes) -> bool:
        """Sends a message that fits one packet, without a task of its own; False, and nothing done, where it
        has to wait for something. What is not sent because of an error counts as lost on the way."""
        if (
            channel.id is None
            or channel.maxPacketLifeTime
            or self._association_state is not self.State.ESTABLISHED
            or not 0 < len(message) <= sctp.USERDATA_MAX_LENGTH
            or self._flight_size >= self._cwnd
            or self._has_more_to_send()
        ):
            return False
        stream, sequence, tsn = channel.id, 0, self._local_tsn
        if channel.ordered:
            sequence = self._outbound_stream_seq.get(stream, 0)
            self._outbound_stream_seq[stream] = (sequence + 1) % 2**16
        chunk = Message(
            tsn,
            stream,
            sequence,
            message,
            ordered=channel.ordered,
            most_retransmits=channel.maxRetransmits,
        )
        self._local_tsn = (tsn + 1) % 2**32
        self._sent_queue.append(chunk)
        self._flight_size_increase(chunk)
        with contextlib.suppress(ConnectionError, RuntimeError, SSL.Error):
            self._dtls.send_packet(chunk.packet(self._remote_verification_tag))
        if self._t3_handle is None:
            self._t3_start()
        return True

    def _has_more_to_send(self) -> bool:
        """Whether something goes before what is sent now, or losses are being made good."""
        return bool(
            self._data_channel_queue
            or self._outbound_queue
            or self._forward_tsn_chunk is not None
            or self._fast_recovery_exit is not None
            or (self._sent_queue and self._waits_for_losses())
        )

    def _waits_for_losses(self) -> bool:
        queue = self._sent_queue
        return len(queue) > MOST_UNDER_WAY or any(chunk._retransmit for chunk in queue)

    def _t3_start(self) -> None:
        self._alarm.set(self._rto)
        self._t3_handle = self._alarm  # type: ignore[assignment] # aiortc asks whether there is one

    def _t3_restart(self) -> None:
        self._t3_start()

    def _t3_cancel(self) -> None:
        self._t3_handle = None
        if self._association_state is self.State.ESTABLISHED:
            self._alarm.clear()
        else:
            self._alarm.end()

    async def _data_channel_flush(self) -> None:
        if self._data_channel_queue or self._reconfig_queue:
            await super()._data_channel_flush()

    async def _transmit(self) -> None:
        if self._sent_queue or self._outbound_queue or self._forward_tsn_chunk is not None:
            await super()._transmit()

    async def abandon(self) -> None:
        """Ends SCTP for good; never raises."""
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
        if not self._association.send_now(self._channel, message):
            self._channel.send(message)
        return True


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
