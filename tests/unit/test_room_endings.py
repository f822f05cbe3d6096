"""Every transport and every track that began has an end, with numbers where the relay told them, before the
departure of its participant."""

from __future__ import annotations

import pytest
from livekit.protocol.rtc import LeaveRequest, SessionDescription

from server.control.messages import (
    CandidateKind,
    CloseProducer,
    CreateProducer,
    PathKind,
    ProducerEnded,
    RefusalReason,
    Refused,
    TransportEnded,
    TransportPhase,
    TransportState,
)
from server.room.effects import (
    ParticipantLeft,
    RoomClosed,
    TrackUnpublished,
    TransportClosed,
)
from server.room.endings import WAIT_SECONDS
from server.room.history import End, Side
from server.room.inputs import RelayLost, RelayNotified, Shutdown, SignalEnd, SignalLost
from tests.unit.balance import is_balanced
from tests.unit.stage import Sending, Stage

MIC, CAMERA = Sending("audio", "0", "mic"), Sending("video", "1", "camera", ("q", "h", "f"))


def of_transports(stage: Stage) -> dict[Side, TransportClosed]:
    """By side; there is one of each at most."""
    facts = [fact for fact in stage.facts() if isinstance(fact, TransportClosed)]
    found = {fact.side: fact for fact in facts}
    assert len(found) == len(facts)
    return found


def tracks(stage: Stage) -> list[TrackUnpublished]:
    return [fact for fact in stage.facts() if isinstance(fact, TrackUnpublished)]


def test_numbers_are_those_that_the_relay_tells_and_times_are_signalings_own() -> None:
    stage = Stage()
    stage.relay.silent = True
    sid = stage.join("ada")
    stage.offer(sid)
    stage.answer(sid)
    publisher, subscriber = stage.participant(sid).publisher, stage.participant(sid).subscriber
    assert subscriber is not None
    stage.now += 0.25
    stage.tell_transport(publisher.transport, TransportPhase.REACHABLE)
    stage.now += 0.5
    stage.connect(sid)
    stage.now += 60
    stage.signal(sid, leave=LeaveRequest())
    assert of_transports(stage) == {}
    told = TransportEnded(
        publisher.transport, True, PathKind.UDP_IPV6, CandidateKind.HOST, 8, 80, 9, 90, 1, 2, 20, 40
    )
    stage.put(RelayNotified(told))
    closed = of_transports(stage)[Side.PUBLISHER]
    assert (closed.reachable_after, closed.keyed_after, closed.seconds) == (250, 750, 60.75)
    assert (closed.end, closed.numbers) == (End.CLOSED, told)
    assert not any(isinstance(fact, ParticipantLeft) for fact in stage.facts())
    stage.put(RelayNotified(TransportEnded(subscriber.transport, False, *[0] * 10)))  # type: ignore[arg-type]
    assert of_transports(stage)[Side.SUBSCRIBER].numbers is None, "it may tell no more of them"
    assert isinstance(stage.facts()[-1], ParticipantLeft)
    assert stage.relay.used == {stage.room.lodging.number}


def test_a_departure_waits_for_the_ends_of_its_tracks_and_is_dated_when_it_was() -> None:
    stage = Stage()
    stage.relay.silent = True
    sid = stage.enter("ada")
    stage.publish(sid, MIC)
    producer = stage.requests(CreateProducer)[-1].producer
    transports = [stage.participant(sid).publisher.transport, stage.participant(sid).publisher.transport + 1]
    stage.now += 10
    stage.put(SignalLost(sid, SignalEnd.GOODBYE))
    stage.now += 2
    for number in (producer, *transports):
        stage.put(RelayNotified(TransportEnded(number, True, *[0] * 10)))  # type: ignore[arg-type]
    assert not tracks(stage), "an end of a transport is none of a track"
    numbers = ProducerEnded(producer, True, 1, 500, 50_000, 5, 4, 12, 0, 0)
    stage.put(RelayNotified(numbers))
    (track,) = tracks(stage)
    assert (track.numbers, track.seconds) == (numbers, 10)
    stage.pass_time(WAIT_SECONDS)
    left = stage.facts()[-1]
    assert isinstance(left, ParticipantLeft)
    assert left.seconds == 10
    assert is_balanced(stage.facts())


@pytest.mark.parametrize("how", ["leave", "relay lost", "shutdown", "duplicate", "lost", "unpublished"])
def test_all_that_began_has_ended(how: str) -> None:
    stage = Stage()
    listener = stage.enter("bob", can_publish=False)
    sid = stage.enter("ada")
    stage.publish(sid, MIC)
    stage.offer(sid, MIC, CAMERA, number=3)
    stage.pass_time(1)
    match how:
        case "leave":
            stage.signal(sid, leave=LeaveRequest())
            stage.put(SignalLost(listener, SignalEnd.GOODBYE))
        case "relay lost":
            stage.put(RelayLost())
        case "shutdown":
            stage.put(Shutdown())
        case "duplicate":
            stage.enter("ada")
            stage.put(Shutdown())
        case "lost":
            stage.tell_transport(stage.participant(sid).publisher.transport, TransportPhase.LOST)
            stage.pass_time(5)
            stage.put(SignalLost(listener, SignalEnd.GOODBYE))
        case _:
            stage.offer(sid, Sending("audio", "0", "mic", direction="inactive"), number=4)
            assert len(tracks(stage)) == 1
            stage.put(Shutdown())
    assert is_balanced(stage.facts())
    reasons = {fact.end for fact in stage.facts() if isinstance(fact, TransportClosed)}
    assert reasons == {
        "relay lost": {End.RELAY_LOST},
        "lost": {End.CLOSED, End.CONSENT_LOST},
    }.get(how, {End.CLOSED})


def test_who_may_not_receive_has_one_transport() -> None:
    stage = Stage()
    sid = stage.enter("ada", can_subscribe=False)
    stage.put(SignalLost(sid, SignalEnd.GOODBYE))
    assert of_transports(stage).keys() == {Side.PUBLISHER}
    assert is_balanced(stage.facts())


@pytest.mark.parametrize(
    ("phases", "end"),
    [
        ([], End.NEVER_REACHED),
        ([TransportPhase.REACHABLE], End.NEVER_KEYED),
        ([TransportPhase.REACHABLE, TransportPhase.FAILED], End.HANDSHAKE_FAILED),
        ([TransportPhase.REACHABLE, TransportPhase.CONNECTED], End.CLOSED),
        ([TransportPhase.CONNECTED, TransportPhase.LEFT], End.CLIENT_CLOSED),
        ([TransportPhase.CONNECTED, TransportPhase.LOST], End.CONSENT_LOST),
        ([TransportPhase.CONNECTED, TransportPhase.LOST, TransportPhase.LEFT], End.CONSENT_LOST),
    ],
)
def test_why_a_transport_ended(phases: list[TransportPhase], end: End) -> None:
    stage = Stage()
    sid = stage.join("ada")
    for phase in phases:
        stage.put(RelayNotified(TransportState(stage.participant(sid).publisher.transport, phase)))
    stage.put(SignalLost(sid, SignalEnd.GOODBYE))
    assert of_transports(stage)[Side.PUBLISHER].end is end


def test_what_failed_before_the_relay_was_lost_failed() -> None:
    stage = Stage()
    sid = stage.enter("ada")
    stage.tell_transport(stage.participant(sid).publisher.transport, TransportPhase.LOST)
    stage.put(RelayLost())
    ends = {side: fact.end for side, fact in of_transports(stage).items()}
    assert ends == {Side.PUBLISHER: End.CONSENT_LOST, Side.SUBSCRIBER: End.RELAY_LOST}


def test_a_transport_that_the_relay_has_no_room_for_ends_too() -> None:
    stage = Stage()
    sid = stage.join("ada")
    stage.put(RelayNotified(Refused(stage.participant(sid).publisher.transport, RefusalReason.LIMIT)))
    assert of_transports(stage)[Side.PUBLISHER].end is End.REFUSED
    assert is_balanced(stage.facts())


def test_a_track_that_the_relay_has_no_room_for_is_not_waited_for() -> None:
    stage = Stage()
    stage.relay.silent = True
    sid = stage.enter("ada")
    stage.publish(sid, MIC)
    producer = stage.requests(CreateProducer)[-1].producer
    stage.put(RelayNotified(Refused(producer, RefusalReason.ARENA_FULL)))
    stage.offer(sid, Sending("audio", "0", "mic", direction="inactive"), number=3)
    (track,) = tracks(stage)
    assert track.numbers is None
    assert producer not in stage.relay.used


def test_a_relay_that_does_not_answer_is_not_waited_for_long() -> None:
    stage = Stage()
    stage.relay.silent = True
    sid = stage.enter("ada")
    stage.publish(sid, MIC)
    stage.put(SignalLost(sid, SignalEnd.GOODBYE))
    assert not is_balanced(stage.facts())
    stage.pass_time(WAIT_SECONDS)
    assert is_balanced(stage.facts())
    assert all(fact.numbers is None for fact in of_transports(stage).values())
    assert stage.relay.used == {stage.room.lodging.number}
    late = TransportEnded(2, True, *[0] * 10)  # type: ignore[arg-type]
    stage.forget()
    stage.put(RelayNotified(late))
    assert stage.log == []


def test_a_room_waits_for_the_ends_before_it_closes_and_not_longer() -> None:
    stage = Stage()
    stage.relay.silent = True
    stage.enter("ada")
    stage.put(Shutdown())
    assert RoomClosed() not in stage.log
    stage.pass_time(WAIT_SECONDS)
    assert stage.log[-1] == RoomClosed()
    assert is_balanced(stage.facts())
    prompt = Stage()
    prompt.enter("ada")
    prompt.put(Shutdown())
    assert prompt.log[-1] == RoomClosed()


def test_a_track_whose_offer_could_not_be_answered_has_an_end() -> None:
    stage = Stage()
    sid = stage.enter("ada")
    stage.publish(sid, MIC)
    broken = SessionDescription(type="offer", sdp="v=0\r\ns=-\r\nt=0 0\r\nm=audio 0 x 0\r\n", id=3)
    stage.signal(sid, offer=broken)
    assert sid not in stage.room.participants
    assert len(stage.requests(CloseProducer)) <= 1
    assert stage.room.tracks == {}
    assert is_balanced(stage.facts())


def test_a_track_counts_how_long_it_was_muted() -> None:
    stage = Stage()
    sid = stage.enter("ada")
    track = stage.publish(sid, MIC)
    stage.now += 10
    stage.signal(sid, mute={"sid": track, "muted": True})
    stage.now += 5
    stage.signal(sid, mute={"sid": track, "muted": False})
    stage.now += 10
    stage.signal(sid, mute={"sid": track, "muted": True})
    stage.now += 3
    stage.put(SignalLost(sid, SignalEnd.GOODBYE))
    (fact,) = tracks(stage)
    assert (fact.seconds, fact.muted_seconds) == (28, 8)
