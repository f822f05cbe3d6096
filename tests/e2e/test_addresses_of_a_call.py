"""A whole server whose operator keeps pseudonyms of addresses: who sees them, and that the policy is true."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Browser, expect

from tests.e2e.browser import eventually, join
from tests.e2e.desktop import desktop
from tests.e2e.serving import COMMAND, WHO, Server, serving

pytestmark = pytest.mark.waits

CONFIG = """
[guests]
ask_age = true
[policy]
file = "policy.toml"
[metadata]
addresses = "pseudonym"
address_key_hours = 12
[sites]
"This machine" = ["127.0.0.0/8"]
"""
PASSWORD = "correct horse battery\n"


async def run(server: Server, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(
        subprocess.run,
        [str(COMMAND), *words],
        cwd=server.directory,
        input=given,
        capture_output=True,
        text=True,
    )


async def rows(server: Server, *words: str) -> list[dict[str, Any]]:
    listing = await run(server, "logs", "--events", "--json", *(words or WHO))
    assert listing.returncode == 0, listing.stderr
    return [json.loads(line) for line in listing.stdout.splitlines()]


async def receipt(server: Server, token: str) -> list[dict[str, Any]]:
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as http:
        answer = await http.get(server.url + "/api/receipt")
        content = await answer.json()
    kept: list[dict[str, Any]] = content["receipt"]["kept"]
    return [entry for entry in kept if entry["event"] == "participant_address"]


def policy_of(directory: Path) -> None:
    """As the operator writes it for this configuration: filled in, and otherwise as it comes."""
    subprocess.run([str(COMMAND), "policy", "init"], cwd=directory, check=True, capture_output=True)
    text = (directory / "policy.toml").read_text()
    text = text.replace('controller = ""', 'controller = "Garden Ltd"', 1)
    (directory / "policy.toml").write_text(
        text.replace('contact = ""', 'contact = "privacy@garden.example"', 1)
    )


async def test_pseudonyms_are_shown_to_whom_they_are_about_and_to_privacy_officers(
    tmp_path: Path, browser: Browser
) -> None:
    (tmp_path / "config.toml").write_text(CONFIG.replace('[policy]\nfile = "policy.toml"\n', ""))
    policy_of(tmp_path)
    (tmp_path / "config.toml").write_text(CONFIG)
    async with serving(tmp_path) as server:
        token = server.token("garden", "desk")
        ada = await join(browser, server.url, "Ada", "garden", asked_age=True)
        async with desktop(server.ws_url, token):
            everything = await eventually(
                lambda: rows(server),
                lambda seen: sum(row["event"] == "participant_address" for row in seen) == 2,
            )
        kept = {row["identity"]: row["network"] for row in everything if "network" in row}
        assert len(set(kept.values())) == 1, "one machine has one pseudonym"
        assert re.fullmatch("[0-9a-f]{32}", kept["desk"])
        sites = {row["site"] for row in everything if row["event"] == "participant_joined"}
        assert sites == {"This machine"}

        [own] = await receipt(server, token)
        assert own["fields"]["network"] == kept["desk"]
        assert await receipt(server, server.token("garden", "somebody")) == []
        await ada.leave()
        await ada.page.locator("details.receipt summary").click()
        await expect(
            ada.page.get_by_text(f"A pseudonym of your network address was noted: {kept['desk']}")
        ).to_be_visible()
        await expect(ada.page.get_by_text("from the site “This machine”").first).to_be_visible()

        checked = await run(server, "policy", "check", "--json", "--url", server.url)
        clauses = json.loads(checked.stdout)["clauses"]
        assert [one["id"] + ": " + one["finding"] for one in clauses if not one["passed"]] == []
        [said] = [one["clause"] for one in clauses if one["id"] == "pseudonyms-of-addresses"]
        assert "destroyed after 12 hours" in said

        for name, role in (("grace", "privacy-officer"), ("victor", "viewer")):
            who = ("--operator", "grace", "--reason", "operation")
            added = await run(
                server, "operator", "add", name, "--role", role, "--password-stdin", *who, given=PASSWORD
            )
            assert added.returncode == 0, added.stderr
        by_viewer = await rows(server, "--operator", "victor", "--reason", "support")
        by_officer = await rows(server, "--operator", "grace", "--reason", "support")
        assert [row for row in by_viewer if "network" in row] == []
        assert sum(row["event"] == "participant_address" for row in by_viewer) == 2
        assert {row["network"] for row in by_officer if "network" in row} == set(kept.values())
    for path in (*tmp_path.glob("offrecord.db*"), server.log):
        assert b"127.0.0.1" not in path.read_bytes().replace(server.url.encode(), b"")
