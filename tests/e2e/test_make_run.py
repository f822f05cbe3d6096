"""What `make run` starts can be joined through the page, and the badge says what is enforced."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.e2e.browser import eventually, join
from tests.e2e.serving import serving

# Nothing is rebuilt when `make test` came before; a first build takes minutes.
BUILD_SECONDS = 900


@pytest.mark.timeout(BUILD_SECONDS)
async def test_make_run_serves_a_call(tmp_path: Path, browser: Browser) -> None:
    settings = f"--http-port {{http}} --udp-port {{udp}} --config {tmp_path / 'smoke.toml'}"
    (tmp_path / "smoke.toml").write_text(
        f'[metadata]\nurl = "sqlite:///{tmp_path}/offrecord.db"\n'
        f'[guarantee]\nsigning_key = "{tmp_path}/signing.pem"\n'
    )
    async with serving(tmp_path, command=["make", "run", f"ARGS={settings}"]) as server:
        ada = await join(browser, server.url, "Ada", "garden")
        alan = await join(browser, server.url, "Alan", "garden")
        await asyncio.gather(ada.sees(1), ada.hears(1), alan.sees(1), alan.hears(1))

        badge = ada.page.get_by_test_id("badge")
        await eventually(badge.inner_text, lambda words: "recording" in words.lower())
        assert server.url in server.output()
