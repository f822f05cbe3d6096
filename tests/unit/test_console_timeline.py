"""A connection as moments, bands and bars, out of its rows."""

from __future__ import annotations

from typing import Any

from server.console.moments import Moments
from server.console.plots import MOST_TRACKS, plot
from server.console.timeline import Row, in_words, lost_percent, timeline
from server.console.words import visible

START = 1_700_000_000.0
WHO = {"room": "garden", "identity": "ada", "participant": "PA_00000001"}


def row(after: float, event: str, **fields: Any) -> Row:
    return Row(START + after, START + 86_400, {"event": event, **WHO, **fields})


JOINED = row(0.2, "participant_joined", code="ABCD-EFGH", site="", relay=2, generation=1)
ACTIVE = row(0.8, "participant_active", join_milliseconds=600)
DECIDED = row(1.0, "attempt_ended", stage="media", cause="none", milliseconds=800, code="ABCD-EFGH", site="")
LEFT = row(
    100.0,
    "participant_left",
    reason="client_left",
    milliseconds=99_800,
    usual_quality="excellent",
    worst_quality="poor",
)
MOMENTS = Moments("UTC", START + 500)


def test_moments_count_from_asking_to_join() -> None:
    line = timeline([JOINED, ACTIVE, DECIDED, LEFT], START + 500)
    assert (line.asked_at, line.active_at, line.left_at, line.until) == (
        START,
        START + 0.8,
        START + 100,
        START + 100,
    )
    assert [one.title for one in line.moments] == [
        "Asked to join",
        "Let in",
        "Media can flow",
        "Joining is decided: it came to media",
        "Left: client left",
    ]
    assert [round(one.since, 3) for one in line.moments] == [0, 0.2, 0.8, 1.0, 100.0]
    assert ("relay", "2") in line.moments[1].details


def test_one_that_goes_on_lasts_until_now() -> None:
    line = timeline([JOINED, ACTIVE], START + 50)
    assert (line.left_at, line.until) == (None, START + 50)
    (band,) = line.quality
    assert (band.start, band.end, band.label) == (START + 0.8, START + 50, "excellent")


def test_a_join_that_failed_tells_how_far_it_came() -> None:
    failed = row(30.0, "attempt_ended", stage="ice", cause="never_ready", milliseconds=30_000)
    line = timeline([JOINED, failed, row(30.0, "participant_left", reason="never_ready")], START + 500)
    assert line.asked_at == START
    assert "Joining failed: never ready, after ice" in [one.title for one in line.moments]
    assert line.quality == ()
    (joining,) = plot(line, MOMENTS).lanes
    assert [(bar.x, bar.width, bar.tone) for bar in joining.bars] == [(0.0, 100.0, "alarm")]


def test_a_refusal_has_no_session() -> None:
    refused = Row(START + 9, START + 99, {"event": "attempts_refused", "cause": "expired", "count": 3})
    line = timeline([refused], START + 500)
    assert (line.joined, line.until) == ({}, START + 9)
    assert line.moments[-1].title == "Refused: expired"
    assert plot(line, MOMENTS).height > 0


def test_quality_is_bands_of_another_height() -> None:
    steps = [row(20, "quality_changed", quality="poor"), row(40, "quality_changed", quality="good")]
    line = timeline([JOINED, ACTIVE, *steps, LEFT], START + 500)
    assert [(one.label, round(one.start - START, 3), one.end - START) for one in line.quality] == [
        ("excellent", 0.8, 20.0),
        ("poor", 20.0, 40.0),
        ("good", 40.0, 100.0),
    ]
    lane = plot(line, MOMENTS).lanes[1]
    heights = {bar.words.split()[0]: bar.height for bar in lane.bars}
    assert heights["poor"] < heights["good"] < heights["excellent"]
    assert sum(bar.width for bar in lane.bars) <= 100
    assert "Connection: excellent for 19 s, poor for 20 s, good for 1 min 0 s." in plot(line, MOMENTS).words


def test_tracks_are_on_until_they_are_off() -> None:
    line = timeline(
        [
            JOINED,
            ACTIVE,
            row(2, "track_published", track="TR_1", kind="video", source="camera", codec="vp8"),
            row(3, "track_published", track="TR_2", kind="audio", source="unknown", codec="opus"),
            row(50, "track_unpublished", track="TR_1", milliseconds=48_000, muted_percent=10, jitter=7),
            row(60, "track_unpublished", track="TR_9", milliseconds=1),
        ],
        START + 80,
    )
    assert [(one.label, one.start - START, one.end and one.end - START) for one in line.tracks] == [
        ("Camera", 2, 50),
        ("Audio", 3, None),
    ]
    assert line.tracks[0].fields["jitter"] == 7
    assert [one.title for one in line.moments][-2:] == ["Camera off", "A track off"]


def test_a_plot_has_so_many_tracks_and_says_how_many_more() -> None:
    tracks = [
        row(2, "track_published", track=f"TR_{n}", kind="audio", source="microphone") for n in range(20)
    ]
    drawn = plot(timeline([JOINED, ACTIVE, *tracks], START + 80), MOMENTS)
    assert len(drawn.lanes) == 2 + MOST_TRACKS
    assert drawn.hidden == 20 - MOST_TRACKS


def test_every_bar_is_within_the_picture_and_can_be_seen() -> None:
    late = row(99.9999, "track_published", track="TR_1", kind="audio", source="microphone")
    for rows in ([JOINED], [JOINED, ACTIVE, late, LEFT], [row(0, "something_new", strange=[1])]):
        drawn = plot(timeline(rows, START + 100), MOMENTS)
        for bar in (bar for lane in drawn.lanes for bar in lane.bars):
            assert 0 <= bar.x <= 100 - bar.width + 0.5
            assert bar.width > 0
            assert 0 < bar.y < drawn.height
        assert len(drawn.ticks) <= 6
        assert all(0 <= tick.x < 90 for tick in drawn.ticks)


def test_a_clock_that_was_set_back_breaks_nothing() -> None:
    line = timeline([JOINED, ACTIVE, row(-50, "participant_left", reason="client_left")], START - 500)
    assert line.until >= line.asked_at
    assert plot(line, MOMENTS).lanes


def test_values_are_told_by_their_fields() -> None:
    assert in_words("join_milliseconds", 612) == "612 ms"
    assert in_words("milliseconds", 125_000) == "2 min 5 s"
    assert in_words("bytes_sent", 3_400_000) == "3.4 MB"
    assert in_words("muted_percent", 12) == "12 %"
    assert in_words("round_trip_last", 33) == "33 ms"
    assert in_words("reason", "client_left") == "client left"
    assert in_words("code", "ABCD-EFGH") == "ABCD-EFGH"
    assert in_words("dtls", "dtls_1_2") == "DTLS 1.2"
    assert in_words("srtp", "aead_aes_128_gcm") == "AEAD-AES-128-GCM"
    assert visible(in_words("packets", 1408)) == "1\N{NO-BREAK SPACE}408"


def test_loss_is_of_the_media_of_its_way() -> None:
    sending = {"direction": "publisher", "numbers": "told", "packets_received": 90, "packets_lost": 10}
    assert lost_percent(sending) == "10.0 %"
    assert lost_percent({**sending, "numbers": "unknown"}) == "not known"
    receiving = {"direction": "subscriber", "numbers": "told", "packets_sent": 200, "packets_lost": 10}
    assert lost_percent(receiving) == "5.0 %"
    assert lost_percent({**receiving, "direction": "both", "packets_received": 200}) == "2.5 %"
    assert lost_percent({"direction": "subscriber", "numbers": "told"}) == "not known"
