"""What is thrown at a server is found again, in whatever form a program may have written it."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.personal import KINDS, Personals

AROUND = (b"", b"q", b"qq")


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 10_000))
def test_every_kind_is_found_in_every_form(kind: str, seed: int) -> None:
    personals = Personals(seed, only=kind)
    value = personals.at("somewhere")
    written = [value.raw, value.text.encode(), quote(value.text).encode(), json.dumps(value.text).encode()]
    written += [json.dumps(value.text, ensure_ascii=False).encode(), value.raw.hex().encode()]
    written += [base64.b64encode(before + value.raw + b"q") for before in AROUND]
    written += [base64.urlsafe_b64encode(before + value.raw + b"q") for before in AROUND]
    if value.text.isascii():
        written.append(value.text.lower().encode())
    for one in written:
        [found] = set(personals.found_in({"a file": b"before" + one + b"after"}))
        assert found == f"{value.kind} thrown at somewhere is in a file"


@given(seed=st.integers(0, 10_000), noise=st.binary(max_size=2000))
def test_nothing_is_found_by_chance(seed: int, noise: bytes) -> None:
    personals = Personals(seed)
    for number in range(50):
        personals.at(str(number))
    assert personals.found_in({"noise": noise, "another": json.dumps(list(noise)).encode()}) == []
