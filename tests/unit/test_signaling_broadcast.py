"""What everybody in a room is told is written once, however many there are."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field

import pytest
from livekit.protocol.models import ClientInfo
from livekit.protocol.rtc import SignalRequest, SignalResponse

from server.auth.grants import Claims, VideoGrants
from server.control.messages import Quality, SpeakerLevel, TransportQuality
from server.network.origin import Origin
from server.protocol.codec import Outgoing
from server.protocol.translate import JoinParameters
from server.room.inputs import AdminDescribe, RelayNotified
from tests.unit.signaling import Server
from tests.unit.stage import Sending, Stage

PEOPLE = 12


@dataclass
class _Session:
    """The WebSocket of somebody; `frames` by kind of message, as they would be written."""

    frames: dict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))

    def send(self, message: Outgoing) -> None:
        frame = message.frame(as_json=False)
        assert isinstance(frame, bytes)
        self.frames[str(SignalResponse.FromString(frame).WhichOneof("message"))].append(frame)

    def disconnect(self) -> None:
        raise AssertionError("nobody leaves")


async def test_a_participant_that_changes_is_written_once_for_all_others() -> None:
    server, sessions = Server(), {}
    for number in range(PEOPLE):
        session = _Session()
        grants = VideoGrants(room="hall", room_join=True, can_update_own_metadata=True)
        claims = Claims(f"person-{number}", grants=grants, expires_at=time.time() + 600)
        parameters = JoinParameters(client=ClientInfo(protocol=17))
        sid = server.rooms.join(
            session, claims, parameters, user_agent="", code="", asked_at=time.time(), origin=Origin()
        )
        sessions[sid] = session
    server.connect_transports()
    (sid, own), *others = sessions.items()
    request = SignalRequest()
    request.update_metadata.metadata = "tulips"
    server.rooms.signal(sid, own, request)
    frames = [session.frames["update"][-1] for _, session in others]
    assert len({id(frame) for frame in frames}) == 1
    for frame in (frames[0], own.frames["update"][-1]):
        assert SignalResponse.FromString(frame).update.participants[0].metadata == "tulips"


@pytest.mark.parametrize("kind", ["room_update", "connection_quality", "speakers_changed"])
def test_a_room_says_the_same_to_all_by_one_object(kind: str) -> None:
    stage = Stage()
    sids = [stage.enter(f"person-{number}") for number in range(PEOPLE)]
    track = stage.publish(sids[0], Sending("audio", "0", "microphone"))
    stage.pass_time(6.0)
    stage.forget()
    stage.put(AdminDescribe("tulips"))
    stage.put(RelayNotified(TransportQuality(stage.participant(sids[0]).publisher.transport, Quality.POOR)))
    stage.put(RelayNotified(SpeakerLevel(stage.room.tracks[track].main.producer, 5)))
    stage.pass_time(6.0)
    assert len({id(stage.last(sid, kind)) for sid in sids}) == 1
    assert all(len(stage.sent(sid, kind)) == 1 for sid in sids)
