"""A file has one subject and stays readable: noted from 400 lines, refused above 500."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
NOTED = 400
REFUSED = 500
SUFFIXES = {".py", ".pyi", ".rs", ".ts", ".css", ".sh"}
# Longer on purpose; each with its reason.
EXCEPTIONS: dict[str, str] = {}


def _source_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    return [ROOT / name for name in listed if Path(name).suffix in SUFFIXES and (ROOT / name).is_file()]


def test_files_stay_readable(note: list[str]) -> None:
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text("utf-8").splitlines())
        for path in _source_files()
    }
    assert lengths, "no source files found"
    note.extend(f"{name} has {lines} lines" for name, lines in lengths.items() if NOTED < lines <= REFUSED)
    assert {n: lines for n, lines in lengths.items() if lines > REFUSED and n not in EXCEPTIONS} == {}


def test_exceptions_are_still_needed() -> None:
    assert [name for name in EXCEPTIONS if len((ROOT / name).read_text().splitlines()) <= REFUSED] == []
