"""On a machine that lacks something, make says what, before it builds anything."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHELL = ("bash", "sed", "sort", "head", "cut", "tr")


def _need(directory: Path, tools: dict[str, str]) -> tuple[int, str]:
    """Runs the check where only `tools` exist, as scripts that print what is given."""
    for name in SHELL:
        found = shutil.which(name)
        assert found
        (directory / name).symlink_to(found)
    for name, prints in tools.items():
        script = directory / name
        script.write_text(f"#!{directory}/bash\n{prints}\n")
        script.chmod(0o755)
    result = subprocess.run(
        [str(directory / "bash"), "scripts/need.sh", "python", "rust", "node"],
        cwd=ROOT,
        env={"PATH": str(directory), "PYTHON": "python3"},
        capture_output=True,
        text=True,
        check=False,
    )
    return result.returncode, result.stderr


WHOLE = {
    "python3": "exit 0",
    "cargo": "exit 0",
    "rustc": "echo rustc 1.95.0",
    "cc": "exit 0",
    "node": "echo v20.20.2",
    "npm": "exit 0",
}


def test_a_whole_machine_is_told_nothing(tmp_path: Path) -> None:
    assert _need(tmp_path, WHOLE) == (0, "")


def test_everything_missing_is_told_at_once(tmp_path: Path) -> None:
    status, words = _need(tmp_path, {})
    assert status == 1
    assert all(name in words for name in ("Python 3.11", "Rust 1.89", "C compiler", "Node.js 20"))


@pytest.mark.parametrize(
    ("tool", "prints", "words"),
    [
        ("rustc", "echo rustc 1.80.0", "this is 1.80.0"),
        ("node", "echo v18.2.0", "this is v18.2.0"),
        ("python3", "exit 1", "Python 3.11 or newer is needed"),
    ],
)
def test_what_is_too_old_is_told(tmp_path: Path, tool: str, prints: str, words: str) -> None:
    status, told = _need(tmp_path, WHOLE | {tool: prints})
    assert status == 1
    assert words in told
