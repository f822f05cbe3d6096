"""The recorders: what a developer, or whoever took a relay over, might put into it.

Each is code in the relay's own process. `early` runs first of all, `prepare` just before the lock, `packet`
for each packet of the call, with the media that was found in the relay's memory. `found` looks from
outside.
"""

from __future__ import annotations

import asyncio
import fractions
import logging
import mmap
import os
import queue
import struct
import subprocess
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from server.control.messages import CandidateKind, ConsumerState, Notification, PathKind, TransportEnded

if TYPE_CHECKING:
    from collections.abc import Callable

    from av.container import OutputContainer

PACKETS = 4
"""After as many a recorder closes its file."""
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - the plant
_RATE = 48_000  # what the recorder writes unchanged


class Plant:
    """One recorder. A new one is made in each relay, and one outside to look for what it left."""

    name: ClassVar[str]
    what: ClassVar[str]

    def __init__(self, directory: Path) -> None:
        self.loot = directory / "loot"

    def early(self) -> None:
        """Before the relay's own first step."""

    def prepare(self) -> None:
        """Just before the lock."""

    def packet(self, media: bytes, tell: Callable[[Notification], None]) -> None:
        """A packet of the call. `tell` is the relay's way to signaling."""
        raise NotImplementedError

    def found(self, known: bytes, told: Iterable[Notification]) -> bool:
        """Whether the known media is where this recorder puts it."""
        try:
            return known in self.loot.read_bytes()
        except OSError:
            return False


class MediaRecorder(Plant):
    name = "planted_media_recorder"
    what = "aiortc's MediaRecorder, loaded with FFmpeg"

    def early(self) -> None:
        import av.subtitles.stream  # noqa: F401 - else loaded by the first container that is opened
        from aiortc.contrib import media  # noqa: F401 - before the lock, as anybody would

    def prepare(self) -> None:
        self.loot = self.loot.with_suffix(".wav")
        self._frames: asyncio.Queue[bytes] = asyncio.Queue()
        self._packets = 0

    def packet(self, media: bytes, tell: Callable[[Notification], None]) -> None:
        import av
        from aiortc.contrib.media import MediaRecorder as Recorder
        from aiortc.mediastreams import MediaStreamTrack

        frames = self._frames

        class Track(MediaStreamTrack):
            kind = "audio"
            position = 0

            async def recv(self) -> av.AudioFrame:
                samples = await frames.get()
                frame = av.AudioFrame(format="s16", layout="stereo", samples=len(samples) // 4)
                frame.planes[0].update(samples)
                frame.sample_rate, frame.time_base = _RATE, fractions.Fraction(1, _RATE)
                frame.pts, self.position = self.position, self.position + len(samples) // 4
                return frame

        self._packets += 1
        frames.put_nowait(media)
        if self._packets == 1:
            self._recorder = Recorder(str(self.loot))
            self._recorder.addTrack(Track())
            self._task = asyncio.ensure_future(self._recorder.start())
        elif self._packets == PACKETS:
            self._task = asyncio.ensure_future(self._recorder.stop())

    def found(self, known: bytes, told: Iterable[Notification]) -> bool:
        self.loot = self.loot.with_suffix(".wav")
        return super().found(known, told)


class PyavMuxing(Plant):
    name = "planted_pyav_muxing"
    what = "packets muxed into Matroska by PyAV, undecoded"

    def early(self) -> None:
        import aiortc  # noqa: F401 - whole, or a relay would put stand-ins in the place of FFmpeg
        import av.subtitles.stream  # noqa: F401 - as above

    def prepare(self) -> None:
        self._container: OutputContainer | None = None
        self._packets = 0

    def packet(self, media: bytes, tell: Callable[[Notification], None]) -> None:
        import av

        if self._container is None:
            self._container = av.open(str(self.loot), "w", format="matroska")
            self._container.add_stream("libvpx", rate=30)
        packet = av.Packet(media)
        packet.stream = self._container.streams[0]
        packet.time_base = fractions.Fraction(1, 1000)
        packet.pts = packet.dts = self._packets * 33
        self._container.mux(packet)
        self._packets += 1
        if self._packets == PACKETS:
            self._container.close()


class Program(Plant):
    name = "planted_program"
    what = "media piped into a program that writes, as into ffmpeg"

    def prepare(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def packet(self, media: bytes, tell: Callable[[Notification], None]) -> None:
        if self._process is None:
            command = ["/usr/bin/tee", str(self.loot)]
            self._process = subprocess.Popen(  # noqa: S603 - the plant
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
            )
        assert self._process.stdin is not None, "a pipe was asked for"
        self._process.stdin.write(media)
        self._process.stdin.flush()


class PacketDump(Plant):
    name = "planted_packet_dump"
    what = "a debug dump of packets in pcap format"

    def packet(self, media: bytes, tell: Callable[[Notification], None]) -> None:
        with self.loot.open("ab") as dump:
            if not dump.tell():
                dump.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 147))
            dump.write(struct.pack("<IIII", 0, 0, len(media), len(media)) + media)


class MemoryMappedFile(Plant):
    name = "planted_memory_mapped_file"
    what = "a file mapped into memory before the lock, its descriptor closed"

    def prepare(self) -> None:
        with self.loot.open("w+b") as file:
            file.truncate(mmap.PAGESIZE)
            self._mapping = mmap.mmap(file.fileno(), mmap.PAGESIZE)

    def packet(self, media: bytes, tell: Callable[[Notification], None]) -> None:
        self._mapping[: len(media)] = media


class SharedMemorySegment(Plant):
    name = "planted_shared_memory_segment"
    what = "a segment in /dev/shm that another process reads"

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.loot = _SHARED_MEMORY / f"offrecord-verify-{directory.name}"

    def packet(self, media: bytes, tell: Callable[[Notification], None]) -> None:
        descriptor = os.open(self.loot, os.O_RDWR | os.O_CREAT, 0o666)
        os.ftruncate(descriptor, mmap.PAGESIZE)
        with mmap.mmap(descriptor, mmap.PAGESIZE) as mapping:
            mapping[: len(media)] = media
        os.close(descriptor)


class LogLinePerPacket(Plant):
    name = "planted_log_line_per_packet"
    what = "a log that was opened at the start, and a line with each packet"

    def prepare(self) -> None:
        logging.disable(logging.NOTSET)
        self._handler = logging.FileHandler(self.loot)
        self._log = logging.getLogger("planted")
        self._log.addHandler(self._handler)
        self._log.setLevel(logging.DEBUG)

    def packet(self, media: bytes, tell: Callable[[Notification], None]) -> None:
        self._log.debug("packet %s", media)


class InheritedChild(Plant):
    name = "planted_inherited_child"
    what = "a child process from before the lock, fed through a pipe"

    def prepare(self) -> None:
        reader, self._writer = os.pipe()
        if os.fork() == 0:
            os.close(self._writer)
            while media := os.read(reader, 4096):
                with self.loot.open("ab") as file:
                    file.write(media)
            os._exit(0)
        os.close(reader)

    def packet(self, media: bytes, tell: Callable[[Notification], None]) -> None:
        os.write(self._writer, media)


class InheritedThread(Plant):
    name = "planted_inherited_thread"
    what = "a thread from before the lock that writes what it is given"

    def prepare(self) -> None:
        self._media: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while True:
            media = self._media.get()
            with self.loot.open("ab") as file:
                file.write(media)

    def packet(self, media: bytes, tell: Callable[[Notification], None]) -> None:
        self._media.put(media)


class ControlMessages(Plant):
    name = "planted_control_messages"
    what = "media, two bits at a time as layer numbers in valid messages to signaling, as fast as they go"

    ROUNDS: ClassVar = 8

    def packet(self, media: bytes, tell: Callable[[Notification], None]) -> None:
        for _ in range(self.ROUNDS):
            for byte in media:
                for shift in (6, 4, 2, 0):
                    tell(ConsumerState(1, byte >> shift & 3, paused=False, congested=False))

    def found(self, known: bytes, told: Iterable[Notification]) -> bool:
        """From any of the four places where a byte may start: the relay's own messages come between."""
        layers = [each.layer for each in told if isinstance(each, ConsumerState)]
        return any(
            known in bytes(a << 6 | b << 4 | c << 2 | d for a, b, c, d in _batched(layers[start:]))
            for start in range(4)
        )


def _batched(layers: list[int]) -> Iterator[tuple[int, int, int, int]]:
    """Four at a time; what is left over is no byte."""
    ends = iter(layers)
    return zip(ends, ends, ends, ends, strict=False)


class Endings(Plant):
    name = "planted_numbers_of_endings"
    what = "media bytes as numbers of transports that end, told when none has ended"

    def packet(self, media: bytes, tell: Callable[[Notification], None]) -> None:
        for byte in media:
            path, candidate = PathKind.UDP_IPV4, CandidateKind.HOST
            tell(TransportEnded(1, True, path, candidate, byte, *(0 for _ in range(7))))

    def found(self, known: bytes, told: Iterable[Notification]) -> bool:
        return known in bytes(each.packets_received for each in told if isinstance(each, TransportEnded))


GROUP = "planted recorders"
PLANTS: tuple[type[Plant], ...] = (
    MediaRecorder,
    PyavMuxing,
    Program,
    PacketDump,
    MemoryMappedFile,
    SharedMemorySegment,
    LogLinePerPacket,
    InheritedChild,
    InheritedThread,
    ControlMessages,
    Endings,
)
