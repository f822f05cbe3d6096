"""Janus' VideoRoom and a relay of ours, one after the other under the same packets of our load generator.

`janus` is looked for in PATH, or where JANUS says; its plugins beside it, as a package or `make install` puts
them. Where it is not found nothing is measured, and that is said. It runs with a configuration of its own, on
loopback, without STUN; peers of both come through ICE and DTLS, and have the same SRTP profile.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

import aiohttp
from aiortc.rtcdtlstransport import RTCCertificate

from bench import forwarding
from bench.figure import rounds, show
from bench.forwarding import EXTENSION, PAYLOAD_TYPE, SSRC, Stream
from bench.peer import PRIORITY, Peer, SessionKeys
from bench.relays import cpu_seconds, one_relay
from server.control import messages
from tests.e2e.serving import free_tcp_port

ROUNDS: Final = 3
WAIT_SECONDS: Final = 20.0
CHECK_SECONDS: Final = 0.05
ROOM: Final = 1
ELSEWHERE: Final = "203.0.113.1"  # of nobody, RFC 5737
TRANSPORT_CC: Final = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
KEPT: Final = ("m=", "a=mid:", "a=group:", "a=rtpmap:", "a=fmtp:", "a=rtcp-fb:", "a=extmap:")
"""Lines of an offer that its answer repeats: all of it is accepted."""

EVENT_LOOPS: Final = (0, 2)
"""How Janus is set up: with a thread for each peer, as it comes, and with as many as there are cores here."""

# Half of what Janus does with a core that others use as well, so that it loses nothing.
STREAMS: Final = (
    Stream(10, 1000),
    Stream(50, 200),
    Stream(10, 400, kind=messages.MediaKind.AUDIO, packet_bytes=forwarding.AUDIO_BYTES, burst=1),
    Stream(50, 80, kind=messages.MediaKind.AUDIO, packet_bytes=forwarding.AUDIO_BYTES, burst=1),
)

SETTINGS: Final = """
general: {{
  configs_folder = "{folder}"
  plugins_folder = "{folder}/plugins"
  transports_folder = "{folder}/transports"
  debug_level = 2
  session_timeout = 0
  event_loops = {event_loops}
}}
media: {{ ipv6 = false }}
nat: {{
  ice_lite = true
  ice_enforce_list = "{host}"
}}
"""
WEB_SOCKETS: Final = """
general: {{
  ws = true
  ws_ip = "127.0.0.1"
  ws_port = {port}
  wss = false
}}
admin: {{ admin_ws = false }}
"""


@dataclass(frozen=True)
class Carried:
    """What a server did with a stream."""

    sent: int
    received: int
    """By all receivers together."""
    cpu_seconds: float
    p50: int
    """Microseconds from the sender until the load generator has read them."""
    p99: int


@dataclass(frozen=True)
class Remote:
    """What Janus says of itself in a description, as far as one component over UDP needs it."""

    host: str
    port: int
    ufrag: str
    password: str
    fingerprint: bytes


def remote_of(sdp: str) -> Remote:
    """Of an offer or an answer with one section. Raises ValueError where something is missing."""
    told: dict[str, str] = {}
    for line in sdp.splitlines():
        name, _, value = line.partition(":")
        told.setdefault(name, value)
    try:
        candidate = told["a=candidate"].split()
        algorithm, digest = told["a=fingerprint"].split()
        ufrag, password = told["a=ice-ufrag"], told["a=ice-pwd"]
    except (KeyError, ValueError) as error:
        raise ValueError(f"the description lacks {error}") from error
    if algorithm.lower() != "sha-256" or candidate[2].lower() != "udp":
        raise ValueError("the description has another hash or transport")
    fingerprint = bytes.fromhex(digest.replace(":", ""))
    return Remote(candidate[4], int(candidate[5]), ufrag, password, fingerprint)


def _own(peer: Peer) -> list[str]:
    """Of this side: always DTLS client, as Janus' ICE is lite and waits anyway. Its socket is bound."""
    host, port = peer.socket.getsockname()
    digest = ":".join(f"{byte:02X}" for byte in peer.fingerprint())
    return [
        f"a=ice-ufrag:{peer.ufrag}",
        f"a=ice-pwd:{peer.password}",
        f"a=fingerprint:sha-256 {digest}",
        "a=setup:active",
        "a=rtcp-mux",
        f"a=candidate:1 1 udp {PRIORITY} {host} {port} typ host",
        "a=end-of-candidates",
    ]


def _description(lines: list[str]) -> str:
    head = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0"]
    return "\r\n".join([*head, *lines, ""])


def offer(peer: Peer, stream: Stream) -> str:
    """A publisher's, with what our own producers have: retransmission, and feedback about its path."""
    is_video = stream.kind is messages.MediaKind.VIDEO
    codec, name = ("VP8/90000", "video") if is_video else ("opus/48000/2", "audio")
    feedback = ("transport-cc", "nack", "nack pli") if is_video else ("transport-cc",)
    return _description(
        [
            "a=group:BUNDLE 0",
            f"m={name} 9 UDP/TLS/RTP/SAVPF {PAYLOAD_TYPE}",
            "c=IN IP4 127.0.0.1",
            "a=mid:0",
            "a=sendonly",
            *_own(peer),
            f"a=rtpmap:{PAYLOAD_TYPE} {codec}",
            *(f"a=rtcp-fb:{PAYLOAD_TYPE} {each}" for each in feedback),
            f"a=extmap:{EXTENSION} {TRANSPORT_CC}",
            f"a=ssrc:{SSRC} cname:publisher",
        ]
    )


def answer(peer: Peer, offered: str) -> str:
    """A subscriber's, to an offer with one section."""
    kept = [line for line in offered.splitlines() if line.startswith(KEPT)]
    return _description([*kept, "c=IN IP4 127.0.0.1", "a=recvonly", *_own(peer)])


@dataclass
class Janus:
    """One that runs, with a session of its API (a WebSocket). One thing is asked after the other."""

    pid: int
    host: str
    api: aiohttp.ClientWebSocketResponse
    certificate: RTCCertificate = field(default_factory=RTCCertificate.generateCertificate)
    peers: list[Peer] = field(default_factory=list)
    session: int = 0
    _up: set[int] = field(default_factory=set)

    async def _heard(self) -> dict[str, Any]:
        said: dict[str, Any] = await self.api.receive_json()
        if said["janus"] == "webrtcup":
            self._up.add(said["sender"])
        return said

    async def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """What came of it; an acknowledgement is not that. Raises RuntimeError where it is refused."""
        transaction = secrets.token_hex(8)
        session = {"session_id": self.session} if self.session else {}
        await self.api.send_json({**request, **session, "transaction": transaction})
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                said = await self._heard()
                if said.get("transaction") == transaction and said["janus"] != "ack":
                    break
        if said["janus"] == "error" or "error" in said.get("plugindata", {}).get("data", {}):
            raise RuntimeError(f"Janus refuses: {said}")
        return said

    async def attach(self) -> int:
        """A handle on the VideoRoom."""
        made = await self.ask({"janus": "attach", "plugin": "janus.plugin.videoroom"})
        return int(made["data"]["id"])

    async def tell(
        self, handle: int, body: dict[str, Any], sdp: tuple[str, str] | None = None
    ) -> dict[str, Any]:
        """The plugin's answer; `sdp` is its type and text."""
        jsep = {"jsep": {"type": sdp[0], "sdp": sdp[1], "trickle": False}} if sdp else {}
        return await self.ask({"janus": "message", "handle_id": handle, "body": body, **jsep})

    async def _connect(self, peer: Peer, sdp: str) -> SessionKeys:
        """Checks go on meanwhile: one that comes before Janus knows of the pair is answered, without use."""
        remote = remote_of(sdp)
        connecting = asyncio.create_task(
            peer.connect(remote.port, remote.ufrag, remote.password, remote.fingerprint, host=remote.host)
        )
        while not (await asyncio.wait([connecting], timeout=CHECK_SECONDS))[0]:
            peer.check()
        peer.release()
        return connecting.result()

    async def _are_up(self, handles: set[int]) -> None:
        async with asyncio.timeout(WAIT_SECONDS):
            while not handles <= self._up:
                await self._heard()

    def _peer(self) -> Peer:
        peer = Peer(self.certificate)
        peer.socket.bind((self.host, 0))
        self.peers.append(peer)
        return peer

    async def carry(self, stream: Stream) -> Carried:
        """A room, who publishes, who subscribes; then the packets."""
        publisher, handle = self._peer(), await self.attach()
        room = {"request": "create", "room": ROOM, "publishers": 1, "bitrate": 50_000_000}
        await self.tell(handle, room)
        join = {"request": "joinandconfigure", "ptype": "publisher", "room": ROOM}
        joined = await self.tell(handle, join, ("offer", offer(publisher, stream)))
        keys = await self._connect(publisher, joined["jsep"]["sdp"])
        await self._are_up({handle})  # until then there is nothing to subscribe to
        handles, connecting, readers = {handle}, [], []
        feeds = [{"feed": joined["plugindata"]["data"]["id"]}]
        ask = {"request": "join", "ptype": "subscriber", "room": ROOM, "streams": feeds}
        for _ in range(stream.subscribers):
            subscriber, handle = self._peer(), await self.attach()
            offered = (await self.tell(handle, ask))["jsep"]["sdp"]
            await self.tell(handle, {"request": "start"}, ("answer", answer(subscriber, offered)))
            handles.add(handle)
            connecting.append(self._connect(subscriber, offered))
            readers.append(subscriber.socket.fileno())
        async with asyncio.timeout(WAIT_SECONDS):
            await asyncio.gather(*connecting)
        await self._are_up(handles)
        before = cpu_seconds(self.pid)
        plan = forwarding.plan_of([(publisher.socket, keys)], readers, stream)
        sent, received, p50, p99, _ = await forwarding.native(plan, [publisher.socket.fileno(), *readers])
        return Carried(sent, received, cpu_seconds(self.pid) - before, p50, p99)


def _found() -> tuple[str, Path] | None:
    """The program, and the folder that has its `plugins` and `transports`."""
    program = os.environ.get("JANUS") or shutil.which("janus")
    if not program:
        return None
    prefix = Path(program).parents[1]
    folders = (*prefix.glob("lib*/janus"), *prefix.glob("lib/*/janus"))
    return next(((program, folder) for folder in folders if (folder / "plugins").is_dir()), None)


def own_address() -> str:
    """That packets to other machines would leave from: Janus does not offer the loopback device's own. What
    is sent to it stays on loopback all the same."""
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.connect((ELSEWHERE, 9))  # sends nothing
        return str(probe.getsockname()[0])


@contextlib.asynccontextmanager
async def running(program: str, installed: Path, event_loops: int) -> AsyncIterator[Janus]:
    """With one plugin and one transport. Its log is told where it does not come."""
    host, port = own_address(), free_tcp_port()
    with tempfile.TemporaryDirectory() as directory, contextlib.ExitStack() as files:
        folder = Path(directory)
        for kind, name in (("plugins", "libjanus_videoroom.so"), ("transports", "libjanus_websockets.so")):
            (folder / kind).mkdir()
            (folder / kind / name).symlink_to(installed / kind / name)
        settings = folder / "janus.jcfg"
        settings.write_text(SETTINGS.format(folder=folder, host=host, event_loops=event_loops))
        (folder / "janus.transport.websockets.jcfg").write_text(WEB_SOCKETS.format(port=port))
        log = files.enter_context((folder / "log").open("wb"))
        process = await asyncio.create_subprocess_exec(
            program, "-C", settings, "-F", folder, "-i", "127.0.0.1", stdout=log, stderr=log
        )
        try:
            async with aiohttp.ClientSession() as http:
                api = await _socket(http, port, process, folder / "log")
                janus = Janus(process.pid, host, api)
                janus.session = (await janus.ask({"janus": "create"}))["data"]["id"]
                try:
                    yield janus
                finally:
                    for peer in janus.peers:
                        await peer.close()
                    await api.close()
        finally:
            if process.returncode is None:
                process.kill()  # asked to end, it waits for each peer
            await process.wait()


async def _socket(
    http: aiohttp.ClientSession, port: int, process: asyncio.subprocess.Process, log: Path
) -> aiohttp.ClientWebSocketResponse:
    async with asyncio.timeout(WAIT_SECONDS):
        while process.returncode is None:
            try:
                return await http.ws_connect(f"ws://127.0.0.1:{port}", protocols=("janus-protocol",))
            except aiohttp.ClientError:
                await asyncio.sleep(0.1)
    raise RuntimeError(f"Janus has ended: {log.read_text()[-1000:]}")


async def _ours(stream: Stream) -> Carried:
    async with one_relay() as relay:
        done = await forwarding.flow(relay, stream)
    return Carried(done.sent, done.received, done.cpu_seconds, done.latency_p50, done.latency_p99)


def _show(server: str, stream: Stream, number: int, done: Carried) -> float:
    value = done.received / done.cpu_seconds
    show(
        "beside_janus_packets_per_cpu_second",
        value,
        "packets/s",
        server=server,
        **stream.asked(),
        round=number,
        srtp="AEAD_AES_128_GCM",
        lost=done.sent * stream.subscribers - done.received,
        delivered=round(done.received / (done.sent * stream.subscribers), 4),
        server_cpu_seconds=round(done.cpu_seconds, 2),
        latency_p50_us=done.p50,
        latency_p99_us=done.p99,
    )
    return value


async def _once(found: tuple[str, Path], stream: Stream, number: int) -> float:
    """How many times as many packets ours forwards as the better of Janus' two ways."""
    theirs = []
    for event_loops in EVENT_LOOPS:
        async with running(*found, event_loops) as janus:
            name = f"janus, {event_loops} loops" if event_loops else "janus"
            theirs.append(_show(name, stream, number, await janus.carry(stream)))
    return _show("offrecord", stream, number, await _ours(stream)) / max(theirs)


async def run() -> None:
    found = _found()
    if found is None:
        print("janus: it is not found, so nothing is compared; see docs/performance.md", file=sys.stderr)
        return
    for stream in STREAMS:
        ratios = [await _once(found, stream, number) for number in range(1, rounds(ROUNDS) + 1)]
        show(
            "times_of_janus", median(ratios), "x", **stream.asked(), rounds=[round(one, 2) for one in ratios]
        )
