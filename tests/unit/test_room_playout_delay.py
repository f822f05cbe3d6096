"""The playout delay of a room: by the server API or the token of who opens it, said to who receives video."""

from __future__ import annotations

import pytest
from livekit.protocol.room import CreateRoomRequest, RoomConfiguration

from server.auth.grants import Claims, GrantError
from server.control.messages import CreateConsumer, CreateProducer, MediaKind, PlayoutDelay
from server.room.limits import RoomLimits
from server.room.options import limits_of, opened_by
from tests.unit.stage import Sending, Stage

DELAY = PlayoutDelay(50, 1000)


@pytest.mark.parametrize(
    ("least", "most", "delay"),
    [
        (500, 10_000, PlayoutDelay(50, 1000)),
        (500, 0, PlayoutDelay(50, 1000)),
        (20_000, 0, PlayoutDelay(2000, 2000)),
        (0, 100, PlayoutDelay(0, 10)),
        (1, 11, PlayoutDelay(1, 2)),
        (40_950, 40_950, PlayoutDelay(4095, 4095)),
        (0, 0, None),
    ],
)
def test_milliseconds_become_steps_of_ten_and_never_less(
    least: int, most: int, delay: PlayoutDelay | None
) -> None:
    asked = CreateRoomRequest(name="hall", min_playout_delay=least, max_playout_delay=most)
    assert limits_of(asked, RoomLimits()).playout_delay == delay
    config = RoomConfiguration(min_playout_delay=least, max_playout_delay=most)
    assert opened_by(Claims("ada", room_config=config), RoomLimits()).playout_delay == delay


@pytest.mark.parametrize(("least", "most"), [(300, 200), (0, 40_951), (2**32 - 1, 0)])
def test_a_token_that_asks_for_what_cannot_be_is_refused(least: int, most: int) -> None:
    config = RoomConfiguration(min_playout_delay=least, max_playout_delay=most)
    with pytest.raises(GrantError, match=r"roomConfig.*playout.delay"):
        opened_by(Claims("ada", room_config=config), RoomLimits())


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("delay", [DELAY, None])
def test_it_goes_with_each_reception_of_a_video_and_with_no_sound(
    delay: PlayoutDelay | None, single: bool
) -> None:
    stage = Stage(RoomLimits(playout_delay=delay))
    watcher = stage.enter("watcher", single=single)
    receiving = [Sending(kind, f"r{kind}", "", direction="recvonly") for kind in ("audio", "video")]
    stage.publish(stage.enter("ada"), Sending("audio", "1", "voice"))
    stage.publish(stage.enter("bob"), Sending("video", "1", "camera"))
    stage.pass_time(0.1)
    if single:
        stage.offer(watcher, *receiving, number=2)
    else:
        stage.answer(watcher)
    kinds = {one.producer: one.kind for one in stage.requests(CreateProducer)}
    sides = {side.transport for side in [stage.participant(watcher).subscriber] if side is not None}
    made = [one for one in stage.requests(CreateConsumer) if one.transport in sides]
    said = {kinds[one.producer]: one.playout_delay for one in made}
    assert said == {MediaKind.AUDIO: None, MediaKind.VIDEO: delay}
