"""The signing key: made once, kept, its owner's alone, and replaced without losing what it signed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from server.errors import OperatorError
from server.guarantee.sign import SignatureError, Signer

TYPE = "test+jwt"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "signing.pem"


def test_a_key_is_made_for_its_owner_only_and_kept(path: Path) -> None:
    signer = Signer.load_or_create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    again = Signer.load_or_create(path)
    assert again.kid == signer.kid
    assert again.verify(signer.sign({"a": [1]}, typ=TYPE), typ=TYPE) == {"a": [1]}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o610])
def test_a_key_that_others_can_reach_is_refused(path: Path, mode: int) -> None:
    Signer.load_or_create(path)
    path.chmod(mode)
    with pytest.raises(OperatorError, match="chmod 600"):
        Signer.load_or_create(path)


def _openssl(*words: str) -> str:
    return subprocess.run(["openssl", *words], capture_output=True, text=True, check=True).stdout


PUBLIC = """-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----
"""


@pytest.mark.parametrize(
    "content",
    [
        "",
        "nonsense",
        PUBLIC,
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "# comment\n" * 10_000,
        "ünïcödé",
    ],
)
def test_what_is_not_a_key_is_refused_and_left_alone(path: Path, content: str) -> None:
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(OperatorError, match="signing_key"):
        Signer.load_or_create(path)
    assert path.read_text() == content


def test_a_key_of_another_kind_is_refused(path: Path) -> None:
    path.write_text(_openssl("genpkey", "-algorithm", "X25519"))
    path.chmod(0o600)
    with pytest.raises(OperatorError, match="Ed25519"):
        Signer.load_or_create(path)


def test_two_private_keys_are_refused(path: Path) -> None:
    Signer.load_or_create(path)
    path.write_text(path.read_text() * 2)
    with pytest.raises(OperatorError, match="one Ed25519 private key"):
        Signer.load_or_create(path)


def test_a_folder_or_a_missing_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="regular file"):
        Signer.load_or_create(tmp_path)
    with pytest.raises(OperatorError, match="cannot be read or made"):
        Signer.load_or_create(tmp_path / "none" / "signing.pem")


def test_the_key_never_prints(path: Path) -> None:
    signer = Signer.load_or_create(path)
    secret = path.read_text().splitlines()[1]
    assert secret not in repr(signer)
    assert "PRIVATE" not in repr(signer)


def test_what_a_retired_key_signed_stays_checkable(path: Path) -> None:
    old = Signer.load_or_create(path)
    receipt = old.sign({"kept": "until then"}, typ=TYPE)
    public = _openssl("pkey", "-in", str(path), "-pubout")
    os.unlink(path)
    new = Signer.load_or_create(path)
    assert new.kid != old.kid
    with pytest.raises(SignatureError):
        new.verify(receipt, typ=TYPE)
    path.write_text(path.read_text() + "# retired in May\n" + public)
    both = Signer.load_or_create(path)
    assert both.kid == new.kid
    assert [key["kid"] for key in both.jwks()["keys"]] == [new.kid, old.kid]
    assert both.verify(receipt, typ=TYPE) == {"kept": "until then"}


def test_only_public_halves_are_told(path: Path) -> None:
    for key in Signer.load_or_create(path).jwks()["keys"]:
        assert set(key) == {"kty", "crv", "x", "kid", "alg", "use"}
