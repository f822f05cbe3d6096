"""A participant of the call: ICE by hand, DTLS and SRTP by aiortc, and media whose bytes are known."""

from __future__ import annotations

import asyncio
import secrets
import socket
from typing import Final

from aioice import stun
from aiortc.rtcdtlstransport import (
    SRTP_AEAD_AES_128_GCM,
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
)
from aiortc.rtcrtpparameters import RTCRtpCodecParameters, RTCRtpDecodingParameters, RTCRtpReceiveParameters
from aiortc.rtp import AnyRtcpPacket, RtpPacket

from server.control.messages import (
    ConnectTransport,
    CreateTransport,
    DtlsRole,
    Fingerprint,
    FingerprintAlgorithm,
)
from server.workers.worker import RelayProcess

PAYLOAD_TYPE: Final = 96
CLOCK_RATE: Final = 90_000
_PRIORITY = 2130706431  # of a host candidate, RFC 8445 section 5.1.2
_ASK_AGAIN = 0.05  # seconds: the relay may not know this transport yet
_KEY_FRAME = bytes.fromhex("10 100200 9d012a 4001 f000")
"""VP8 payload descriptor with S (RFC 7741 section 4.2), frame tag and start code of 320 x 240."""


class _Path:
    """What aiortc's DTLS asks of its transport."""

    role = "controlling"

    def __init__(self, port: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.connect(("127.0.0.1", port))
        self.answers: asyncio.Queue[bytes] = asyncio.Queue()
        self._datagrams: asyncio.Queue[bytes] = asyncio.Queue()
        asyncio.get_running_loop().add_reader(self.socket, self._read)

    def _read(self) -> None:
        try:
            while datagram := self.socket.recv(2048):
                (self.answers if datagram[0] < 4 else self._datagrams).put_nowait(datagram)
        except OSError:
            return  # nothing more for now, or the relay is gone

    async def _recv(self) -> bytes:
        return await self._datagrams.get()

    async def _send(self, data: bytes) -> None:
        try:
            self.socket.send(data)
        except OSError:
            return  # the relay is gone, which others notice

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self.socket)
        self.socket.close()


class Caller:
    """One transport of the relay from the participant's side."""

    def __init__(self, relay: RelayProcess, transport: int) -> None:
        self.transport = transport
        self.received: list[bytes] = []  # payloads
        self.changed = asyncio.Event()
        self._relay = relay
        self._path = _Path(relay.ipv4_port)
        certificate = RTCCertificate.generateCertificate()
        self._dtls = RTCDtlsTransport(self._path, [certificate])  # type: ignore[arg-type]
        self._dtls._srtp_profiles = [SRTP_AEAD_AES_128_GCM]
        self._dtls._set_role("client")
        self._ufrag, self._password = secrets.token_hex(4), secrets.token_hex(16)
        self._sequence = secrets.randbits(15)

    async def connect(self) -> None:
        """Through ICE and DTLS. Raises ConnectionError."""
        self._relay.send(CreateTransport(self.transport, self._ufrag, self._password, False))
        offered = self._dtls.getLocalParameters().fingerprints
        (own,) = (each for each in offered if each.algorithm == "sha-256")
        digest = bytes.fromhex(own.value.replace(":", ""))
        fingerprint = Fingerprint(FingerprintAlgorithm.SHA_256, digest)
        self._relay.send(ConnectTransport(self.transport, DtlsRole.SERVER, [fingerprint], False))
        while self._path.answers.empty():
            await self._path._send(self._binding_request())
            try:
                await asyncio.wait_for(self._path.answers.get(), _ASK_AGAIN)
                break
            except TimeoutError:
                continue
        expected = RTCDtlsFingerprint("sha-256", self._relay.fingerprint.hex(":").upper())
        await self._dtls.start(RTCDtlsParameters([expected]))
        if self._dtls.state != "connected":
            raise ConnectionError(f"DTLS with the relay is {self._dtls.state}")

    def _binding_request(self) -> bytes:
        request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        request.attributes["USERNAME"] = f"{self._ufrag}:caller"
        request.attributes["PRIORITY"] = _PRIORITY
        request.attributes["ICE-CONTROLLING"] = secrets.randbits(64)
        request.attributes["USE-CANDIDATE"] = None
        request.add_message_integrity(self._password.encode())
        request.add_fingerprint()
        return bytes(request)

    def listen(self, ssrc: int) -> None:
        """What arrives with this SSRC is received."""
        codec = RTCRtpCodecParameters("video/VP8", CLOCK_RATE, payloadType=PAYLOAD_TYPE)
        encoding = RTCRtpDecodingParameters(ssrc=ssrc, payloadType=PAYLOAD_TYPE)
        self._dtls._register_rtp_receiver(self, RTCRtpReceiveParameters(codecs=[codec], encodings=[encoding]))

    async def send(self, ssrc: int, known: bytes) -> None:
        """One key frame of VP8 in one packet, the known bytes in it."""
        self._sequence = (self._sequence + 1) & 0xFFFF
        packet = RtpPacket(
            payload_type=PAYLOAD_TYPE,
            marker=1,
            sequence_number=self._sequence,
            timestamp=self._sequence * 3000,
            ssrc=ssrc,
            payload=_KEY_FRAME + known,
        )
        await self._dtls._send_rtp(packet.serialize())

    async def _handle_rtp_packet(self, packet: RtpPacket, arrival_time_ms: int) -> None:
        self.received.append(packet.payload)
        self.changed.set()

    async def _handle_rtcp_packet(self, packet: AnyRtcpPacket) -> None:
        """Nothing to adapt."""

    def _handle_disconnect(self) -> None:
        """The relay's end, which others notice."""

    async def close(self) -> None:
        await self._dtls.stop()
        self._path.close()
