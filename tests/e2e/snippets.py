"""The pieces of code in the documentation, by the name in their first line, aimed at a server of a test."""

from __future__ import annotations

import re
from pathlib import Path

from tests.e2e.serving import ROOT, Server

_FENCE = re.compile(r"^```(python|js|go)\n(?:#|//) (\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_ADDRESS = re.compile(r"\b(http|ws)://127\.0\.0\.1:7880\b")


def snippets(page: str) -> dict[str, str]:
    """By name, as they stand."""
    return {name: code for _, name, code in _FENCE.findall((ROOT / page).read_text("utf-8"))}


def aimed(code: str, server: Server) -> str:
    """At this server instead of the one that `make run` starts."""
    addresses = {"http": server.url, "ws": server.ws_url}
    return _ADDRESS.sub(lambda found: addresses[found[1]], code)


def written(code: str, path: Path) -> Path:
    path.write_text(code, "utf-8")
    return path
