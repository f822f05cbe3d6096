"""A signature is believed when it is Ed25519 by a key of the set, over this kind of content; else not."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from server.guarantee.jws import LARGEST, Fault, SignatureError, decode, public_keys
from server.guarantee.sign import Signer

TYPE = "test+jwt"
CLAIMS = {"nonce": "abcdefgh", "list": [1, 2.5, None, "ü"]}
SIGNER = Signer.generate()
GOOD = SIGNER.sign(CLAIMS, typ=TYPE)

# RFC 8037 appendix A.2, A.3 and A.4
RFC_KEY = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
RFC_KID = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def text(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def fault(compact: str, jwks: object = None, typ: str = TYPE) -> Fault:
    with pytest.raises(SignatureError) as caught:
        decode(compact, SIGNER.jwks() if jwks is None else jwks, typ=typ)
    return caught.value.fault


def test_what_was_signed_is_read() -> None:
    assert decode(GOOD, SIGNER.jwks(), typ=TYPE) == CLAIMS


def test_a_key_is_named_by_its_thumbprint() -> None:
    assert list(public_keys({"keys": [{**RFC_KEY, "kid": RFC_KID}]})) == [RFC_KID]
    assert public_keys({"keys": [{**RFC_KEY, "kid": "another"}]}) == {}


@pytest.mark.parametrize("part", [0, 1, 2])
def test_any_changed_part_is_refused(part: int) -> None:
    parts = GOOD.split(".")
    changed = bytearray(base64.urlsafe_b64decode(parts[part] + "=="))
    changed[-3] ^= 1
    parts[part] = text(bytes(changed))
    assert fault(".".join(parts)) in {Fault.BAD_SIGNATURE, Fault.WRONG_TYPE, Fault.MALFORMED}


@pytest.mark.parametrize("algorithm", ["none", "HS256", "ES256", "ed25519", ""])
def test_no_other_algorithm_is_taken(algorithm: str) -> None:
    header = text({"alg": algorithm, "kid": SIGNER.kid, "typ": TYPE})
    for signature in ("", GOOD.split(".")[2]):
        assert fault(".".join([header, GOOD.split(".")[1], signature])) is Fault.WRONG_ALGORITHM


def test_one_kind_of_content_is_not_taken_for_another() -> None:
    assert fault(GOOD, typ="receipt+jwt") is Fault.WRONG_TYPE


def test_another_key_is_refused() -> None:
    assert fault(GOOD, Signer.generate().jwks()) is Fault.UNKNOWN_KEY
    stranger = {**Signer.generate().jwks()["keys"][0], "kid": SIGNER.kid}
    assert fault(GOOD, {"keys": [stranger]}) is Fault.UNKNOWN_KEY


@pytest.mark.parametrize(
    "compact",
    [
        "",
        "..",
        "a.b",
        GOOD + ".",
        GOOD + "=",
        GOOD.replace(".", " .", 1),
        "x" * (LARGEST + 1),
        ".".join([text([]), text({}), "AA"]),
        ".".join([text({"alg": "EdDSA", "kid": 1, "typ": TYPE}), text({}), "AA"]),
        ".".join([text({"alg": "EdDSA", "kid": "", "typ": TYPE, "crit": ["b64"]}), text({}), "AA"]),
        ".".join([text(b"[" * 100_000), text({}), "AA"]),
    ],
)
def test_what_is_no_jws_is_refused(compact: str) -> None:
    assert fault(compact) is Fault.MALFORMED


def test_only_an_object_is_content() -> None:
    listed: Any = [1]
    assert fault(SIGNER.sign(listed, typ=TYPE)) is Fault.MALFORMED


@pytest.mark.parametrize(
    "jwks",
    [None, [], {}, {"keys": None}, {"keys": [None, {}, {"kty": "RSA"}, {**RFC_KEY, "x": 1, "kid": "a"}]}],
)
def test_a_set_without_a_usable_key_has_none(jwks: object) -> None:
    assert public_keys(jwks) == {}
