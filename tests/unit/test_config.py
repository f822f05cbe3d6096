"""The configuration: complete in config.toml, strict when read, silent about its secrets."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from server.config import Config, ConfigError, load, parse

CONFIG_TOML = Path(__file__).parents[2] / "config.toml"


def test_config_toml_says_exactly_the_defaults() -> None:
    assert load(CONFIG_TOML) == Config()
    assert tomllib.loads(CONFIG_TOML.read_text()) == msgspec.json.decode(msgspec.json.encode(Config()))


def test_every_setting_has_a_reason_above_it() -> None:
    reason = False
    for line in CONFIG_TOML.read_text().splitlines():
        if line.startswith("#"):
            reason = True
        elif not line or line.startswith("["):
            reason = False
        else:
            assert reason, f"{line!r} has no comment"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[http]\nprot = 1", "prot"),
        ("[htpp]\nport = 1", "htpp"),
        ("[http]\nport = 65536", "http.port"),
        ('[http]\nport = "7880"', "http.port"),
        ("[relay]\nmedia_memory_mib = 0", "relay.media_memory_mib"),
        ('[guarantee]\nminimum_level = "some"', "guarantee.minimum_level"),
        ("[metadata]\nsession_days = 0", "metadata.session_days"),
        ("[keys]\na = 1", "keys"),
        ("[http", "TOML"),
    ],
)
def test_what_is_wrong_is_refused_by_name(text: str, named: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(named)):
        parse(text)


def test_a_missing_file_that_was_asked_for_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "none.toml")


def test_without_any_file_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load(None) == Config()


def test_secrets_never_print() -> None:
    config = parse('[guests]\npasscode = "open-sesame"\n[keys]\nbackend = "a-secret-of-the-backend"')
    printed = f"{config} {config!r} {config.guests}"
    assert "a-secret" not in printed
    assert "sesame" not in printed
