"""Two hundred people join at once: what that does to media under way, and to what else the relay is asked.

Each does ICE and two DTLS handshakes, as SDKs do, in processes that are neither the relay's nor the meter's.
On two cores these take processor time that would be other machines': they stand behind the rest (`nice`), the
meter stands before it (real-time scheduling, where it may), and what they used is told.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from bench.crowd import Crowd, crowd
from bench.figure import medians, percentile, rounds, show
from bench.forwarding import AUDIO_BYTES, LOAD, SSRC, Stream, plan_of, publish, subscribe
from bench.relays import Relay, one_relay
from server.control import messages

PEOPLE = 200
CROWDS = 2
ROUNDS = 3
LISTENERS = 3
# As four microphones send.
STEADY = Stream(LISTENERS, 200, kind=messages.MediaKind.AUDIO, packet_bytes=AUDIO_BYTES, burst=1)
BEFORE = 4.0
"""Seconds of media before anybody comes."""
SECONDS = 20.0
"""Of media in all: the storm must be over by then."""
ASK_EVERY = 0.02


@dataclass(frozen=True)
class Packet:
    """One that a listener has got."""

    listener: int
    sent: float  # seconds since the epoch
    latency: float  # milliseconds


def course(packets: list[Packet]) -> dict[str, float]:
    """Milliseconds: how long packets were under way, and the longest time that a listener got none."""
    latencies = [packet.latency for packet in packets]
    gaps = [0.0]
    for listener in range(LISTENERS):
        came = sorted(each.sent * 1000 + each.latency for each in packets if each.listener == listener)
        gaps += [after - before for before, after in pairwise(came)]
    return {
        "p50": statistics.median(latencies),
        "p99": percentile(latencies, 99),
        "longest": max(latencies),
        "longest_gap": max(gaps),
    }


async def _connect_media(relay: Relay) -> Callable[[], Awaitable[tuple[int, list[Packet]]]]:
    """Connects who sends and who listens. What has it go on tells how many were sent, and how each came."""
    producer, publisher, keys = await publish(relay, STEADY, SSRC)
    readers = await subscribe(relay, producer, LISTENERS, SSRC + 1)
    await relay.stats()
    plan = plan_of([(publisher.socket, keys)], readers, STEADY, SECONDS) + b"\neach true"

    async def go_on() -> tuple[int, list[Packet]]:
        pipe = asyncio.subprocess.PIPE
        descriptors = [publisher.socket.fileno(), *readers]
        load = await asyncio.create_subprocess_exec(LOAD, stdin=pipe, stdout=pipe, pass_fds=descriptors)
        with contextlib.suppress(PermissionError):
            os.sched_setscheduler(load.pid, os.SCHED_FIFO, os.sched_param(1))
        output, _ = await load.communicate(plan)
        if load.returncode != 0:
            raise RuntimeError("the load generator failed")
        total, *lines = (line.split() for line in output.decode().splitlines())
        packets = [Packet(int(who), int(sent) / 1e6, int(took) / 1000) for who, sent, took in lines]
        return int(total[1]), packets

    return go_on


async def _ask(relay: Relay, waits: list[float]) -> None:
    """Again and again; how long each answer took, in milliseconds."""
    while True:
        asked = time.monotonic()
        await relay.refuse()
        waits.append((time.monotonic() - asked) * 1000)
        await asyncio.sleep(ASK_EVERY)


def _waited(relay: Relay) -> float:
    """Seconds that the packet thread was ready and had no processor, as the kernel counts it."""
    threads = Path(f"/proc/{relay.pid}/task")
    (thread,) = (int(each.name) for each in threads.iterdir() if int(each.name) != relay.pid)
    return int((threads / f"{thread}/schedstat").read_text().split()[1]) / 1e9


async def _storm(relay: Relay, crowds: list[Crowd]) -> dict[str, float]:
    go_on = await _connect_media(relay)
    for each in crowds:
        await each.announce()
    await relay.stats()  # the requests before it are carried out
    media = asyncio.ensure_future(go_on())
    await asyncio.sleep(BEFORE)
    quiet = await relay.stats()
    waits: list[float] = []
    asking = asyncio.create_task(_ask(relay, waits))
    began, spent, waited = time.time(), relay.cpu_seconds(), _waited(relay)
    for each in crowds:
        each.begin()
    transports = [id for each in crowds for id in each.transports]
    await relay.connected(transports)
    ended, spent, waited = time.time(), relay.cpu_seconds() - spent, _waited(relay) - waited
    asking.cancel()
    told = await relay.stats()
    arrivals = [await each.arrived() for each in crowds]
    sent, packets = await media
    if ended > packets[-1].sent:
        raise RuntimeError("the storm outlasted the media")
    before = course([packet for packet in packets if packet.sent < began])
    during = course([packet for packet in packets if began <= packet.sent <= ended])
    return {
        "seconds": ended - began,
        "median_seconds": statistics.median(each for seconds, _ in arrivals for each in seconds),
        "relay_cpu_ms": spent / len(transports) * 1000,
        "client_cpu_ms": sum(cpu for _, cpu in arrivals) / len(transports) * 1000,
        "delivered": len(packets) / (sent * LISTENERS),
        **{f"before_{name}": value for name, value in before.items()},
        **{f"during_{name}": value for name, value in during.items()},
        "before_residence_p99": quiet.residence_p99_microseconds / 1000,
        "during_residence_p99": told.residence_p99_microseconds / 1000,
        "during_residence_longest": told.residence_longest_microseconds / 1000,
        "without_a_processor": waited * 1000,
        "answer_p50": statistics.median(waits),
        "answer_longest": max(waits),
    }


async def _once() -> dict[str, float]:
    async with one_relay() as relay, contextlib.AsyncExitStack() as all_of_them:
        size = PEOPLE // CROWDS
        crowds = [await all_of_them.enter_async_context(crowd(relay, size)) for _ in range(CROWDS)]
        return await _storm(relay, crowds)


async def run() -> None:
    measured = medians([await _once() for _ in range(rounds(ROUNDS))])
    how: dict[str, object] = {"people": PEOPLE, "handshakes": PEOPLE * 2}

    def of(prefix: str) -> dict[str, object]:
        return {
            name.removeprefix(prefix): value for name, value in measured.items() if name.startswith(prefix)
        }

    show("joins_until_all_are_there", measured["seconds"], "s", median=measured["median_seconds"], **how)
    show("handshake", measured["relay_cpu_ms"], "CPU ms", of_the_client=measured["client_cpu_ms"], **how)
    show("media_before_joins", measured["before_p99"], "ms", **of("before_"), **how)
    more: dict[str, object] = {
        **of("during_"),
        "packet_thread_without_a_processor": measured["without_a_processor"],
        "delivered": measured["delivered"],
    }
    show("media_during_joins", measured["during_p99"], "ms", **more, **how)
    show("answers_during_joins", measured["answer_longest"], "ms", median=measured["answer_p50"], **how)
