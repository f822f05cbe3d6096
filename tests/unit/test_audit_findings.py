"""An audit believes what the evidence shows, and names everything that is not as demanded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from server.audit.findings import Audit, Finding, audit
from server.audit.manifest import Manifest, from_json, manifest_of, to_json
from server.control.messages import Level
from server.errors import OperatorError
from server.guarantee.evidence import RelayEvidence
from server.guarantee.judge import judge
from server.guarantee.sign import Signer
from server.guarantee.statement import TYPE, statement
from tests.unit.guaranteed import CIRCUMSTANCES, SOFTWARE
from tests.unit.test_judge import FULL, NOW, locked

SIGNER = Signer.generate()
NONCE = "abcdefgh-_09"
FILTERS = b"".join(word.to_bytes(8, "big") for word in (1, 2, 3, 4))
OTHER_PACKAGE = replace(SOFTWARE.packages[0], version="2")
MANIFEST = manifest_of(SOFTWARE, FILTERS)


def told(evidence: RelayEvidence = FULL, **changes: Any) -> dict[str, Any]:
    return {**statement(judge([evidence], NOW), CIRCUMSTANCES, NONCE, NOW), **changes}


def signed(content: dict[str, Any], signer: Signer = SIGNER) -> dict[str, Any]:
    return {**content, "jws": signer.sign(content, typ=TYPE)}


def found(
    answer: object, *, demanded: Level = Level.FULL, manifest: Manifest | None = MANIFEST, now: float = NOW
) -> Audit:
    return audit(answer, SIGNER.jwks(), NONCE, now, demanded=demanded, manifest=manifest)


def faults(audited: Audit) -> dict[str, str]:
    return {one.name: one.says for one in audited.findings if one.held is False}


def test_a_server_that_is_as_it_should_be_passes() -> None:
    audited = found(signed(told()))
    assert audited.passed
    assert faults(audited) == {}
    assert {one.name for one in audited.findings} >= {
        "statement",
        "level",
        "relay 1",
        "code",
        "packages",
        "filters",
    }


def test_without_a_manifest_the_digests_are_not_compared_and_that_is_said() -> None:
    audited = found(signed(told()), manifest=None)
    assert audited.passed
    assert Finding("manifest", None, audited.findings[-1].says) == audited.findings[-1]


@pytest.mark.parametrize("answer", [None, [], {}, {"jws": 7}, told(), {"jws": "a.b.c"}])
def test_an_answer_without_a_signed_statement_fails(answer: object) -> None:
    audited = found(answer)
    assert not audited.passed
    assert not audited.statement


def test_a_tampered_statement_fails() -> None:
    answer = signed(told())
    head, _, signature = answer["jws"].split(".")
    answer["jws"] = ".".join([head, signed(told(says=["All is well."]))["jws"].split(".")[1], signature])
    assert "signature is wrong" in faults(found(answer))["statement"]


def test_a_stale_statement_fails() -> None:
    assert "another question" in faults(found(signed(told(nonce="an-older-nonce"))))["statement"]
    assert "expired" in faults(found(signed(told()), now=NOW + 200))["statement"]


def test_another_key_fails() -> None:
    assert "no key" in faults(found(signed(told(), Signer.generate())))["statement"]


def test_what_is_beside_the_signature_must_say_the_same() -> None:
    answer = signed(told())
    answer["level"] = "none"
    assert "level" in faults(found(answer))["same content"]


def test_a_lower_level_fails_unless_it_is_enough() -> None:
    reduced = signed(told(locked(landlock_abi=0, level=Level.REDUCED)))
    assert {"level", "relay 1"} <= set(faults(found(reduced)))
    assert "Landlock" in faults(found(reduced))["relay 1"]
    assert found(reduced, demanded=Level.REDUCED).passed


def test_a_level_that_the_evidence_does_not_show_fails() -> None:
    content = told(replace(FULL, status=None), level="full")
    content["relays"][0]["level"] = "full"
    assert {"level", "claim"} <= set(faults(found(signed(content))))


def _without(content: dict[str, Any], name: str) -> None:
    checks = content["relays"][0]["checks"]
    checks[:] = [check for check in checks if check["name"] != name]


def _changed(content: dict[str, Any], name: str, **changes: Any) -> None:
    next(check for check in content["relays"][0]["checks"] if check["name"] == name).update(changes)


@pytest.mark.parametrize("name", ["seccomp", "no_writable_file", "opening_refused_again"])
def test_a_check_that_is_left_out_counts_as_not_held(name: str) -> None:
    content = told()
    _without(content, name)
    assert "level" in faults(found(signed(content)))


@pytest.mark.parametrize(
    "changes",
    [{"source": "self-reported"}, {"observed_at": "2023-11-14T22:13:00.000Z"}, {"observed_at": None}],
)
def test_the_kernels_word_must_be_the_kernels_and_recent(changes: dict[str, Any]) -> None:
    content = told()
    _changed(content, "seccomp", **changes)
    assert "level" in faults(found(signed(content)))


def test_no_relay_is_no_evidence() -> None:
    assert {"level", "relays"} <= set(faults(found(signed(told(relays=[])))))


def test_files_that_changed_on_disk_are_a_finding() -> None:
    content = told()
    content["software"]["changed_at"] = "2023-11-14T22:13:00.000Z"
    assert set(faults(found(signed(content)))) == {"files"}


@pytest.mark.parametrize(
    ("manifest", "finding"),
    [
        (manifest_of(replace(SOFTWARE, version="9.9.9"), FILTERS), "version"),
        (manifest_of(replace(SOFTWARE, code="sha256:" + "00" * 32), FILTERS), "code"),
        (manifest_of(replace(SOFTWARE, extension="sha256:" + "00" * 32), FILTERS), "extension"),
        (manifest_of(replace(SOFTWARE, packages=()), FILTERS), "packages"),
        (
            manifest_of(replace(SOFTWARE, packages=(replace(SOFTWARE.packages[0], version="2"),)), FILTERS),
            "packages",
        ),
        (manifest_of(replace(SOFTWARE, platform="cpython-312-linux-aarch64"), FILTERS), "platform"),
        (manifest_of(SOFTWARE, bytes(32)), "filters"),
    ],
)
def test_a_wrong_manifest_fails(manifest: Manifest, finding: str) -> None:
    assert set(faults(found(signed(told()), manifest=manifest))) == {finding}


def test_a_manifest_is_read_as_it_was_written() -> None:
    assert from_json(to_json(MANIFEST)) == MANIFEST


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b"x" * 5_000_000, to_json(MANIFEST).replace(b"sha256:", b"md5:"),
     to_json(MANIFEST).replace(b'"manifest": 1', b'"manifest": 2')],
)  # fmt: skip
def test_what_is_no_manifest_is_refused(content: bytes) -> None:
    with pytest.raises(OperatorError, match="manifest"):
        from_json(content)
