"""The `offrecord` command: help, exit codes, and errors without tracebacks."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from server import cli
from server.config import Config, ConfigError
from server.metadata.rows.sessions import ParticipantJoined
from server.metadata.store import Ledger
from server.metadata.words import Browser, System

ROOT = Path(__file__).parents[2]
SECRET = "s" * 32
WHO = ("--operator", "grace", "--reason", "audit")
runner = CliRunner()


def command(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "server", *arguments],
        cwd=directory,
        env={"PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=25,
        check=False,
    )


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A directory in which a server has run: one session, and a configuration that names its ledger."""
    (tmp_path / "config.toml").write_text('[metadata]\nurl = "sqlite:///kept.db"\n')

    async def fill() -> None:
        ledger = await Ledger.open(f"sqlite:///{tmp_path}/kept.db")
        ledger.record(
            ParticipantJoined(
                room="garden",
                identity="ada",
                participant="PA_00000001",
                browser=Browser.FIREFOX,
                browser_version=140,
                system=System.WINDOWS,
            )
        )
        await ledger.close()

    asyncio.run(fill())
    return tmp_path


def test_logs_as_json_lines(kept: Path) -> None:
    done = command(kept, "logs", *WHO, "--json", "--room", "garden", "--since", "2h")
    assert (done.returncode, done.stderr) == (0, "")
    [line] = done.stdout.splitlines()
    session = json.loads(line)
    assert (session["identity"], session["browser"], session["left_at"]) == ("ada", "firefox", None)


def test_logs_as_a_table(kept: Path) -> None:
    done = command(kept, "logs", *WHO)
    assert done.returncode == 0
    for word in ("Who", "ada", "garden", "Firefox 140, Windows", "connected"):
        assert word in done.stdout


def test_logs_of_every_event(kept: Path) -> None:
    [line] = command(kept, "logs", *WHO, "--events", "--json").stdout.splitlines()
    event = json.loads(line)
    assert (event["event"], event["identity"]) == ("participant_joined", "ada")
    assert event["expires_at"] > event["at"]
    assert "participant joined" in command(kept, "logs", *WHO, "--events", "--room", "garden").stdout


def test_logs_that_match_nothing(kept: Path) -> None:
    assert command(kept, "logs", *WHO, "--identity", "nobody", "--json").stdout == ""
    assert "Nothing that matches" in command(kept, "logs", *WHO, "--identity", "nobody").stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["logs", *WHO], "there is no ledger"),
        (["logs"], "--reason with one of"),
        (["access-log", "verify"], "nobody has looked at anything yet"),
        (["serve"], "no key is configured"),
        (["serve", "--dev", "--lan"], "exclude each other"),
        (["config", "check"], "no key is configured"),
        (["config", "check", "none.toml"], "cannot be read"),
    ],
)
def test_what_must_change_is_said_without_a_traceback(
    tmp_path: Path, arguments: list[str], says: str
) -> None:
    done = command(tmp_path, *arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stderr.startswith("offrecord: ")
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_config_check(tmp_path: Path) -> None:
    path = tmp_path / "good.toml"
    path.write_text(f'[keys]\nbackend = "{SECRET}"\n')
    assert runner.invoke(cli.app, ["config", "check", str(path)]).exit_code == 0
    path.write_text('[http]\nprot = 1\n[keys]\nbackend = "secret-of-mine"\n')
    refused = runner.invoke(cli.app, ["config", "check", str(path)])
    assert isinstance(refused.exception, ConfigError)
    assert "prot" in str(refused.exception)
    assert "secret-of-mine" not in str(refused.exception)


@pytest.mark.parametrize(
    "arguments",
    [[], ["serve"], ["logs"], ["access-log"], ["operator"], ["verify"], ["config", "check"], ["version"]],
)
def test_every_command_explains_itself(arguments: list[str]) -> None:
    done = runner.invoke(cli.app, [*arguments, "--help"])
    assert done.exit_code == 0
    assert "Usage" in done.output


def test_ports_are_bounded() -> None:
    assert runner.invoke(cli.app, ["serve", "--dev", "--http-port", "65536"]).exit_code == 2


def test_serving_the_local_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.lan.local_addresses", lambda: ["192.168.1.5", "2001:db8::5"])
    options = cli.serve_options(
        Config(), dev=False, lan=True, http_port=8443, udp_port=None, directory=tmp_path
    )
    assert options.addresses_to_print == ("https://192.168.1.5:8443/", "https://[2001:db8::5]:8443/")
    assert options.qr_code
    assert Path(options.config.http.tls_key).parent == tmp_path / "certs"
    assert options.config.guests.enabled
    [secret] = options.config.keys.values()
    assert secret not in repr(options)


def test_serving_a_network_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.lan.local_addresses", list)
    with pytest.raises(ConfigError, match="no address"):
        cli.serve_options(Config(), dev=False, lan=True, http_port=None, udp_port=None, directory=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_address_to_type_needs_a_port(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--http-port"):
        cli.serve_options(Config(), dev=False, lan=True, http_port=0, udp_port=None, directory=tmp_path)


def test_serving_this_machine() -> None:
    options = cli.serve_options(
        Config(), dev=True, lan=False, http_port=0, udp_port=0, directory=Path("unused")
    )
    assert options.dev
    assert options.config.http.host == "127.0.0.1"
    assert options.addresses_to_print == ()


def test_what_a_server_imports_is_never_looked_through_for_garbage() -> None:
    """In a process of its own: it holds for good."""
    script = """
import gc, server.cli
server.cli._everything()
print(gc.isenabled(), gc.get_freeze_count(), len(gc.get_objects()))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    enabled, frozen, looked_through = done.stdout.split()
    assert enabled == "True"
    assert int(frozen) > 50_000
    assert int(looked_through) < 0.05 * int(frozen)
