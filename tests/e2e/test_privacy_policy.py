"""A running server keeps the policy that its template promises, shows it, and says so to everybody."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path

import aiohttp
from playwright.async_api import Browser, expect

from server.policy.document import template
from tests.e2e.browser import join
from tests.e2e.serving import COMMAND, WHO, serving


async def test_every_promise_is_kept_by_a_server_with_calls(tmp_path: Path, browser: Browser) -> None:
    text = template().replace('controller = ""', 'controller = "Garden Ltd"', 1)
    (tmp_path / "policy.toml").write_text(
        text.replace('contact = ""', 'contact = "privacy@garden.example"', 1)
    )
    (tmp_path / "config.toml").write_text('[guests]\nask_age = true\n[policy]\nfile = "policy.toml"\n')
    async with serving(tmp_path) as server:
        ada = await join(browser, server.url, "Ada", "garden", asked_age=True)
        await ada.leave()
        words = [str(COMMAND), "policy", "check", "--json", "--url", server.url]
        checked = await asyncio.to_thread(subprocess.run, words, cwd=tmp_path, capture_output=True, text=True)
        clauses = json.loads(checked.stdout)["clauses"]
        assert [one["id"] + ": " + one["finding"] for one in clauses if not one["passed"]] == []
        assert checked.returncode == 0
        async with aiohttp.ClientSession() as http, http.get(server.url + "/policy/status") as answer:
            status = await answer.json()
        assert (status["passed"], len(status["clauses"])) == (True, len(clauses))
        events = [str(COMMAND), "logs", "--events", "--json", *WHO]
        kept = await asyncio.to_thread(subprocess.run, events, cwd=tmp_path, capture_output=True, text=True)
        served = [one for line in kept.stdout.splitlines() if (one := json.loads(line)).get("policy_version")]
        assert [(one["action"], one["policy_version"]) for one in served] == [
            ("policy_served", status["version"])
        ]

        async with ada.page.context.expect_page() as opening:
            await ada.page.get_by_role("link", name="Privacy policy").click()
        shown = await opening.value
        await expect(shown.get_by_text("We do not store or record video or audio")).to_be_visible()
        await expect(shown.get_by_text("privacy@garden.example").first).to_be_visible()
        assert await shown.context.cookies() == []
        await ada.page.context.close()
