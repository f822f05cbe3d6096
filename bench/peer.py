"""A participant's transport without a browser: ICE, then DTLS by aiortc, then whoever takes the socket.

The relay under test demands a real handshake, so it gets one; the keys are taken from it and given to
the load generator, which sends and receives faster than Python can.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections import deque
from dataclasses import dataclass
from typing import Any

from aioice import stun
from aiortc.rtcdtlstransport import (
    SRTP_AEAD_AES_128_GCM,
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
    SRTPProtectionProfile,
)
from aiortc.rtcsctptransport import RTCSctpCapabilities, RTCSctpTransport
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

PRIORITY = 2130706431  # host candidate, RFC 8445 section 5.1.2
ANSWER_SECONDS = 0.05  # then again: the relay may not have heard of this transport yet
KEY_BYTES, SALT_BYTES = 16, 12
WAITING_BYTES = 1 << 20  # or a receiver that has to wait for its turn loses what no server did
BINDING_REQUEST = b"\0\1"  # RFC 8489 section 5
DATA_PORT = 5000  # `a=sctp-port`, both sides
LARGEST_MESSAGE = 65_536


@dataclass(frozen=True)
class SessionKeys:
    """AEAD_AES_128_GCM for what this peer sends; derived as RFC 3711 section 4.3 says."""

    key: bytes
    salt: bytes


def derive(master_key: bytes, master_salt: bytes) -> SessionKeys:
    """Session keys of SRTP. A 12-byte salt is padded on the right (RFC 7714 section 11)."""

    def label(number: int, length: int) -> bytes:
        start = bytearray(master_salt.ljust(14, b"\0") + b"\0\0")
        start[7] ^= number
        keystream = Cipher(algorithms.AES(master_key), modes.CTR(bytes(start))).encryptor()
        return keystream.update(bytes(length))

    return SessionKeys(label(0, KEY_BYTES), label(2, SALT_BYTES))


class _Path:
    """What aiortc's DTLS wants of its transport: `_recv`, `_send` and `role`."""

    role = "controlling"

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    async def _recv(self) -> bytes:
        return await self._peer.dtls_in.get()

    async def _send(self, data: bytes) -> None:
        self._peer.socket.send(data)


class Peer:
    """One connected UDP socket, ICE-controlling and DTLS client."""

    def __init__(
        self,
        certificate: RTCCertificate,
        profile: SRTPProtectionProfile = SRTP_AEAD_AES_128_GCM,
        source: str = "",
    ) -> None:
        """`source` is the address it has, whichever fits unless told."""
        self.profile = profile
        self.ufrag, self.password = secrets.token_hex(4), secrets.token_hex(16)
        self.certificate = certificate
        self.dtls_in: asyncio.Queue[bytes] = asyncio.Queue()
        self.media_in: deque[bytes] = deque(maxlen=20)  # the latest packets, as they came
        self.sources: set[int] = set()  # SSRCs of the media that came; whoever asks for it clears it
        self._answers: asyncio.Queue[bytes] = asyncio.Queue()
        self.socket = socket.socket(type=socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WAITING_BYTES)
        if source:
            self.socket.bind((source, 0))
        self._dtls: Any = RTCDtlsTransport(_Path(self), [certificate])  # type: ignore[arg-type]
        self._dtls._srtp_profiles = [profile]
        self._dtls._set_role("client")
        self._association: RTCSctpTransport | None = None
        self._remote = ("", "")

    def fingerprint(self) -> bytes:
        """SHA-256 of the certificate."""
        values = {f.algorithm: f.value for f in self.certificate.getFingerprints()}
        return bytes.fromhex(values["sha-256"].replace(":", ""))

    async def connect(
        self, port: int, ufrag: str, password: str, fingerprint: bytes, host: str = "127.0.0.1"
    ) -> SessionKeys:
        """Through ICE and DTLS; the keys for what this peer sends, if it has AEAD_AES_128_GCM."""
        self._remote = (ufrag, password)
        self.socket.connect((host, port))
        asyncio.get_running_loop().add_reader(self.socket, self._read)
        while True:
            self.check()
            try:
                await asyncio.wait_for(self._answers.get(), ANSWER_SECONDS)
                break
            except TimeoutError:
                continue
        digest = RTCDtlsFingerprint("sha-256", ":".join(f"{byte:02X}" for byte in fingerprint))
        await self._dtls.start(RTCDtlsParameters([digest]))
        if self._dtls.state != "connected":
            raise RuntimeError(f"DTLS is {self._dtls.state}")
        length = self.profile.key_length + self.profile.salt_length
        block = self._dtls._ssl.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * length)
        own = self.profile.get_key_and_salt(block, 0)
        return derive(own[:KEY_BYTES], own[KEY_BYTES:])

    async def associate(self) -> RTCSctpTransport:
        """Begins SCTP above DTLS, for data channels; their openings may be waited for."""
        self._association = RTCSctpTransport(self._dtls, DATA_PORT)
        await self._association.start(RTCSctpCapabilities(maxMessageSize=LARGEST_MESSAGE), DATA_PORT)
        return self._association

    def check(self) -> None:
        """One binding request: the first connects, the later ones keep consent (RFC 7675)."""
        ufrag, password = self._remote
        request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        request.attributes["USERNAME"] = f"{ufrag}:{self.ufrag}"
        request.attributes["PRIORITY"] = PRIORITY
        request.attributes["ICE-CONTROLLING"] = secrets.randbits(64)
        request.attributes["USE-CANDIDATE"] = None
        request.add_message_integrity(password.encode())
        request.add_fingerprint()
        self.socket.send(bytes(request))

    def _answer(self, datagram: bytes) -> None:
        """To a check of the other side. Our relays make none, others do, though their ICE is lite."""
        request = stun.parse_message(datagram)
        response = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, request.transaction_id)
        response.attributes["XOR-MAPPED-ADDRESS"] = self.socket.getpeername()
        response.add_message_integrity(self.password.encode())
        response.add_fingerprint()
        self.socket.send(bytes(response))

    def release(self) -> None:
        """Stops reading: the load generator reads the socket from now on."""
        asyncio.get_running_loop().remove_reader(self.socket)

    async def close(self) -> None:
        self.release()
        if self._association is not None:
            await self._association.stop()
        await self._dtls.stop()
        self.socket.close()

    def _read(self) -> None:
        while True:
            try:
                datagram = self.socket.recv(2048)
            except (BlockingIOError, ConnectionRefusedError):
                return
            if datagram[:2] == BINDING_REQUEST:
                self._answer(datagram)
            elif datagram and datagram[0] < 4:
                self._answers.put_nowait(datagram)
            elif datagram and 19 < datagram[0] < 64:
                self.dtls_in.put_nowait(datagram)
            elif len(datagram) >= 12 and not 192 <= datagram[1] < 224:  # RTP, not RTCP (RFC 5761)
                self.media_in.append(datagram)
                self.sources.add(int.from_bytes(datagram[8:12], "big"))
