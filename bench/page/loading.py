"""From the start of navigation until the join page can be used, with nothing cached; and what is fetched."""

from __future__ import annotations

import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, CDPSession

from bench.figure import rounds, show
from tests.e2e.browser import chromium, new_page
from tests.e2e.serving import Server, serving

ROUNDS = 7
KINDS = {"js": "scripts", "css": "style_sheets"}

# Usable: the button is there, and the task that made it has ended.
WATCH = """
window.blockedMs = 0;
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) window.blockedMs += duration - 50;
}).observe({ type: 'longtask', buffered: true });
window.usable = new Promise((resolve) => {
  const watch = new MutationObserver(() => {
    if (!document.querySelector('[data-testid="join-button"]:not(:disabled)')) return;
    watch.disconnect();
    setTimeout(() => resolve(performance.now()));
  });
  watch.observe(document, { childList: true, subtree: true });
});
"""
FETCHED = """
() => ['navigation', 'resource'].flatMap((type) => performance.getEntriesByType(type)).map((entry) =>
  [new URL(entry.name).pathname, entry.decodedBodySize, entry.encodedBodySize, entry.transferSize])
"""


@dataclass(frozen=True)
class Condition:
    """Of the machine that the page is opened on."""

    name: str
    slower: float = 1.0  # the processor, as Chromium holds it back
    kbps: float | None = None  # the network, by Chromium too
    latency_ms: float = 0.0


CONDITIONS = (
    Condition("loopback"),
    Condition("processor four times slower", slower=4.0),
    Condition("1.6 Mbit/s, 150 ms", kbps=1600.0, latency_ms=150.0),
)


@dataclass(frozen=True)
class Opened:
    """The page, opened once."""

    usable_ms: float
    blocked_ms: float  # by tasks of more than 50 ms, what is above that
    busy_ms: float  # of the main thread, in tasks, by its own processor time
    fetched: list[tuple[str, int, int, int]]  # path; bytes unpacked, as served, and with headers


async def run() -> None:
    with tempfile.TemporaryDirectory() as directory:
        async with serving(Path(directory)) as server, chromium() as browser:
            await _open(browser, server, CONDITIONS[0])  # what the browser does once is not the page's
            for condition in CONDITIONS:
                opened = [await _open(browser, server, condition) for _ in range(rounds(ROUNDS))]
                times = [one.usable_ms for one in opened]
                show(
                    "page_usable",
                    statistics.median(times),
                    "ms",
                    condition=condition.name,
                    least=round(min(times), 1),
                    most=round(max(times), 1),
                    busy_ms=round(statistics.median(one.busy_ms for one in opened), 1),
                    blocked_ms=round(statistics.median(one.blocked_ms for one in opened), 1),
                    rounds=len(opened),
                )
    _show_sizes(opened[-1].fetched)


def _show_sizes(fetched: list[tuple[str, int, int, int]]) -> None:
    show("page_requests", len(fetched), "requests", paths=sorted(path for path, *_ in fetched))
    for ending, name in KINDS.items():
        files = [one for one in fetched if one[0].endswith(f".{ending}")]
        show(
            f"page_{name}",
            sum(served for _, _, served, _ in files) / 1000,
            "kB as served",
            unpacked_kb=round(sum(raw for _, raw, _, _ in files) / 1000, 1),
            files=len(files),
        )
    show("page_transferred", sum(sent for *_, sent in fetched) / 1000, "kB with headers")


async def _open(browser: Browser, server: Server, condition: Condition) -> Opened:
    page = await new_page(browser, WATCH)  # a context of its own: nothing is in its cache
    try:
        session = await page.context.new_cdp_session(page)
        await session.send("Performance.enable", {"timeDomain": "threadTicks"})
        await _hold_back(session, condition)
        await page.goto(server.url, wait_until="commit")
        usable: float = await page.evaluate("window.usable")
        busy = await _task_seconds(session)
        blocked: float = await page.evaluate("window.blockedMs")
        await page.locator("[data-part=guarantee]:not([data-tone=waiting])").wait_for()
        fetched: list[list[Any]] = await page.evaluate(FETCHED)
        return Opened(usable, blocked, 1000 * busy, [(one[0], one[1], one[2], one[3]) for one in fetched])
    finally:
        await page.context.close()


async def _hold_back(session: CDPSession, condition: Condition) -> None:
    await session.send("Emulation.setCPUThrottlingRate", {"rate": condition.slower})
    if condition.kbps is not None:
        speed = condition.kbps * 1000 / 8
        await session.send("Network.enable")
        await session.send(
            "Network.emulateNetworkConditions",
            {
                "offline": False,
                "latency": condition.latency_ms,
                "downloadThroughput": speed,
                "uploadThroughput": speed,
            },
        )


async def _task_seconds(session: CDPSession) -> float:
    answer = await session.send("Performance.getMetrics")
    return float(next(one["value"] for one in answer["metrics"] if one["name"] == "TaskDuration"))
