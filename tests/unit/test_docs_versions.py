"""The documentation names the versions of SDKs that the tests use, and what is announced to all of them."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from server.room.welcome import PROTOCOL, VERSION

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "protocol.md").read_text("utf-8")


def _row(first: str) -> list[str]:
    [row] = [line for line in TEXT.splitlines() if line.startswith(f"| {first}")]
    return [cell.strip() for cell in row.strip("|").split("|")[1:]]


def _packages(folder: str) -> dict[str, Any]:
    packages: dict[str, Any] = json.loads((ROOT / folder / "package-lock.json").read_text())["packages"]
    return packages


def test_versions_of_browser_sdks() -> None:
    older = _packages("tests/e2e/node_sdk")
    names = ("node_modules/livekit-client-2.5", "node_modules/livekit-client-1")
    newest = _packages("client_demo")["node_modules/livekit-client"]["version"]
    assert _row("browsers") == [newest, ", ".join(older[name]["version"] for name in names)]


def test_versions_of_desktop_sdks() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    [newest] = [one for one in groups["dev"] if isinstance(one, str) and one.startswith("livekit==")]
    [older] = groups["older"]
    assert _row("desktop") == [newest.removeprefix("livekit=="), older.removeprefix("livekit==")]


def test_version_of_the_go_sdk() -> None:
    module = (ROOT / "tests/e2e/go_sdk/go.mod").read_text()
    found = re.search(r"server-sdk-go/v2 v([0-9.]+)", module)
    assert found
    assert _row("Go") == [found[1], ""]


def test_what_is_announced() -> None:
    assert f"announces version {VERSION} and protocol {PROTOCOL}." in TEXT
