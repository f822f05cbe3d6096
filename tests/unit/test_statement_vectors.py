"""The published test vectors are what the script writes, and the verifier gives each its verdict."""

from __future__ import annotations

import json

import pytest

from server.guarantee.check import Verdict, check
from tests.statement_vectors import FOLDER, JWK, text, vectors

NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))


def test_the_files_are_what_the_script_writes() -> None:
    made = {name: text(vector) for name, vector in vectors()}
    assert {name: (FOLDER / f"{name}.json").read_text() for name in NAMES} == made


def test_the_key_is_the_published_one() -> None:
    assert JWK["kid"] == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"  # RFC 8037 appendix A.3


def test_every_verdict_has_a_vector() -> None:
    assert {vector["verdict"] for _, vector in vectors()} == {verdict.value for verdict in Verdict}


@pytest.mark.parametrize("name", NAMES)
def test_vector(name: str) -> None:
    vector = json.loads((FOLDER / f"{name}.json").read_text())
    checked = check(vector["jws"], vector["jwks"], vector["nonce"], vector["now"])
    assert checked.verdict == vector["verdict"]
    if "payload" in vector:
        assert checked.claims == vector["payload"]
