"""Known bytes go through a whole call, and are looked for everywhere: during it, after it, and once its relay
is gone."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from aiortc.rtcdtlstransport import RTCCertificate

from tests.e2e.browser import eventually
from tests.e2e.serving import Server, descendants, is_alive, serving
from tests.promise.canary import Find, in_files, in_memory
from tests.relay.guest import KEY_FRAME, Guest, enter

pytestmark = [pytest.mark.promise, pytest.mark.timeout(120)]
MARK_BYTES = 32
PACKETS = 10  # the last ones: what came before is overwritten by them at the latest
RING_MILLISECONDS = 600
SLACK_MILLISECONDS = 400  # a tick, a step of the number, and a machine that does more than this
CONFIG = f"""
[relay]
relays = 1
ring_milliseconds = {RING_MILLISECONDS}
[rooms]
departure_timeout_seconds = 0
"""
PLACES = [
    Path(place) for place in ("/tmp", "/var/tmp", "/var/log", "/var/crash", "/var/lib/systemd/coredump")
]
SHARED_MEMORY = Path("/dev/shm")
KEEPER = """
import sys
kept = bytes.fromhex(sys.stdin.readline())
print("kept", flush=True)
sys.stdin.read()
"""


@dataclass
class Call:
    """Somebody who sends marked sound, picture and data, and somebody who receives them."""

    server: Server
    started: float
    marks: dict[str, bytes]
    speaker: Guest
    watcher: Guest

    def relay(self) -> int:
        (pid,) = self.server.relay_pids()
        return pid

    def on_the_wire(self) -> dict[str, bytes]:
        """Pieces of the encrypted packets, as they came to the relay and as they left it."""
        assert self.watcher.receiving is not None
        packets = [*list(self.speaker.sealed)[-PACKETS:], *list(self.watcher.receiving.media_in)[-PACKETS:]]
        return {f"packet {number}": packet[-MARK_BYTES:] for number, packet in enumerate(packets)}

    def on_disk(self) -> list[Find]:
        """In all that has changed since the call began, wherever a server may write."""
        places = [self.server.directory, SHARED_MEMORY, *PLACES]
        return in_files(self.marks | self.on_the_wire(), places, self.started)

    async def oldest(self) -> int:
        """Greatest age of a packet that was kept, in milliseconds, as the statement tells it."""
        async with aiohttp.ClientSession() as http, http.get(self.server.url + "/guarantee") as answer:
            (relay,) = (await answer.json())["relays"]
        return relay["media"]["oldest_milliseconds"] if relay["media"] else 0

    def in_processes(self) -> list[Find]:
        """In the server and whatever relay it has by now."""
        server = self.server.process.pid
        return in_memory(self.marks | self.on_the_wire(), [server, *descendants(server)])


@asynccontextmanager
async def marked_call(directory: Path) -> AsyncIterator[Call]:
    """Everything has arrived when this begins."""
    if os.geteuid() != 0:
        pytest.skip("only root may read the memory of a locked relay")
    started = time.time() - 1
    (directory / "config.toml").write_text(CONFIG)
    marks = {kind: secrets.token_bytes(MARK_BYTES) for kind in ("sound", "picture", "data")}
    payloads = {"microphone": b"\xfc" + marks["sound"], "camera": KEY_FRAME + marks["picture"] * 20}
    certificate = RTCCertificate.generateCertificate()
    async with serving(directory) as server, aiohttp.ClientSession() as http:
        guests = []
        for name in ("watcher", "speaker"):
            token = server.token("garden", name)
            guests.append(await enter(http, server.url, token, certificate, payloads=payloads, has_data=True))
        watcher, speaker = guests
        await speaker.publish(watcher, "speaker")
        await speaker.say(marks["data"])
        await watcher.until(lambda: any(marks["data"] in message for message in watcher.heard))
        yield Call(server, started, marks, speaker, watcher)


def named(finds: list[Find]) -> set[str]:
    return {find.what for find in finds}


async def test_nothing_of_a_call_is_left_after_it(tmp_path: Path) -> None:
    async with marked_call(tmp_path) as call:
        relay = call.relay()
        # The search sees what is there: while the call goes on, its relay has to hold the media.
        assert {"picture", "data"} <= named(await asyncio.to_thread(in_memory, call.marks, [relay]))
        assert await asyncio.to_thread(call.on_disk) == []
        age = await eventually(call.oldest, lambda milliseconds: milliseconds > 0)
        assert age <= RING_MILLISECONDS + SLACK_MILLISECONDS

        await call.speaker.leave()
        await call.watcher.until(lambda: "speaker" not in call.watcher.tracks)
        # The room lives on, and so does the relay: rings and buffers are wiped when the track ends.
        assert call.relay() == relay
        media = {kind: call.marks[kind] for kind in ("sound", "picture")} | call.on_the_wire()

        async def held() -> list[Find]:
            return await asyncio.to_thread(in_memory, media, [relay])

        await eventually(held, lambda finds: finds == [], seconds=5)
        # Pages of the relay are never in swap. Where there is none, this says no more than that.
        assert "VmSwap:\t       0 kB" in Path(f"/proc/{relay}/status").read_text()

        await call.watcher.leave()

        async def relays() -> list[int]:
            return call.server.relay_pids()

        # What Python held, handshakes and data messages, goes with the process.
        await eventually(relays, lambda pids: len(pids) == 1 and pids != [relay])
        assert not is_alive(relay)
        assert await asyncio.to_thread(call.in_processes) == []
        assert await asyncio.to_thread(call.on_disk) == []
        server = call.server
        call.watcher.heard.clear()
    assert server.process.poll() == 0
    assert await asyncio.to_thread(call.on_disk) == []


async def test_a_relay_that_breaks_down_leaves_no_core(tmp_path: Path) -> None:
    async with marked_call(tmp_path) as call:
        relay = call.relay()
        assert "picture" in named(in_memory(call.marks, [relay]))
        os.kill(relay, signal.SIGABRT)

        async def relays() -> list[int]:
            return call.server.relay_pids()

        await eventually(relays, lambda pids: len(pids) == 1 and pids != [relay])
        assert await asyncio.to_thread(call.on_disk) == []
        await asyncio.gather(call.speaker.end(), call.watcher.end())


def test_a_plant_is_found_wherever_it_is(tmp_path: Path) -> None:
    started = time.time() - 1
    mark = secrets.token_bytes(MARK_BYTES)
    wanted = {"plant": mark}
    folder = tmp_path / "deep" / "below"
    folder.mkdir(parents=True)
    (folder / "recording").write_bytes(bytes(5000) + mark + bytes(10))
    shared = SHARED_MEMORY / f"offrecord-plant-{secrets.token_hex(4)}"
    try:
        shared.write_bytes(mark)
        found = in_files(wanted, [tmp_path, SHARED_MEMORY], started)
        assert {find.where for find in found} == {str(folder / "recording"), str(shared)}
    finally:
        shared.unlink()
    assert in_files({"other": secrets.token_bytes(MARK_BYTES)}, [tmp_path], started) == []
    keeper = (
        "import sys; kept = bytes.fromhex(sys.stdin.readline()); print('kept', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", keeper], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        print(mark.hex(), file=process.stdin, flush=True)
        assert process.stdout.readline() == "kept\n"
        assert in_memory(wanted, [process.pid]) == [Find("plant", f"memory of {process.pid}")]
        assert in_memory({"other": secrets.token_bytes(MARK_BYTES)}, [process.pid]) == []
