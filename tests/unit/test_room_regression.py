"""A publisher that wants to send one codec goes over to the backup for all, once somebody needs it."""

from __future__ import annotations

import pytest
from livekit.protocol import models

from server.control.messages import CloseConsumer, CreateConsumer, CreateProducer, ProducerLayers
from server.room.demand import PATIENCE_SECONDS
from server.room.inputs import RelayNotified
from tests.unit.stage import PAYLOAD_TYPES, Stage
from tests.unit.two_codecs import BACKUP, MAIN, publishing, send_backup, settle, told

Policy = models.BackupCodecPolicy


def gone_over(stage: Stage) -> tuple[str, str, str, str]:
    """Who cannot play the main codec, who can play both, the publisher and its track: the backup flows."""
    old, new = stage.enter("old"), stage.enter("new")
    sid, track = publishing(stage, Policy.REGRESSION)
    settle(stage, old, without="vp9")
    settle(stage, new)
    send_backup(stage, sid, track)
    stage.media(BACKUP)
    settle(stage, new)
    return old, new, sid, track


def receives(stage: Stage, sid: str) -> list[int]:
    """The producers that somebody is sent."""
    side = stage.participant(sid).subscriber
    assert side is not None
    return [one.producer for one in side.tracks.values() if one.consumer]


@pytest.mark.parametrize(
    ("asked", "followed"),
    [
        (Policy.REGRESSION, Policy.REGRESSION),
        (Policy.SIMULCAST, Policy.SIMULCAST),
        (Policy.PREFER_REGRESSION, Policy.SIMULCAST),
    ],
)
def test_the_track_tells_the_policy_that_is_followed(asked: Policy, followed: Policy) -> None:
    stage = Stage()
    sid, _ = publishing(stage, asked)
    assert stage.last(sid, "track_published").track_published.track.backup_codec_policy == followed


def test_all_who_can_play_it_are_sent_the_backup_and_the_main_codec_is_called_off() -> None:
    stage = Stage()
    old, new, sid, _ = gone_over(stage)
    main, backup = (one.producer for one in stage.requests(CreateProducer))
    assert (receives(stage, old), receives(stage, new)) == ([backup], [backup])
    first = next(one for one in stage.requests(CreateConsumer) if one.producer == main)
    assert stage.requests(CloseConsumer) == [CloseConsumer(first.consumer)]
    stage.pass_time(PATIENCE_SECONDS)
    assert told(stage, sid) == [{"vp9": 3, "vp8": 3}, {"vp9": 0, "vp8": 3}]


def test_nobody_is_moved_before_the_backup_flows() -> None:
    stage = Stage()
    old, new = stage.enter("old"), stage.enter("new")
    sid, track = publishing(stage, Policy.REGRESSION)
    settle(stage, old, without="vp9")
    settle(stage, new)
    main = stage.requests(CreateProducer)[-1].producer
    send_backup(stage, sid, track)
    stage.pass_time(60)
    assert receives(stage, new) == [main]


def test_while_everybody_can_play_the_main_codec_it_is_sent() -> None:
    stage = Stage()
    new = stage.enter("new")
    sid, _ = publishing(stage, Policy.REGRESSION)
    settle(stage, new)
    stage.pass_time(60)
    assert told(stage, sid) == []
    assert receives(stage, new) == [stage.requests(CreateProducer)[-1].producer]


def test_who_comes_later_gets_the_backup_and_the_main_codec_is_not_asked_for_again() -> None:
    stage = Stage()
    old, _, sid, _ = gone_over(stage)
    stage.pass_time(PATIENCE_SECONDS)
    stage.signal(old, leave={})
    before = told(stage, sid)
    late = stage.enter("late")
    settle(stage, late)
    stage.pass_time(60)
    assert receives(stage, late) == [stage.requests(CreateProducer)[-1].producer]
    assert told(stage, sid) == before


def test_who_cannot_play_the_backup_stays_with_the_main_codec() -> None:
    stage = Stage()
    only = stage.enter("only")
    old, _, sid, _ = gone_over(stage)
    main, backup = (one.producer for one in stage.requests(CreateProducer))
    settle(stage, only, without="vp8")
    stage.pass_time(PATIENCE_SECONDS)
    assert (receives(stage, only), receives(stage, old)) == ([main], [backup])
    assert told(stage, sid)[-1] == {"vp9": 3, "vp8": 3}


def test_where_the_backup_ends_all_who_can_are_sent_the_main_codec_again() -> None:
    stage = Stage()
    _, new, sid, _ = gone_over(stage)
    stage.pass_time(PATIENCE_SECONDS)
    stage.offer(sid, MAIN, number=4)
    settle(stage, new)
    assert receives(stage, new) == [stage.requests(CreateProducer)[0].producer]
    stage.pass_time(0)
    assert told(stage, sid)[-1]["vp9"] == 3


def test_media_of_the_backup_that_goes_on_moves_nobody_again() -> None:
    stage = Stage()
    _, new, _, _ = gone_over(stage)
    backup = stage.requests(CreateProducer)[-1].producer
    made = len(stage.requests(CreateConsumer))
    stage.put(RelayNotified(ProducerLayers(backup, PAYLOAD_TYPES["vp8"], 7)))
    settle(stage, new)
    assert len(stage.requests(CreateConsumer)) == made
