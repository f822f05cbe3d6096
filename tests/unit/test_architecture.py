"""Who may import and call what. Import rules between packages of ours are import-linter's contracts;
here is what those cannot say: which libraries a package may use, and calls of builtins."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVER = ROOT / "server"

PURE = ("auth", "protocol", "sdp", "room")
# Nothing here reads a clock, a file or a socket. `secrets` is randomness; `os` is absent on purpose.
PURE_STANDARD_LIBRARY = {
    "__future__", "abc", "base64", "binascii", "collections", "contextlib", "copy", "dataclasses", "enum",
    "functools", "hashlib", "heapq", "hmac", "ipaddress", "itertools", "json", "math", "operator", "re",
    "secrets", "string", "struct", "types", "typing", "unicodedata", "urllib", "zlib",
}  # fmt: skip
# The generated LiveKit messages are data. `livekit` alone would be the native SDK.
PURE_LIBRARIES = {"auth": {"jwt"}, "protocol": set[str](), "sdp": set[str](), "room": set[str]()}
PURE_GENERATED = ("google.protobuf", "livekit.protocol")

# A database, a decoder or the relay's engine, and the files that may have them.
OWNERS = {
    "sqlalchemy": ("metadata/",),
    "aiosqlite": ("metadata/",),
    "asyncpg": ("metadata/",),
    "sqlite3": ("metadata/",),
    "aiortc": ("relay/ortc.py", "relay/lane.py", "verify/"),
    "av": ("verify/",),
    "OpenSSL": ("relay/ortc.py",),
    "prometheus_client": ("metrics/",),
    "jinja2": ("console/",),
}
BANNED_IN_RELAY_CALLS = {"open", "exec", "eval", "compile", "__import__"}
BANNED_IN_RELAY_IMPORTS = {
    "tempfile", "shutil", "pickle", "shelve", "dbm", "sqlite3", "av", "mmap", "subprocess", "multiprocessing",
    "pathlib",
}  # fmt: skip
BANNED_IN_RELAY_ATTRIBUTES = {
    "fdopen", "memfd_create", "mkfifo", "mknod", "popen", "system", "MediaRecorder", "FileHandler",
    "basicConfig",
}  # fmt: skip


def _modules(package: str = "") -> Iterator[Path]:
    return (path for path in sorted((SERVER / package).rglob("*.py")) if "native" not in path.parts)


def _imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Absolute names of imported modules, and their lines; of a package of ours, the module inside it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            folder = ROOT / module.replace(".", "/")
            for alias in node.names:
                is_module = (folder / f"{alias.name}.py").exists() or (folder / alias.name).is_dir()
                yield f"{module}.{alias.name}" if is_module and module else module, node.lineno


def _pure_faults(package: str, source: str) -> list[str]:
    ours = ("server.ids", "server.errors", *(f"server.{name}" for name in PURE))
    # The words of the control vocabulary that SDP is translated to are pure data too.
    ours += ("server.control.messages",)
    allowed = PURE_STANDARD_LIBRARY | PURE_LIBRARIES[package] | {"msgspec"}
    faults = []
    for name, line in _imports(ast.parse(source)):
        if name == "server" or name.startswith("server."):
            if not any(name == own or name.startswith(own + ".") for own in ours):
                faults.append(f"line {line}: {name}")
        elif name.split(".")[0] not in allowed and not name.startswith(PURE_GENERATED):
            faults.append(f"line {line}: {name}")
    return faults


@pytest.mark.parametrize("package", PURE)
def test_pure_packages_use_no_clock_file_or_socket(package: str) -> None:
    faults = {
        str(path.relative_to(ROOT)): found
        for path in _modules(package)
        if (found := _pure_faults(package, path.read_text()))
    }
    assert faults == {}


def test_impurity_is_seen() -> None:
    assert _pure_faults("room", "import time\nfrom server import config\nimport server.ids\n") == [
        "line 1: time",
        "line 2: server.config",
    ]


def _relay_faults(source: str) -> list[str]:
    faults = []
    tree = ast.parse(source)
    for name, line in _imports(tree):
        if name.split(".")[0] in BANNED_IN_RELAY_IMPORTS or name.startswith("aiortc.contrib"):
            faults.append(f"line {line}: import of {name}")
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in BANNED_IN_RELAY_CALLS:
            faults.append(f"line {node.lineno}: {node.id}")
        elif isinstance(node, ast.Attribute) and node.attr in BANNED_IN_RELAY_ATTRIBUTES:
            faults.append(f"line {node.lineno}: .{node.attr}")
    return faults


def test_relay_has_no_words_for_keeping() -> None:
    faults = {
        str(path.relative_to(ROOT)): found
        for path in _modules("relay")
        if (found := _relay_faults(path.read_text()))
    }
    assert faults == {}


@pytest.mark.parametrize(
    "source",
    [
        "open('x', 'wb')",
        "import tempfile",
        "from shutil import copyfile",
        "import pickle as p",
        "from aiortc.contrib.media import MediaRecorder",
        "import av",
        "import os\nos.memfd_create('x')",
    ],
)
def test_a_relay_that_keeps_is_seen(source: str) -> None:
    assert _relay_faults(source)


def test_libraries_stay_with_their_owners() -> None:
    faults = []
    for path in _modules():
        place = path.relative_to(SERVER).as_posix()
        for name, line in _imports(ast.parse(path.read_text())):
            owners = OWNERS.get(name.split(".")[0])
            if owners is not None and not place.startswith(owners):
                faults.append(f"{place}:{line}: {name}")
    assert faults == []


def test_relay_has_livekit_messages_only_where_data_is_fanned_out() -> None:
    """And where that code is run once before the lock, since what it loads late would be refused."""
    faults = [
        f"{path.name}:{line}: {name}"
        for path in _modules("relay")
        for name, line in _imports(ast.parse(path.read_text()))
        if name.split(".")[0] == "livekit" and path.name not in {"data.py", "warm_up.py"}
    ]
    assert faults == []


@pytest.mark.parametrize("sources", ["forwarder/src/**/*.rs", "netem/src/*.rs"])
def test_the_packet_core_and_the_model_of_networks_have_no_file_socket_or_clock(sources: str) -> None:
    banned = (
        "std::fs",
        "std::net::",
        "std::time",
        "std::io",
        "std::env",
        "std::process",
        "std::thread",
        "libc::",
    )
    faults = [
        f"{path.name}:{number}: {word}"
        for path in sorted((SERVER / "native").glob(sources))
        if path.name != "main.rs"
        for number, line in enumerate(path.read_text().splitlines(), 1)
        for word in banned
        if word in line and not line.lstrip().startswith("//")
    ]
    assert faults == []


def test_import_contracts_hold() -> None:
    result = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout
