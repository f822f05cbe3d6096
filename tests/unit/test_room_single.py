"""One peer connection both ways: the client offers, and is asked to where there is something to send."""

from __future__ import annotations

from livekit.protocol import models
from livekit.protocol.rtc import SessionDescription

from server.control.messages import (
    CloseConsumer,
    CloseTransport,
    ConnectTransport,
    CreateConsumer,
    CreateTransport,
    DataMember,
    RestartIce,
    TransportPhase,
)
from server.room.effects import Act, Administered, ParticipantJoined, ParticipantLeft, TransportClosed
from server.room.history import Side
from server.room.inputs import AdminChange, Resume, SignalEnd, SignalLost
from server.room.negotiation import ANSWER_SECONDS
from server.room.single import DECRYPTION_SECONDS
from server.sdp.model import Direction
from server.sdp.parse import parse
from tests.unit.one_connection import CAMERA, MIC, enter, receiving, required
from tests.unit.stage import START, Sending, Stage, offer_text, subscribe_message

OPENED = Act.RECEPTION_OPENED


def test_there_is_one_transport_and_no_offer_of_the_server() -> None:
    stage = Stage()
    sid = stage.join("ada", single=True)
    assert stage.kinds(sid) == ["join"]
    assert not stage.last(sid, "join").join.subscriber_primary
    (transport,) = stage.requests(CreateTransport)
    (member,) = stage.requests(DataMember)
    assert member.send_transport == member.receive_transport == transport.transport
    (joined,) = [fact for fact in stage.facts() if isinstance(fact, ParticipantJoined)]
    assert joined.transports == 1
    stage.offer(sid, *receiving(), number=7)
    assert stage.last(sid, "answer").answer.id == 7
    assert len(stage.requests(ConnectTransport)) == 1
    stage.connect(sid)
    assert stage.participant(sid).is_active


def test_a_track_is_asked_an_offer_for_and_sent_in_its_answer() -> None:
    stage = Stage()
    watcher = enter(stage, "watcher")
    sid = stage.enter("ada")
    track = stage.publish(sid, MIC)
    stage.pass_time(0.1)
    assert required(stage, watcher) == [(0, 0)]
    # Whoever it comes from is known before: a client drops media of somebody unknown.
    kinds = stage.kinds(watcher)
    assert kinds.index("update") < kinds.index("media_sections_requirement")
    stage.offer(watcher, *receiving(), number=2)
    answer = stage.last(watcher, "answer").answer
    assert (answer.id, dict(answer.mid_to_track_id)) == (2, {"a0": track})
    (consumer,) = stage.requests(CreateConsumer)
    assert consumer.transport == stage.participant(watcher).publisher.transport
    assert f"a=ssrc:{consumer.ssrc} " in answer.sdp
    assert f"a=msid:{sid}|{track} {track}\r\n" in answer.sdp
    stage.pass_time(60)
    assert required(stage, watcher) == [(0, 0)]


def test_what_is_encrypted_end_to_end_is_sent_once_the_client_can_decrypt_it() -> None:
    stage = Stage()
    watcher = enter(stage, "watcher", audios=2)
    sealed = models.Encryption.Type.GCM
    gone = stage.publish(stage.enter("gone"), MIC, encryption=sealed)
    stage.publish(stage.enter("ada"), MIC, encryption=sealed)
    stage.pass_time(0.1)
    stage.offer(watcher, *receiving(2), number=2)
    assert len(stage.last(watcher, "answer").answer.mid_to_track_id) == 2
    stage.pass_time(DECRYPTION_SECONDS - 0.1)
    stage.offer(watcher, *receiving(2), number=3)  # does not make it wait anew
    assert stage.requests(CreateConsumer) == []
    stage.signal(watcher, **subscribe_message(gone, subscribe=False))
    stage.pass_time(0.1)
    assert len(stage.requests(CreateConsumer)) == 1


def test_as_many_sections_are_asked_for_as_are_missing() -> None:
    stage = Stage()
    watcher = enter(stage, "watcher", audios=0, videos=1)
    for number in range(3):
        stage.publish(stage.enter(f"p{number}"), CAMERA)
    stage.publish(stage.enter("speaker"), MIC)
    stage.pass_time(0.1)
    assert required(stage, watcher) == [(1, 2)]
    stage.offer(watcher, *receiving(1, 3), number=2)
    assert len(stage.requests(CreateConsumer)) == 4
    assert len(stage.last(watcher, "answer").answer.mid_to_track_id) == 4


def test_a_client_that_brings_no_section_is_not_asked_for_the_same_again_and_goes_on() -> None:
    stage = Stage()
    watcher = enter(stage, "watcher", videos=0)
    ada = stage.enter("ada")
    stage.publish(ada, CAMERA)
    stage.pass_time(0.1)
    for number in range(2, 6):
        stage.offer(watcher, *receiving(1, 0), number=number)
        stage.pass_time(1)
    assert required(stage, watcher) == [(0, 1)]
    stage.pass_time(ANSWER_SECONDS + 1)
    assert watcher in stage.room.participants
    stage.publish(stage.enter("bob"), CAMERA)
    stage.pass_time(0.1)
    assert required(stage, watcher) == [(0, 1), (0, 2)]


def test_a_client_that_does_not_offer_when_asked_has_to_join_again() -> None:
    stage = Stage()
    watcher = enter(stage, "watcher")
    stage.publish(stage.enter("ada"), MIC)
    stage.pass_time(ANSWER_SECONDS + 1)
    assert watcher not in stage.room.participants
    assert stage.last(watcher, "leave").leave.can_reconnect


def test_what_ends_is_inactive_in_the_next_answer_and_no_more_is_sent_at_once() -> None:
    stage = Stage()
    watcher = enter(stage, "watcher")
    track = stage.publish(stage.enter("ada"), MIC)
    stage.pass_time(0.1)
    stage.offer(watcher, *receiving(), number=2)
    stage.signal(watcher, **subscribe_message(track, subscribe=False))
    assert len(stage.requests(CloseConsumer)) == 1
    stage.pass_time(0.1)
    assert required(stage, watcher) == [(0, 0), (0, 0)]
    stage.offer(watcher, *receiving(), number=3)
    answer = stage.last(watcher, "answer").answer
    assert dict(answer.mid_to_track_id) == {}
    assert {one.direction for one in parse(answer.sdp).sections if one.kind == "audio"} == {
        Direction.INACTIVE
    }


def test_a_track_that_comes_as_another_ends_takes_its_section_in_two_rounds() -> None:
    stage = Stage()
    watcher = enter(stage, "watcher")
    ada = stage.enter("ada")
    first = stage.publish(ada, CAMERA)
    stage.pass_time(0.1)
    stage.offer(watcher, *receiving(), number=2)
    assert dict(stage.last(watcher, "answer").answer.mid_to_track_id) == {"v0": first}
    stage.offer(ada, number=3)
    second = stage.publish(ada, Sending("video", "1", "other"), number=4)
    for number in (3, 4):
        stage.pass_time(0.1)
        stage.offer(watcher, *receiving(), number=number)
    assert required(stage, watcher) == [(0, 0)] * 3
    assert dict(stage.last(watcher, "answer").answer.mid_to_track_id) == {"v0": second}


def test_it_publishes_beside_what_it_receives() -> None:
    stage = Stage()
    watcher = enter(stage, "watcher")
    ada = enter(stage, "ada")
    heard = stage.publish(ada, MIC)
    stage.pass_time(0.1)
    stage.publish(watcher, CAMERA, number=2)  # its own offer, without any section that receives
    assert stage.requests(CreateConsumer) == []
    stage.offer(watcher, CAMERA, *receiving(), number=3)
    assert dict(stage.last(watcher, "answer").answer.mid_to_track_id) == {"a0": heard}
    assert len(stage.participant(watcher).published()) == 1


def test_its_end_is_told_once_and_leaves_no_identifier() -> None:
    stage = Stage()
    watcher = enter(stage, "watcher")
    ada = stage.enter("ada")
    stage.publish(ada, MIC)
    stage.pass_time(0.1)
    stage.offer(watcher, *receiving(), number=2)
    transport = stage.participant(watcher).publisher.transport
    stage.tell_transport(transport, TransportPhase.LOST)
    stage.pass_time(5)
    assert watcher not in stage.room.participants
    assert [one.transport for one in stage.requests(CloseTransport)] == [transport]
    closed = [fact for fact in stage.facts() if isinstance(fact, TransportClosed)]
    assert [(fact.sid, fact.side) for fact in closed] == [(watcher, Side.BOTH)]
    stage.signal(ada, leave={})
    stage.pass_time(stage.room.limits.departure_seconds + 10)
    assert stage.relay.used == set()
    assert len([fact for fact in stage.facts() if isinstance(fact, ParticipantLeft)]) == 2
    assert stage.now > START


def test_who_may_not_receive_is_asked_for_nothing_until_it_may() -> None:
    stage = Stage()
    quiet = enter(stage, "quiet", can_subscribe=False)
    track = stage.publish(stage.enter("ada"), MIC)
    stage.pass_time(1)
    assert required(stage, quiet) == []
    may_all = models.ParticipantPermission(can_subscribe=True, can_publish=True)
    stage.put(AdminChange("quiet", "", "", {}, may_all))
    stage.pass_time(0.1)
    assert required(stage, quiet) == [(1, 0)]
    assert not [fact for fact in stage.facts() if isinstance(fact, Administered) and fact.act is OPENED]
    stage.offer(quiet, *receiving(), number=2)
    assert list(stage.last(quiet, "answer").answer.mid_to_track_id.values()) == [track]


def test_who_comes_back_is_asked_again_for_what_it_may_have_missed_and_goes_on_by_its_own_offer() -> None:
    stage = Stage()
    watcher = enter(stage, "watcher", videos=0)
    ada = stage.enter("ada")
    track = stage.publish(ada, CAMERA)
    stage.pass_time(0.1)
    stage.put(SignalLost(watcher, SignalEnd.LOST))
    stage.forget()
    stage.put(Resume(watcher))
    assert stage.kinds(watcher)[0] == "reconnect"
    stage.pass_time(0.1)
    assert required(stage, watcher) == [(0, 1)]
    assert stage.requests(RestartIce) == []
    fresh = offer_text(*receiving(1, 1)).replace("a=ice-ufrag:abcd", "a=ice-ufrag:efgh")
    stage.signal(watcher, offer=SessionDescription(type="offer", sdp=fresh, id=9))
    assert len(stage.requests(RestartIce)) == 1
    assert list(stage.last(watcher, "answer").answer.mid_to_track_id.values()) == [track]
    assert len(stage.requests(CreateConsumer)) == 1
