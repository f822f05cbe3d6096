"""Every fact of a room becomes an event that the ledger accepts, in closed words."""

from __future__ import annotations

import pytest
from livekit.protocol import models

from server import ids
from server.control.messages import MediaKind
from server.facts import event_of
from server.metadata import event
from server.room import effects

PA, TR = ids.participant_sid(), ids.track_sid()
CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)


@pytest.mark.parametrize(
    "fact",
    [
        effects.ParticipantJoined("hall", "ada", PA, models.ClientInfo()),
        effects.ParticipantActive("hall", "ada", PA, -5),
        effects.ParticipantActive("hall", "ada", PA, 10**12),
        *(effects.ParticipantLeft("hall", "ada", PA, reason, 1.5) for reason in range(20)),
        effects.ParticipantLeft("hall", "ada", PA, 0, -1.0),
        effects.TrackPublished("hall", "ada", PA, TR, MediaKind.VIDEO, "unknown", "video/VP8"),
        effects.TrackPublished("hall", "ada", PA, TR, MediaKind.AUDIO, "microphone", ""),
        effects.TrackUnpublished("hall", "ada", PA, TR, 2.0),
    ],
)
def test_every_fact_is_an_event_that_may_be_kept(fact: effects.Fact) -> None:
    kept = event_of(fact)
    assert event.decode(event.encode(kept)) == kept


def test_a_client_is_told_by_a_few_closed_words_and_never_by_its_own() -> None:
    client = models.ClientInfo(
        sdk=models.ClientInfo.SDK.JS, version="2.23.0", os="secret system", device_model="secret device"
    )
    joined = event_of(effects.ParticipantJoined("hall", "ada", PA, client), CHROME)
    assert isinstance(joined, event.ParticipantJoined)
    assert (joined.sdk, joined.browser, joined.browser_version) == (event.Sdk.JS, event.Browser.CHROME, 140)
    assert b"secret" not in event.encode(joined)
    assert b"Mozilla" not in event.encode(joined)


def test_an_sdk_newer_than_the_protocol_we_know_is_unknown() -> None:
    client = models.ClientInfo.FromString(b"\x08\xe7\x07")  # sdk = 999
    joined = event_of(effects.ParticipantJoined("hall", "ada", PA, client))
    assert isinstance(joined, event.ParticipantJoined)
    assert joined.sdk is event.Sdk.UNKNOWN


def test_reasons_and_codecs_are_translated() -> None:
    left = event_of(effects.ParticipantLeft("hall", "ada", PA, models.DisconnectReason.DUPLICATE_IDENTITY, 2))
    assert isinstance(left, event.ParticipantLeft)
    assert (left.reason, left.milliseconds) == (event.LeaveReason.DUPLICATE_IDENTITY, 2000)
    published = event_of(
        effects.TrackPublished("hall", "ada", PA, TR, MediaKind.VIDEO, "camera", "video/H264")
    )
    assert isinstance(published, event.TrackPublished)
    assert (published.codec, published.source) == (event.Codec.H264, event.TrackSource.CAMERA)
