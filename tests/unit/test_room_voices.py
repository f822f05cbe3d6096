"""Which tracks count as voices, of which a room forwards only the loudest."""

from __future__ import annotations

import pytest
from livekit.protocol import models

from server.control.messages import CreateProducer, DataMember
from server.room.limits import RoomLimits
from tests.unit.stage import Sending, Stage

SOURCE = models.TrackSource


@pytest.mark.parametrize(
    ("kind", "source", "is_voice"),
    [
        ("audio", SOURCE.MICROPHONE, True),
        ("audio", SOURCE.UNKNOWN, True),
        ("audio", SOURCE.SCREEN_SHARE_AUDIO, False),
        ("video", SOURCE.CAMERA, False),
    ],
)
def test_microphones_are_voices_of_their_room(kind: str, source: models.TrackSource, is_voice: bool) -> None:
    stage = Stage(RoomLimits(loudest_voices=7))
    stage.publish(stage.enter("ada"), Sending(kind, "0", "cid"), source=source)
    [producer] = stage.requests(CreateProducer)
    [member] = stage.requests(DataMember)
    assert (producer.room, producer.most_voices) == (member.room, 7 if is_voice else 0)


def test_without_a_limit_a_relay_ranks_nobody() -> None:
    stage = Stage(RoomLimits(loudest_voices=0))
    stage.publish(stage.enter("ada"), Sending("audio", "0", "cid"))
    [producer] = stage.requests(CreateProducer)
    assert producer.most_voices == 0
