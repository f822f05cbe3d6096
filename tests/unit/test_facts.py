"""Every fact of a room becomes an event that the ledger accepts, in closed words."""

from __future__ import annotations

import pytest
from livekit.protocol import models

from server import ids
from server.control.messages import MediaKind, Quality
from server.errors import Refusal
from server.facts import event_of
from server.metadata import event, outcome, words
from server.metadata.rows import attempts, sessions, tracks
from server.room import effects
from server.room.attempt import Stage
from server.room.inputs import SignalEnd

PA, TR = ids.participant_sid(), ids.track_sid()
CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)


def left(
    reason: int,
    seconds: float,
    signal: SignalEnd = SignalEnd.LOST,
    usual: Quality | None = None,
    worst: Quality | None = None,
) -> effects.ParticipantLeft:
    return effects.ParticipantLeft("hall", "ada", PA, reason, seconds, signal, usual, worst)


def failed(reason: int | None, milliseconds: int, signal: SignalEnd = SignalEnd.LOST) -> effects.AttemptEnded:
    return effects.AttemptEnded(
        "hall", "ada", PA, "ABCD-EFGH", Stage.ICE, milliseconds, reason, signal, "Lyon"
    )


@pytest.mark.parametrize(
    "fact",
    [
        effects.ParticipantJoined("hall", "ada", PA, models.ClientInfo(), "ABCD-EFGH", "Lyon"),
        effects.ParticipantActive("hall", "ada", PA, -5),
        effects.ParticipantActive("hall", "ada", PA, 10**12),
        *(left(reason, 1.5) for reason in range(20)),
        left(0, -1.0),
        *(failed(reason, 10) for reason in range(20)),
        failed(None, -5),
        failed(None, 10**12),
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
    joined = event_of(effects.ParticipantJoined("hall", "ada", PA, client, "", ""), CHROME)
    assert isinstance(joined, sessions.ParticipantJoined)
    assert (joined.sdk, joined.browser, joined.browser_version) == (words.Sdk.JS, words.Browser.CHROME, 140)
    assert b"secret" not in event.encode(joined)
    assert b"Mozilla" not in event.encode(joined)


def test_an_sdk_newer_than_the_protocol_we_know_is_unknown() -> None:
    client = models.ClientInfo.FromString(b"\x08\xe7\x07")  # sdk = 999
    joined = event_of(effects.ParticipantJoined("hall", "ada", PA, client, "", ""))
    assert isinstance(joined, sessions.ParticipantJoined)
    assert joined.sdk is words.Sdk.UNKNOWN


def test_reasons_and_codecs_are_translated() -> None:
    replaced = event_of(left(models.DisconnectReason.DUPLICATE_IDENTITY, 2))
    assert isinstance(replaced, sessions.ParticipantLeft)
    assert (replaced.reason, replaced.milliseconds) == (words.LeaveReason.DUPLICATE_IDENTITY, 2000)
    published = event_of(
        effects.TrackPublished("hall", "ada", PA, TR, MediaKind.VIDEO, "camera", "video/H264")
    )
    assert isinstance(published, tracks.TrackPublished)
    assert (published.codec, published.source) == (words.Codec.H264, words.TrackSource.CAMERA)


@pytest.mark.parametrize(
    ("signal", "reason"),
    [
        (SignalEnd.LOST, words.LeaveReason.CONNECTION_LOST),
        (SignalEnd.SLOW_READER, words.LeaveReason.SLOW_READER),
        (SignalEnd.PROTOCOL_ERROR, words.LeaveReason.PROTOCOL_ERROR),
    ],
)
def test_how_a_websocket_ended_is_the_reason(signal: SignalEnd, reason: words.LeaveReason) -> None:
    ended = event_of(left(models.DisconnectReason.SIGNAL_CLOSE, 2, signal))
    attempt = event_of(failed(models.DisconnectReason.SIGNAL_CLOSE, 2, signal))
    assert isinstance(ended, sessions.ParticipantLeft)
    assert isinstance(attempt, attempts.AttemptEnded)
    assert (ended.reason, attempt.cause.value) == (reason, reason.value)


def test_every_step_and_quality_has_its_word() -> None:
    assert [stage.name.lower() for stage in Stage] == [stage.value for stage in outcome.Stage][2:]
    for quality in Quality:
        ended = event_of(left(0, 1, usual=quality, worst=Quality.POOR))
        assert isinstance(ended, sessions.ParticipantLeft)
        assert (ended.usual_quality.name, ended.worst_quality.name) == (quality.name, "POOR")


def test_an_attempt_fails_for_a_refusal_or_for_what_ends_a_connection() -> None:
    refusals = {refusal.value for refusal in Refusal}
    reasons = {reason.value for reason in words.LeaveReason}
    assert {cause.value for cause in outcome.AttemptCause} == {"none"} | refusals | reasons
