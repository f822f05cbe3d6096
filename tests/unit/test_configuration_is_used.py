"""A setting that nothing reads would be silently ignored: every key is read somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from server.config import Config

SERVER = Path(__file__).parents[2] / "server"


def _keys() -> list[str]:
    keys = []
    for section in msgspec.structs.fields(Config):
        if isinstance(section.type, type) and issubclass(section.type, msgspec.Struct):
            keys += [f"{section.name}.{field.name}" for field in msgspec.structs.fields(section.type)]
        else:
            keys.append(section.name)
    return keys


def test_every_setting_is_read() -> None:
    """Beside their declaration, in any file; read as `something.name`."""
    sources = [path.read_text() for path in SERVER.rglob("*.py") if path != SERVER / "config.py"]
    sources.append((SERVER / "config.py").read_text().partition("def parse")[2])
    read = set(re.findall(r"\.([a-z_0-9]+)\b", "\n".join(sources)))
    assert [key for key in _keys() if key.split(".")[-1] not in read] == []
