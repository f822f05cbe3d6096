"""Grants: LiveKit's defaults, and the refusal of whatever would record or hide somebody."""

from __future__ import annotations

import msgspec
import pytest
from livekit.protocol.room import RoomConfiguration, RoomEgress

from server.auth.grants import Claims, GrantError, Kind, VideoClaim, VideoGrants, refuse_recording


def grants(text: str) -> VideoGrants:
    return VideoGrants.from_claim(msgspec.json.decode(text, type=VideoClaim))


def test_absent_grants_have_the_defaults_of_livekit() -> None:
    assert grants("{}") == VideoGrants()
    assert VideoGrants().can_publish
    assert VideoGrants().can_subscribe
    assert not VideoGrants().room_join
    assert not VideoGrants().can_update_own_metadata


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", True),
        ('{"canPublish": false}', False),
        ('{"canPublish": false, "canPublishData": true}', True),
        ('{"canPublishData": false}', False),
        ('{"canPublish": false, "canPublishData": null}', False),
    ],
)
def test_data_follows_publishing_unless_stated(text: str, expected: bool) -> None:
    assert grants(text).can_publish_data is expected


@pytest.mark.parametrize(
    ("text", "source", "expected"),
    [
        ("{}", "camera", True),
        ('{"canPublishSources": []}', "camera", True),
        ('{"canPublishSources": ["CAMERA"]}', "camera", True),
        ('{"canPublishSources": ["camera"]}', "screen_share", False),
        ('{"canPublishSources": ["teapot"]}', "camera", False),
        ('{"canPublishSources": ["camera"], "canPublish": false}', "camera", False),
    ],
)
def test_sources(text: str, source: str, expected: bool) -> None:
    assert grants(text).may_publish(source) is expected


@pytest.mark.parametrize(
    "given",
    [
        VideoGrants(),
        VideoGrants(can_publish=False, can_publish_data=True),
        VideoGrants(room="r", room_join=True, room_admin=True, can_subscribe=False),
        VideoGrants(can_publish_sources=("camera",), hidden=True),
    ],
)
def test_a_claim_means_the_grants_it_was_made_from(given: VideoGrants) -> None:
    assert VideoGrants.from_claim(given.to_claim()) == given


@pytest.mark.parametrize(
    ("claims", "word"),
    [
        (Claims("x", grants=VideoGrants(recorder=True)), "recorder"),
        (Claims("x", grants=VideoGrants(hidden=True)), "hidden"),
        (Claims("x", grants=VideoGrants(room_record=True)), "roomRecord"),
        (Claims("x", kind=Kind.EGRESS), "egress"),
        (Claims("x", room_config=RoomConfiguration(egress=RoomEgress())), "egress"),
    ],
)
def test_recording_and_hiding_are_refused_with_the_reason(claims: Claims, word: str) -> None:
    with pytest.raises(GrantError, match=word) as refusal:
        refuse_recording(claims)
    assert refusal.value.status == 403
    assert "recording is blocked on this server" in str(refusal.value)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.EGRESS])
def test_false_values_and_other_kinds_are_accepted(kind: Kind) -> None:
    stated = grants('{"recorder": false, "hidden": false, "roomRecord": false, "agent": true}')
    refuse_recording(Claims("x", kind=kind, grants=stated, room_config=RoomConfiguration(name="r")))
