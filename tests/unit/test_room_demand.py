"""What a publisher is told of what is wanted of its video: more at once, less after a while."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from livekit.protocol import models
from livekit.protocol.rtc import UpdateTrackSettings

from server.room.demand import NOTHING, PATIENCE_SECONDS, Demand
from tests.unit.stage import Sending, Stage, subscribe_message

CAMERA = Sending("video", "1", "camera-cid", rids=("q", "h", "f"))
ONE_STREAM = Sending("video", "1", "camera-cid")
QUALITY = models.VideoQuality
ALL = (QUALITY.LOW, QUALITY.MEDIUM, QUALITY.HIGH)
NONE: tuple[models.VideoQuality, ...] = ()


def publishing(
    *watchers: str, section: Sending = CAMERA, layers: list[models.VideoLayer] | None = None
) -> tuple[Stage, str, str, list[str]]:
    """A room, who publishes in it, the track, and those who watch it."""
    stage = Stage()
    sids = [stage.enter(watcher) for watcher in watchers]
    publisher = stage.enter("ada")
    track = stage.publish(publisher, section, layers=layers or [])
    stage.pass_time(0.1)
    for sid in sids:
        stage.answer(sid)
    return stage, publisher, track, sids


def told(stage: Stage, publisher: str, name: str = "vp8") -> list[tuple[models.VideoQuality, ...]]:
    """The qualities that were enabled, message by message; both of its lists say the same."""
    found = []
    for message in stage.sent(publisher, "subscribed_quality_update"):
        update = message.subscribed_quality_update
        (codec,) = update.subscribed_codecs
        assert codec.codec == name
        assert list(codec.qualities) == list(update.subscribed_qualities)
        assert [one.quality for one in codec.qualities] == list(ALL)
        found.append(tuple(one.quality for one in codec.qualities if one.enabled))
    return found


def want(stage: Stage, sid: str, track: str, quality: models.VideoQuality, *, disabled: bool = False) -> None:
    stage.signal(
        sid, track_setting=UpdateTrackSettings(track_sids=[track], quality=quality, disabled=disabled)
    )


def test_while_somebody_wants_everything_nothing_is_said() -> None:
    stage, publisher, _, _ = publishing("alan", "grace")
    stage.pass_time(60)
    assert told(stage, publisher) == []


def test_a_layer_that_nobody_wants_is_called_off_after_a_while() -> None:
    stage, publisher, track, (alan, grace) = publishing("alan", "grace")
    want(stage, alan, track, QUALITY.LOW)
    stage.pass_time(2 * PATIENCE_SECONDS)
    assert told(stage, publisher) == []
    want(stage, grace, track, QUALITY.MEDIUM)
    stage.pass_time(PATIENCE_SECONDS - 0.1)
    assert told(stage, publisher) == []
    stage.pass_time(0.2)
    assert told(stage, publisher) == [(QUALITY.LOW, QUALITY.MEDIUM)]


def test_a_layer_that_somebody_wants_again_is_asked_for_at_once() -> None:
    stage, publisher, track, (alan,) = publishing("alan")
    want(stage, alan, track, QUALITY.LOW)
    stage.pass_time(PATIENCE_SECONDS)
    want(stage, alan, track, QUALITY.HIGH)
    stage.pass_time(0)
    assert told(stage, publisher) == [(QUALITY.LOW,), ALL]


def test_who_looks_back_in_time_changes_nothing() -> None:
    stage, publisher, track, (alan,) = publishing("alan")
    for _ in range(10):
        want(stage, alan, track, QUALITY.LOW)
        stage.pass_time(PATIENCE_SECONDS - 1)
        want(stage, alan, track, QUALITY.HIGH)
        stage.pass_time(1)
    assert told(stage, publisher) == []


def test_a_video_that_is_shown_to_nobody_is_not_sent() -> None:
    stage, publisher, track, (alan,) = publishing("alan")
    want(stage, alan, track, QUALITY.HIGH, disabled=True)
    stage.pass_time(PATIENCE_SECONDS)
    assert told(stage, publisher) == [NONE]
    want(stage, alan, track, QUALITY.MEDIUM)
    stage.pass_time(0)
    assert told(stage, publisher)[1:] == [(QUALITY.LOW, QUALITY.MEDIUM)]


def test_who_leaves_or_unsubscribes_wants_nothing_any_more() -> None:
    stage, publisher, track, (alan, grace) = publishing("alan", "grace")
    stage.signal(alan, leave={})
    stage.pass_time(PATIENCE_SECONDS + 3)
    assert told(stage, publisher) == []
    stage.signal(grace, **subscribe_message(track, subscribe=False))
    stage.pass_time(PATIENCE_SECONDS)
    assert told(stage, publisher) == [NONE]


def test_the_first_who_comes_is_sent_everything_before_it_has_answered() -> None:
    stage, publisher, _, _ = publishing()
    stage.pass_time(PATIENCE_SECONDS)
    assert told(stage, publisher) == [NONE]
    stage.enter("alan")
    stage.pass_time(0)
    assert told(stage, publisher) == [NONE, ALL]


def test_one_encoding_is_known_as_the_highest_whatever_size_is_wanted() -> None:
    stage, publisher, track, (alan,) = publishing("alan", section=ONE_STREAM)
    want(stage, alan, track, QUALITY.LOW)
    stage.pass_time(PATIENCE_SECONDS)
    assert told(stage, publisher) == []
    want(stage, alan, track, QUALITY.LOW, disabled=True)
    stage.pass_time(PATIENCE_SECONDS)
    want(stage, alan, track, QUALITY.LOW)
    stage.pass_time(0)
    assert told(stage, publisher) == [NONE, ALL]


def test_layers_in_one_stream_are_wanted_together() -> None:
    layers = [models.VideoLayer(quality=quality, width=320, height=180) for quality in ALL]
    section = Sending("video", "1", "camera-cid", codecs=("vp9",))
    stage, publisher, track, (alan,) = publishing("alan", section=section, layers=layers)
    want(stage, alan, track, QUALITY.LOW)
    stage.pass_time(2 * PATIENCE_SECONDS)
    assert told(stage, publisher, "vp9") == []
    want(stage, alan, track, QUALITY.LOW, disabled=True)
    stage.pass_time(PATIENCE_SECONDS)
    assert told(stage, publisher, "vp9") == [NONE]


def test_of_sound_nothing_is_said() -> None:
    stage = Stage()
    publisher = stage.enter("ada")
    stage.publish(publisher, Sending("audio", "0", "mic"))
    stage.pass_time(60)
    assert told(stage, publisher) == []


CHANGES = st.lists(st.tuples(st.integers(0, 3), st.integers(NOTHING, 2), st.floats(0, 7)), max_size=30)


@given(CHANGES)
def test_in_the_end_a_publisher_sends_what_is_wanted_and_never_less_meanwhile(
    changes: list[tuple[int, int, float]],
) -> None:
    now, sends = 0.0, 2
    demand = Demand(3, now)
    wanted = dict.fromkeys(range(4), NOTHING)
    for subscriber, layer, seconds in changes:
        demand.change(wanted[subscriber], layer, now)
        wanted[subscriber] = layer
        if (highest := demand.tell(now)) is not None:
            sends = highest
        assert sends >= max(wanted.values())
        now += seconds
        if (highest := demand.tell(now)) is not None:
            sends = highest
    if (highest := demand.tell(now + PATIENCE_SECONDS)) is not None:
        sends = highest
    assert sends == max(wanted.values())
    assert demand.due is None
