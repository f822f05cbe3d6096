"""Dependencies are locked with hashes, agree with what is declared, and name no host to fetch from."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PYTHON_LOCKS = ["requirements.lock", "requirements-build.lock", "requirements-dev.lock"]
OTHER_LOCKS = [f"requirements-{name}.lock" for name in ("desktop", "fuzz", "older")]
CANONICAL_CRATES = "registry+https://github.com/rust-lang/crates.io-index"
PIN = re.compile(r"^([a-z0-9._-]+)(?:\[[^]]*])?==([^ ;\\]+)", re.MULTILINE)


def _pins(name: str) -> dict[str, str]:
    return dict(PIN.findall((ROOT / name).read_text()))


def _project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def _declared(requirements: list[Any]) -> dict[str, str]:
    texts = [item for item in requirements if isinstance(item, str)]
    return {re.split(r"[\[=]", text)[0].lower(): text.split("==")[1] for text in texts}


@pytest.mark.parametrize("name", [*PYTHON_LOCKS, *OTHER_LOCKS])
def test_every_python_package_is_pinned_with_hashes(name: str) -> None:
    text = (ROOT / name).read_text()
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert blocks
    assert [block.split()[0] for block in blocks if "==" not in block or "--hash=sha256:" not in block] == []
    assert "://" not in text
    assert "--index" not in text


@pytest.mark.parametrize("name", PYTHON_LOCKS)
def test_python_locks_hold_what_is_declared(name: str) -> None:
    project = _project()
    declared = _declared(project["project"]["dependencies"])
    if name != "requirements.lock":
        declared |= _declared(project["dependency-groups"]["build"])
    if name == "requirements-dev.lock":
        declared |= _declared(project["dependency-groups"]["dev"])
    assert declared.items() <= _pins(name).items()


def test_development_runs_the_versions_that_are_shipped() -> None:
    shipped = _pins("requirements.lock")
    for name in PYTHON_LOCKS[1:]:
        assert shipped.items() <= _pins(name).items(), name


def test_the_desktop_application_has_the_versions_of_development() -> None:
    """Both are installed into one environment."""
    declared = _declared(_project()["dependency-groups"]["desktop"])
    desktop, development = _pins("requirements-desktop.lock"), _pins("requirements-dev.lock")
    assert declared.items() <= desktop.items()
    common = desktop.keys() & development.keys()
    assert {"aiohttp", "cryptography", "livekit"} <= common
    assert {name: desktop[name] for name in common} == {name: development[name] for name in common}


def test_the_server_is_installed_without_windows() -> None:
    for name in PYTHON_LOCKS:
        assert [pin for pin in _pins(name) if pin.startswith(("pyside", "shiboken", "qasync"))] == []


@pytest.mark.parametrize("workspace", ["server/native", "server/native/fuzz"])
def test_crates_come_from_the_canonical_registry(workspace: str) -> None:
    packages = tomllib.loads((ROOT / workspace / "Cargo.lock").read_text())["package"]
    foreign = [package for package in packages if "source" in package]
    assert {package["source"] for package in foreign} == {CANONICAL_CRATES}
    assert [package["name"] for package in foreign if "checksum" not in package] == []


@pytest.mark.parametrize("folder", ["client_demo", "tests/e2e/node_sdk"])
def test_node_packages_have_integrity_and_no_host(folder: str) -> None:
    packages = json.loads((ROOT / folder / "package-lock.json").read_text())["packages"]
    installed = {name: package for name, package in packages.items() if name and not package.get("link")}
    assert [name for name, package in installed.items() if "integrity" not in package] == []
    assert [name for name, package in installed.items() if "resolved" in package] == []
