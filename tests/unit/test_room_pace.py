"""One participant's changes of itself do not fill the queues of others."""

from __future__ import annotations

from livekit.protocol.rtc import MuteTrackRequest, RequestResponse, UpdateParticipantMetadata

from server.room.pace import BURST_BYTES, BYTES_PER_SECOND, LEAST_BYTES
from server.signaling.outbox import MAX_BYTES
from tests.unit.stage import Sending, Stage

LARGE = 400 * 1024


def sizes(stage: Stage, sid: str) -> list[int]:
    return [response.ByteSize() for response in stage.sent(sid, "update")]


def test_large_metadata_rewritten_without_end_is_shown_now_and_then_and_the_latest_at_last() -> None:
    stage = Stage()
    watcher, ada = stage.enter("watcher"), stage.enter("ada", can_update_own_metadata=True)
    stage.forget()
    for number in range(30):
        text = str(number % 10) * LARGE
        stage.signal(ada, update_metadata=UpdateParticipantMetadata(metadata=text, request_id=number))
    replies = [one.request_response for one in stage.sent(ada, "request_response")]
    assert [one.reason for one in replies] == [RequestResponse.Reason.OK] * 30
    assert sum(sizes(stage, watcher)) <= BURST_BYTES + LARGE + LEAST_BYTES < MAX_BYTES
    stage.pass_time(60)
    assert stage.last(watcher, "update").update.participants[0].metadata == "9" * LARGE
    shown = len(sizes(stage, watcher))
    stage.pass_time(60)
    assert len(sizes(stage, watcher)) == shown


def test_muting_without_end_is_shown_at_a_pace_and_as_it_is_at_last() -> None:
    stage = Stage()
    watcher, ada = stage.enter("watcher"), stage.enter("ada")
    track = stage.publish(ada, Sending("audio", "0", "mic"))
    stage.forget()
    for number in range(1_001):
        stage.signal(ada, mute=MuteTrackRequest(sid=track, muted=number % 2 == 0))
    assert len(sizes(stage, watcher)) <= BURST_BYTES / LEAST_BYTES + 1
    stage.pass_time(1)
    assert stage.last(watcher, "update").update.participants[0].tracks[0].muted


def test_honest_changes_are_shown_at_once() -> None:
    stage = Stage()
    watcher, ada = stage.enter("watcher"), stage.enter("ada", can_update_own_metadata=True)
    for number in range(100):
        stage.forget()
        stage.signal(ada, update_metadata=UpdateParticipantMetadata(name=f"Ada {number}"))
        assert len(sizes(stage, watcher)) == 1
        stage.pass_time(LEAST_BYTES / BYTES_PER_SECOND)
