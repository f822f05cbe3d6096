"""What can be held of the container file without building it: its sources, its user, its command."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from fnmatch import fnmatch
from pathlib import Path

import pytest
from typer.testing import CliRunner

from server import cli

ROOT = Path(__file__).parents[2]
FILE = ROOT / "deploy" / "Containerfile"


def instructions() -> list[tuple[str, str]]:
    """Name and arguments, continued lines joined."""
    text = FILE.read_text().replace("\\\n", " ")
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines]


def of(name: str) -> list[str]:
    return [arguments for each, arguments in instructions() if each == name]


def copied() -> list[str]:
    """What is taken from the sources."""
    found = []
    for arguments in of("COPY"):
        words = shlex.split(arguments)
        if not words[0].startswith("--from"):
            found += words[:-1]
    return found


def tracked() -> list[str]:
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return listing.stdout.splitlines()


def test_every_source_exists_and_is_let_through() -> None:
    let_through = [
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    ]
    for source in copied():
        assert (ROOT / source).exists(), source
        assert any(fnmatch(source, pattern) for pattern in let_through), source


def test_stages_exist_and_bases_are_named_with_a_version() -> None:
    stages = set()
    for arguments in of("FROM"):
        image, *rest = arguments.split()
        assert ":" in image
        assert not image.endswith(":latest")
        stages.update(rest[1:])
    taken = [words.split()[0].removeprefix("--from=") for words in of("COPY") if words.startswith("--from=")]
    assert taken
    assert set(taken) <= stages


def test_the_rust_is_new_enough() -> None:
    manifest = (ROOT / "server/native/Cargo.toml").read_text()
    (wanted,) = (line.split('"')[1] for line in manifest.splitlines() if line.startswith("rust-version"))
    assert f"rust:{wanted}" in FILE.read_text()


def test_it_ends_as_a_user_that_is_not_root() -> None:
    names = [name for name, _ in instructions()]
    last_stage = len(names) - 1 - names[::-1].index("FROM")
    (user,) = (arguments for name, arguments in instructions()[last_stage:] if name == "USER")
    assert int(user.split(":")[0]) > 0


def test_no_package_index_is_named() -> None:
    assert "://" not in FILE.read_text()


def test_the_command_exists() -> None:
    assert json.loads(of("ENTRYPOINT")[0]) == ["offrecord"]
    command, option, _ = json.loads(of("CMD")[0])
    shown = CliRunner().invoke(cli.app, [command, "--help"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    assert option in shown.output


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_what_is_copied_is_enough_to_build_from(tmp_path: Path) -> None:
    """`make` finds a rule or a file for everything that the wheel is made from."""
    for name in tracked():
        if any(name == source or name.startswith(f"{source}/") for source in copied()):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, tmp_path / name)
    shutil.copymode(ROOT / "scripts/need.sh", tmp_path / "scripts/need.sh")
    planned = subprocess.run(
        ["make", "--no-print-directory", "-n", "wheel"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert planned.returncode == 0, planned.stderr
    for words in ("npm", "maturin build"):
        assert words in planned.stdout
