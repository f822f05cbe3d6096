"""Test vectors of signed statements, for whoever checks one: `python -m tests.statement_vectors` writes them.

The key is the published one of RFC 8037 appendix A.1, so that nobody takes what it signs for a server's.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server.guarantee import jws
from server.guarantee.statement import LIFETIME_SECONDS, TYPE, VERSION

FOLDER = Path(__file__).parents[1] / "docs/statement/vectors"
NONCE = "3q2-7w_AbCdEfGhIjKlMnO"
IAT = 1_700_000_000
NOW = IAT + 5


def _to_text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _from_text(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


KEY = Ed25519PrivateKey.from_private_bytes(_from_text("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"))
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
JWK = jws.public_jwk(KEY.public_key())
STRANGERS_JWK = jws.public_jwk(STRANGER.public_key())

STATEMENT: dict[str, Any] = {
    "statement": VERSION,
    "nonce": NONCE,
    "iat": IAT,
    "exp": IAT + LIFETIME_SECONDS,
    "level": "full",
    "minimum_level": "full",
    "reasons": [],
    "room": {"name": "garden", "relay": 1, "generation": 3, "level": "full", "encryption_required": False},
    "relays": [
        {
            "relay": 1,
            "generation": 3,
            "started_at": "2023-11-14T20:00:00.000Z",
            "level": "full",
            "filters": "sha256:" + "f1" * 32,
            "checks": [
                {
                    "name": "seccomp",
                    "held": True,
                    "source": "kernel",
                    "observed_at": "2023-11-14T22:13:18.500Z",
                },
                {
                    "name": "no_writable_file",
                    "held": True,
                    "source": "inspected",
                    "observed_at": "2023-11-14T20:00:00.250Z",
                },
                {
                    "name": "landlock",
                    "held": True,
                    "source": "self-reported",
                    "observed_at": "2023-11-14T20:00:00.000Z",
                },
            ],
        }
    ],
    "server": {"version": "1.2.3", "started_at": "2023-11-14T20:00:00.000Z"},
    "software": {
        "platform": "cpython-311-linux-x86_64",
        "code": "sha256:" + "c0" * 32,
        "extension": "sha256:" + "e0" * 32,
        "packages": [{"name": "aiortc", "version": "1.16.0", "digest": "sha256:" + "a0" * 32}],
        "read_at": "2023-11-14T20:00:01.000Z",
        "changed_at": None,
    },
    "incidents": [
        {
            "at": "2023-11-14T19:59:59.000Z",
            "relay": 1,
            "kind": "tripwire",
            "detail": "memfd_create",
            "says": "a media process was stopped because it tried something forbidden",
        }
    ],
    "says": ["Recording is blocked on this server. Participants can still record: ünïcödé included."],
    "does_not_prove": ["that participants do not record: their devices can"],
    "host_firewall": {"held": True, "state": "held", "observed_at": "2023-11-14T22:13:19.000Z"},
    "sources": {"level": "self-reported"},
}


def _sign(claims: dict[str, Any], **header: Any) -> str:
    """With the test key, whatever the header says."""
    shown = {"alg": "EdDSA", "kid": JWK["kid"], "typ": TYPE, **header}
    signed = ".".join(_to_text(json.dumps(part, separators=(",", ":")).encode()) for part in (shown, claims))
    return f"{signed}.{_to_text(KEY.sign(signed.encode()))}"


def _vector(what: str, verdict: str, compact: str, **changes: Any) -> dict[str, Any]:
    case = {"what": what, "verdict": verdict, "nonce": NONCE, "now": NOW, "jwks": {"keys": [JWK]}}
    return {**case, **changes, "jws": compact}


def _changed(compact: str, part: int, content: bytes) -> str:
    parts = compact.split(".")
    parts[part] = _to_text(content)
    return ".".join(parts)


def vectors() -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and content of each."""
    good = _sign(STATEMENT)
    signature = _from_text(good.split(".")[2])
    yield "valid", _vector("as a server signs it", "valid", good, payload=STATEMENT)
    reduced = {**STATEMENT, "level": "reduced", "unknown_field": [1]}
    yield (
        "valid-unknown-field",
        _vector("fields that a later version adds are skipped", "valid", _sign(reduced), payload=reduced),
    )
    yield (
        "valid-retired-key",
        _vector("several keys, the right one last", "valid", good, jwks={"keys": [STRANGERS_JWK, JWK]}),
    )
    yield (
        "valid-slow-clock",
        _vector("the asker's clock is 59 s behind", "valid", good, now=IAT - 59),
    )
    yield (
        "valid-last-moment",
        _vector("119 s after iat: expired, within the leeway", "valid", good, now=IAT + 119),
    )
    yield "expired", _vector("120 s after iat", "expired", good, now=IAT + 120)
    yield "not-yet-valid", _vector("61 s before iat", "not_yet_valid", good, now=IAT - 61)
    lasting = {**STATEMENT, "exp": IAT + LIFETIME_SECONDS + 1}
    yield "too-long", _vector("valid for longer than a statement may be", "too_long", _sign(lasting))
    yield (
        "wrong-nonce",
        _vector("the answer to another question", "wrong_nonce", good, nonce="another-nonce-than-asked"),
    )
    yield (
        "no-nonce",
        _vector("an answer to nobody in particular", "wrong_nonce", _sign({**STATEMENT, "nonce": None})),
    )
    raised = json.dumps({**STATEMENT, "level": "none"}).encode()
    yield "tampered-payload", _vector("other content", "bad_signature", _changed(good, 1, raised))
    flipped = bytes([*signature[:-1], signature[-1] ^ 1])
    yield "tampered-signature", _vector("one bit", "bad_signature", _changed(good, 2, flipped))
    yield "short-signature", _vector("half of it", "bad_signature", _changed(good, 2, signature[:32]))
    yield (
        "tampered-header",
        _vector(
            "a member was added to the header",
            "bad_signature",
            _changed(good, 0, json.dumps({**_header(good), "x": 1}).encode()),
        ),
    )
    yield "unknown-key", _vector("no such key", "unknown_key", good, jwks={"keys": [STRANGERS_JWK]})
    misnamed = {"keys": [{**STRANGERS_JWK, "kid": JWK["kid"]}]}
    yield (
        "misnamed-key",
        _vector("a key under a name that is not its thumbprint", "unknown_key", good, jwks=misnamed),
    )
    strangers = jws.encode(STRANGER, JWK["kid"], STATEMENT, TYPE)
    yield "wrong-key", _vector("another key signed, under this name", "bad_signature", strangers)
    unsigned = _changed(_sign(STATEMENT, alg="none"), 2, b"")
    yield "alg-none", _vector("no signature, and the header says so", "wrong_algorithm", unsigned)
    yield (
        "alg-hs256",
        _vector("the public key taken for a secret", "wrong_algorithm", _sign(STATEMENT, alg="HS256")),
    )
    yield (
        "wrong-type",
        _vector("something else by the same key", "wrong_type", _sign(STATEMENT, typ="another+jwt")),
    )
    yield (
        "critical-header",
        _vector("an extension to be understood", "malformed", _sign(STATEMENT, crit=["b64"], b64=False)),
    )
    yield (
        "wrong-version",
        _vector("a later kind of statement", "wrong_version", _sign({**STATEMENT, "statement": VERSION + 1})),
    )
    for name, left_out in (("no-level", "level"), ("no-relays", "relays"), ("no-expiry", "exp")):
        rest = {key: value for key, value in STATEMENT.items() if key != left_out}
        yield name, _vector(f"{left_out} is missing", "malformed", _sign(rest))
    yield "padded", _vector("base64 with padding", "malformed", good + "==")
    yield "two-parts", _vector("no signature part", "malformed", good.rpartition(".")[0])
    yield "empty", _vector("nothing", "malformed", "")


def _header(compact: str) -> dict[str, Any]:
    return dict(json.loads(_from_text(compact.split(".", maxsplit=1)[0])))


def text(vector: dict[str, Any]) -> str:
    """As it stands in its file."""
    return json.dumps(vector, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in FOLDER.glob("*.json"):
        path.unlink()
    for name, vector in vectors():
        (FOLDER / f"{name}.json").write_text(text(vector))


if __name__ == "__main__":
    main()
