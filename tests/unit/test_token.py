"""Access tokens: what LiveKit's own token maker makes is read, and nothing forged, stale or odd is."""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from livekit import api
from livekit.protocol.room import RoomConfiguration

from server.auth.grants import Kind, VideoGrants
from server.auth.token import LEEWAY_SECONDS, MAX_TOKEN_BYTES, Claims, TokenError, sign, verify

KEYS = {"devkey": "secret", "other": "o" * 32}
NOW = 1_800_000_000.0


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def forge(payload: object, secret: str = "secret", header: object = None) -> str:
    """A token signed over any JSON, by hand, so that no library cleans it up."""
    head = header if header is not None else {"alg": "HS256", "typ": "JWT"}
    text = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    signed = f"{encoded(json.dumps(head).encode())}.{encoded(text)}"
    return f"{signed}.{encoded(hmac.digest(secret.encode(), signed.encode(), hashlib.sha256))}"


def payload(**claims: Any) -> dict[str, Any]:
    return {"iss": "devkey", "sub": "alice", "exp": NOW + 60, **claims}


def test_a_token_of_the_sdk_is_read() -> None:
    grants = api.VideoGrants(room_join=True, room="den", can_publish_sources=["CAMERA", "microphone"])
    token = (
        api.AccessToken("other", "o" * 32)
        .with_identity("alice")
        .with_name("Alice")
        .with_metadata("m")
        .with_attributes({"a": "b"})
        .with_kind("agent")
        .with_grants(grants)
        .with_room_config(RoomConfiguration(name="den", empty_timeout=7))
        .with_ttl(datetime.timedelta(hours=1))
        .to_jwt()
    )
    claims = verify(token, KEYS, time.time())
    assert claims.identity == "alice"
    assert claims.name == "Alice"
    assert claims.metadata == "m"
    assert claims.attributes == {"a": "b"}
    assert claims.kind is Kind.AGENT
    assert claims.grants == VideoGrants(
        room="den", room_join=True, can_publish_sources=("camera", "microphone")
    )
    assert claims.room_config is not None
    assert claims.room_config.empty_timeout == 7
    assert 3500 < claims.expires_at - time.time() <= 3601


def test_a_signed_token_is_read_by_the_sdk_and_by_ourselves() -> None:
    claims = Claims(
        identity="bob",
        name="Bob",
        metadata="{}",
        attributes={"k": "v"},
        kind=Kind.SIP,
        grants=VideoGrants(
            room="den",
            room_join=True,
            can_publish_data=False,
            can_publish_sources=("camera",),
            can_update_own_metadata=True,
        ),
        room_config=RoomConfiguration(max_participants=3),
        expires_at=float(int(time.time()) + 600),
    )
    token = sign(claims, "other", "o" * 32, time.time())
    assert verify(token, KEYS, time.time()) == claims
    theirs = api.TokenVerifier("other", "o" * 32).verify(token)
    assert theirs.identity == "bob"
    assert theirs.name == "Bob"
    assert theirs.attributes == {"k": "v"}
    assert theirs.kind == "sip"
    assert theirs.video is not None
    assert theirs.video.room_join
    assert theirs.video.can_publish
    assert not theirs.video.can_publish_data
    assert theirs.video.can_publish_sources == ["camera"]
    assert theirs.room_config is not None
    assert theirs.room_config.max_participants == 3


def test_a_short_development_secret_works_without_a_warning() -> None:
    claims = Claims(identity="dev", expires_at=NOW + 60)
    assert verify(sign(claims, "devkey", "secret", NOW), KEYS, NOW).identity == "dev"


def test_identity_falls_back_to_jti() -> None:
    token = forge({"iss": "devkey", "jti": "carol", "exp": NOW + 1})
    assert verify(token, KEYS, NOW).identity == "carol"


def test_unknown_claims_are_skipped() -> None:
    token = forge(payload(inference={"perform": True}, video={"newGrant": 1}, roomConfig={"newField": 1}))
    assert verify(token, KEYS, NOW).identity == "alice"


@pytest.mark.parametrize(
    ("claims", "now", "accepted"),
    [
        (payload(), NOW + 60 + LEEWAY_SECONDS - 1, True),
        (payload(), NOW + 60 + LEEWAY_SECONDS, False),
        (payload(nbf=NOW + LEEWAY_SECONDS), NOW, True),
        (payload(nbf=NOW + LEEWAY_SECONDS + 1), NOW, False),
        ({"iss": "devkey", "sub": "alice"}, NOW, False),
        (payload(exp=None), NOW, False),
    ],
)
def test_validity_in_time(claims: dict[str, Any], now: float, accepted: bool) -> None:
    token = forge(claims)
    if accepted:
        verify(token, KEYS, now)
    else:
        with pytest.raises(TokenError) as refusal:
            verify(token, KEYS, now)
        assert refusal.value.status == 401


@pytest.mark.parametrize(
    "token",
    [
        forge(payload(), secret="wrong"),
        forge(payload(iss="nobody")),
        forge({"sub": "alice", "exp": NOW + 60}),
        forge(payload(), header={"alg": "none"}),
        forge(payload(), header={"alg": "HS512"}),
        forge(payload(), header={"alg": ["HS256"]}),
        forge(payload(), header={"alg": "HS256", "crit": ["x"]}),
        forge(payload(), header=[]),
        forge(payload()).rpartition(".")[0] + ".",
        jwt.encode(payload(), "", algorithm="none"),
        forge(b"[]"),
        forge(b"{"),
        forge(b'{"iss":"devkey","sub":"\\ud800","exp":1900000000}'),
        forge(b'{"iss":"devkey","exp":NaN}'),
        forge(b'{"iss":"devkey","exp":1e999}'),
        forge(b'{"iss":"devkey","exp":' + b"9" * 5000 + b"}"),
        forge(b'{"iss":"devkey","x":' + b"[" * 4000),
        forge(b'{"iss":"devkey","exp":1900000000,"roomConfig":' + b'{"a":' * 2000 + b"1" + b"}" * 2001),
        forge(payload(exp=True)),
        forge(payload(exp="1900000000")),
        forge(payload(sub=7)),
        forge(payload(attributes={"a": 1})),
        forge(payload(video={"roomJoin": "true"})),
        forge(payload(video=[])),
        forge(payload(video={"canPublishSources": "camera"})),
        forge(payload(roomConfig={"egress": 5})),
        forge(payload(roomConfig={"maxParticipants": "many"})),
        "",
        ".",
        "..",
        "\ud800",
        "é.é.é",
    ],
)
def test_what_is_forged_or_odd_is_refused(token: str) -> None:
    with pytest.raises(TokenError) as refusal:
        verify(token, KEYS, NOW)
    assert refusal.value.status == 401


def test_size_is_bounded_before_anything_is_parsed() -> None:
    with pytest.raises(TokenError, match="too long"):
        verify(forge(payload(metadata="m" * MAX_TOKEN_BYTES)), KEYS, NOW)


@pytest.mark.parametrize(
    "claims",
    [
        payload(sub="a" * 257),
        payload(name="a" * 257),
        payload(video={"room": "r" * 257}),
        payload(attributes={str(n): "" for n in range(257)}),
    ],
)
def test_long_names_are_a_bad_request(claims: dict[str, Any]) -> None:
    with pytest.raises(TokenError) as refusal:
        verify(forge(claims), KEYS, NOW)
    assert refusal.value.status == 400


def test_no_error_repeats_the_token() -> None:
    for claims in (payload(sub="s3cr3t" * 50), payload(iss="s3cr3t"), payload(video="s3cr3t")):
        with pytest.raises(TokenError) as refusal:
            verify(forge(claims), KEYS, NOW)
        assert "s3cr3t" not in str(refusal.value)
        assert refusal.value.__cause__ is None


TEXT = st.text("ab:/$\0é\ud800😀", max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)
CLAIM = st.sampled_from(
    ["iss", "sub", "jti", "exp", "nbf", "name", "metadata", "attributes", "kind", "video", "roomConfig"]
)
# A loaded machine must not fail a property: no deadline, no complaint about slow generation.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
ROOM_CONFIG = st.dictionaries(
    st.sampled_from(["name", "egress", "agents", "emptyTimeout", "tags", "syncStreams"]), JSON
)


@PATIENT
@given(st.dictionaries(CLAIM, JSON), ROOM_CONFIG)
def test_no_payload_raises_anything_else(claims: dict[str, Any], room_config: dict[str, Any]) -> None:
    for token in (forge(payload(**claims)), forge(payload(roomConfig=room_config))):
        try:
            verify(token, KEYS, NOW)
        except TokenError:
            continue


@PATIENT
@given(st.text(max_size=200))
def test_no_text_raises_anything_else(text: str) -> None:
    with pytest.raises(TokenError):
        verify(text, KEYS, NOW)


def test_a_name_that_people_choose_in_the_ledger_is_in_no_token() -> None:
    with pytest.raises(TokenError, match="does not begin with ~") as refused:
        verify(forge(payload(sub="~alice")), KEYS, NOW)
    assert refused.value.status == 400
    assert verify(forge(payload(sub="alice~")), KEYS, NOW).identity == "alice~"
