"""A server and a browser per test, or one of each for tests of the page; each test here is a whole call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Generator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.e2e.browser import chromium, light
from tests.e2e.ops import name_operators
from tests.e2e.serving import Server, serving
from tests.e2e.stuck import FAILED, tell

# A busy machine is no failure: conditions are waited for longer than a person would.
expect.set_options(timeout=20_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marked by folder; browsers on a busy machine need longer than a unit test."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(120))
            if {"shared_server", "console_server", "shared_browser"} & set(getattr(item, "fixturenames", ())):
                item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fixtures look whether their test failed."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with serving(tmp_path) as running:
        yield running


@pytest.fixture
async def browser(request: pytest.FixtureRequest) -> AsyncIterator[Browser]:
    async with light() as running:
        yield running
        await tell(request, running)


@pytest.fixture
async def whole_browser(request: pytest.FixtureRequest) -> AsyncIterator[Browser]:
    """As a person starts it."""
    async with chromium() as running:
        yield running
        await tell(request, running)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """For tests that leave it as it was, each in a room of its own."""
    async with serving(tmp_path_factory.mktemp("shared")) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def console_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """The same with operators, who alone may then read its ledger."""
    directory = tmp_path_factory.mktemp("console")
    await asyncio.to_thread(name_operators, directory)
    async with serving(directory) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def one_browser() -> AsyncIterator[Browser]:
    async with light() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def shared_browser(one_browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Browser]:
    """One browser for many tests; what a test opened in it is closed behind it."""
    yield one_browser
    await tell(request, one_browser)
    for context in one_browser.contexts:
        await context.close()
