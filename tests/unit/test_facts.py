"""Every fact of a room becomes an event that the ledger accepts, in closed words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from livekit.protocol import models
from msgspec import structs

from server import ids
from server.control import numbers
from server.control.messages import (
    CandidateKind,
    CipherSuite,
    DtlsVersion,
    MediaKind,
    PathKind,
    ProducerEnded,
    Quality,
    SrtpProfile,
    TransportEnded,
)
from server.errors import Refusal
from server.facts import event_of
from server.metadata import event, outcome, words
from server.metadata.rows import attempts, sessions, tracks, transports
from server.metadata.rows.tracks import TrackUnpublished
from server.metadata.transport_words import (
    Candidate,
    Cipher,
    Direction,
    Dtls,
    Family,
    Numbers,
    Protocol,
    Srtp,
    TransportEnd,
)
from server.room import effects
from server.room.attempt import Stage
from server.room.history import End, Side
from server.room.inputs import SignalEnd

PA, TR = ids.participant_sid(), ids.track_sid()
CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)


TO_ROOMS = tuple(act for act in effects.Act if act.name.lower() in set(words.RoomAct))


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


# The greatest numbers that a relay may tell.
TRANSPORT = TransportEnded(
    1,
    True,
    PathKind.UDP_IPV4,
    CandidateKind.HOST,
    *(numbers.MOST_PACKETS, numbers.MOST_BYTES, numbers.MOST_PACKETS, numbers.MOST_BYTES),
    *(numbers.MOST_PACKETS, numbers.MOST_PACKETS),
    *(numbers.LONGEST_ROUND_TRIP, numbers.LONGEST_ROUND_TRIP),
)
TRACK = ProducerEnded(
    1,
    True,
    numbers.MOST_LAYERS,
    *(numbers.MOST_PACKETS, numbers.MOST_BYTES, numbers.MOST_PACKETS, numbers.MOST_PACKETS),
    *(numbers.MOST_JITTER, numbers.MOST_KEY_FRAMES, numbers.MOST_KEY_FRAMES),
)


def closed(**change: Any) -> effects.TransportClosed:
    profile, version = SrtpProfile.AEAD_AES_128_GCM, DtlsVersion.DTLS_1_2
    suite = CipherSuite.ECDHE_ECDSA_AES128_GCM_SHA256
    agreed = (profile, version, suite)
    fact = effects.TransportClosed("hall", "ada", PA, Side.PUBLISHER, End.CLOSED, *agreed, 5, 40, 60.0)
    return replace(fact, **change)


@pytest.mark.parametrize(
    "fact",
    [
        effects.ParticipantJoined("hall", "ada", PA, models.ClientInfo(), "ABCD-EFGH", "Lyon", 3, 7, 2),
        effects.ParticipantActive("hall", "ada", PA, -5),
        *(effects.Administered("hall", "", "", act) for act in TO_ROOMS),
        *(effects.Administered("hall", "ada", PA, act) for act in effects.Act if act not in TO_ROOMS),
        effects.ParticipantActive("hall", "ada", PA, 10**12),
        *(left(reason, 1.5) for reason in range(20)),
        left(0, -1.0),
        *(failed(reason, 10) for reason in range(20)),
        failed(None, -5),
        failed(None, 10**12),
        effects.TrackPublished("hall", "ada", PA, TR, MediaKind.VIDEO, "unknown", "video/VP8"),
        effects.TrackPublished("hall", "ada", PA, TR, MediaKind.AUDIO, "microphone", ""),
        effects.TrackUnpublished("hall", "ada", PA, TR, 2.0, 0.0),
        effects.TrackUnpublished("hall", "ada", PA, TR, 0.0, 0.0),
        effects.TrackUnpublished("hall", "ada", PA, TR, 2.0, 9.0, TRACK),
        *(closed(end=end) for end in End),
        *(closed(srtp_profile=profile) for profile in SrtpProfile),
        *(closed(dtls_version=version) for version in DtlsVersion),
        *(closed(cipher_suite=suite) for suite in CipherSuite),
        *(closed(numbers=structs.replace(TRANSPORT, path=path)) for path in PathKind),
        *(closed(numbers=structs.replace(TRANSPORT, candidate=kind)) for kind in CandidateKind),
        closed(side=Side.SUBSCRIBER, seconds=-1.0, reachable_after=10**12, keyed_after=10**12),
        effects.ParticipantResumed("hall", "ada", PA, 2.5),
        effects.ParticipantResumed("hall", "ada", PA, -1.0),
        *(effects.QualityChanged("hall", "ada", PA, quality) for quality in Quality),
    ],
)
def test_every_fact_is_an_event_that_may_be_kept(fact: effects.Fact) -> None:
    kept = event_of(fact)
    assert event.decode(event.encode(kept)) == kept


def test_a_client_is_told_by_a_few_closed_words_and_never_by_its_own() -> None:
    client = models.ClientInfo(
        sdk=models.ClientInfo.SDK.JS, version="2.23.0", os="secret system", device_model="secret device"
    )
    joined = event_of(effects.ParticipantJoined("hall", "ada", PA, client, "", "", 1, 1, 2), CHROME)
    assert isinstance(joined, sessions.ParticipantJoined)
    assert (joined.sdk, joined.browser, joined.browser_version) == (words.Sdk.JS, words.Browser.CHROME, 140)
    assert b"secret" not in event.encode(joined)
    assert b"Mozilla" not in event.encode(joined)


def test_an_sdk_newer_than_the_protocol_we_know_is_unknown() -> None:
    client = models.ClientInfo.FromString(b"\x08\xe7\x07")  # sdk = 999
    joined = event_of(effects.ParticipantJoined("hall", "ada", PA, client, "", "", 1, 1, 2))
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


def test_how_a_transport_went_is_in_its_row() -> None:
    told = TransportEnded(
        1, True, PathKind.UDP_IPV6, CandidateKind.RELAYED, 1024, 98304, 2048, 196608, 10, 8, 30, 52
    )
    assert event_of(closed(numbers=told)) == transports.TransportEnded(
        room="hall",
        identity="ada",
        participant=PA,
        direction=Direction.PUBLISHER,
        end=TransportEnd.CLOSED,
        milliseconds=60_000,
        ice_milliseconds=5,
        dtls_milliseconds=40,
        protocol=Protocol.UDP,
        family=Family.IPV6,
        candidate=Candidate.RELAYED,
        dtls=Dtls.DTLS_1_2,
        cipher=Cipher.ECDHE_ECDSA_AES128_GCM_SHA256,
        srtp=Srtp.AEAD_AES_128_GCM,
        numbers=Numbers.TOLD,
        packets_received=1024,
        bytes_received=98304,
        packets_sent=2048,
        bytes_sent=196608,
        packets_lost=10,
        packets_resent=8,
        round_trip_last=30,
        round_trip_worst=52,
    )


def test_how_a_track_went_is_in_its_row() -> None:
    told = ProducerEnded(1, True, 3, 1024, 98304, 10, 8, 12, 5, 4)
    assert event_of(effects.TrackUnpublished("hall", "ada", PA, TR, 60.0, 15.2, told)) == TrackUnpublished(
        room="hall",
        identity="ada",
        participant=PA,
        track=TR,
        milliseconds=60_000,
        muted_percent=25,
        numbers=Numbers.TOLD,
        layers=3,
        packets=1024,
        bytes=98304,
        packets_lost=10,
        packets_resent=8,
        jitter=12,
        key_frames=4,
        key_frames_asked=5,
    )


def test_numbers_that_were_not_told_are_none() -> None:
    transport = event_of(closed(end=End.RELAY_LOST))
    track = event_of(effects.TrackUnpublished("hall", "ada", PA, TR, 60.0, 0.0))
    assert isinstance(transport, transports.TransportEnded)
    assert isinstance(track, TrackUnpublished)
    assert (transport.numbers, transport.packets_sent, transport.protocol) == (
        Numbers.UNKNOWN,
        0,
        Protocol.UNKNOWN,
    )
    assert (track.numbers, track.packets) == (Numbers.UNKNOWN, 0)
    assert transport.dtls_milliseconds == 40, "what signaling saw itself is known"
