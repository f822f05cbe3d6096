"""Whatever people and relays do, media goes to the roster only: random calls, checked at every step.

The relay here is a model written from the control vocabulary alone. What it would forward must at every step
be what the publisher was shown, what signaling expects, and what `GET /api/receivers` would say.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from livekit.protocol import models
from livekit.protocol.rtc import (
    AddTrackRequest,
    LeaveRequest,
    SimulcastCodec,
    SubscriptionPermission,
    TrackPermission,
    UpdateTrackSettings,
)

from server.control.messages import (
    CloseConsumer,
    CloseProducer,
    CloseTransport,
    CreateConsumer,
    CreateProducer,
    CreateTransport,
    DataMember,
    PauseConsumer,
    ProducerLayers,
    Receiver,
    RefusalReason,
    Refused,
    RemoveDataMember,
    Request,
    TransportPhase,
)
from server.room.effects import Effect, Send, ToRelay
from server.room.inputs import RelayLost, RelayNotified, Resume, SignalLost
from server.room.reception import Reception
from server.room.resuming import may_resume
from server.workers.receivers import ReceiverBook
from tests.unit.stage import PAYLOAD_TYPES, FakeRelay, Sending, Stage, subscribe_message

NAMES = st.sampled_from(["ada", "bob", "cid", "dan", "eve", "fay"])
GONE = models.ParticipantInfo.State.DISCONNECTED


@dataclass
class ModelRelay:
    """Transports, producers and consumers that exist, by the words of `control/messages.py`."""

    transports: set[int] = field(default_factory=set)
    producers: dict[int, int] = field(default_factory=dict)
    consumers: dict[int, Receiver] = field(default_factory=dict)
    members: dict[int, DataMember] = field(default_factory=dict)

    def carry_out(self, request: Request) -> None:
        match request:
            case CreateTransport(transport=number):
                self.transports.add(number)
            case CreateProducer(producer=number, transport=transport) if transport in self.transports:
                self.producers[number] = transport
            case CreateConsumer() if request.producer in self.producers:
                if request.transport in self.transports:
                    self.consumers[request.consumer] = Receiver(
                        0, request.consumer, request.producer, request.transport, request.paused
                    )
            case PauseConsumer(number, paused) if number in self.consumers:
                before = self.consumers[number]
                self.consumers[number] = Receiver(0, number, before.producer, before.transport, paused)
            case CloseConsumer(number):
                self.consumers.pop(number, None)
            case CloseProducer(number):
                self.close_producer(number)
            case CloseTransport(number):
                self.close_transport(number)
            case DataMember():
                self.members[request.member] = request
            case RemoveDataMember(number):
                self.members.pop(number, None)

    def close_producer(self, number: int) -> None:
        self.producers.pop(number, None)
        self.consumers = {key: one for key, one in self.consumers.items() if one.producer != number}

    def close_transport(self, number: int) -> None:
        self.transports.discard(number)
        for producer in [key for key, transport in self.producers.items() if transport == number]:
            self.close_producer(producer)
        self.consumers = {key: one for key, one in self.consumers.items() if one.transport != number}

    def lines(self, transport: int) -> list[Receiver]:
        """As an answer to GetReceivers, the sequence left out."""
        sending = {number for number, owner in self.producers.items() if owner == transport}
        return [
            self.consumers[key] for key in sorted(self.consumers) if self.consumers[key].producer in sending
        ]


@dataclass
class Client:
    """What a client knows: who is there as it was told, and what it sends itself."""

    shown: set[str] = field(default_factory=set)
    sections: list[Sending] = field(default_factory=list)
    offers: int = 1


WHO = st.integers(0, 5)  # a participant or a track, counted among those that there are


class Calls(RuleBasedStateMachine):
    """A room, a model relay, and the eyes of every client."""

    def __init__(self) -> None:
        super().__init__()
        self.stage = Stage()
        self.relay = ModelRelay()
        self.book = ReceiverBook()
        self.clients: dict[str, Client] = {}
        self.seen = 0
        self.cids = 0

    def follow(self) -> None:
        """The relay and the clients take what was sent to them, in order."""
        effects: list[Effect] = self.stage.log[self.seen :]
        self.seen = len(self.stage.log)
        for effect in effects:
            if isinstance(effect, ToRelay):
                self.relay.carry_out(effect.request)
                self.book.sent(effect.request)
            elif isinstance(effect, Send):
                client = self.clients.setdefault(effect.sid, Client())
                update = effect.response.update.participants
                for info in [*effect.response.join.other_participants, *update]:
                    (client.shown.discard if info.state == GONE else client.shown.add)(info.sid)
            self.look()

    def person(self, who: int) -> str:
        """The sid of somebody in the room; "" when it is empty."""
        present = list(self.stage.room.participants)
        return present[who % len(present)] if present else ""

    def track(self, which: int) -> tuple[str, str]:
        """Owner and sid of a track."""
        people = self.stage.room.participants.values()
        tracks = [(one.sid, sid) for one in people for sid in one.publisher.tracks]
        return tracks[which % len(tracks)] if tracks else ("", "")

    @initialize()
    def three_meet(self) -> None:
        for name in ("ada", "bob", "cid"):
            self.enter(name, True, True)
        self.publish(0, "video", True)
        self.publish(1, "audio", True)
        self.publish_in_two_codecs(2)
        self.stage.pass_time(0.2)
        self.answer_as_one_without_the_main_codec(0)
        self.send_backup(2, True)

    @rule(name=NAMES, auto=st.booleans(), subscribes=st.booleans())
    def enter(self, name: str, auto: bool, subscribes: bool) -> None:
        sid = self.stage.join(name, auto_subscribe=auto, can_subscribe=subscribes or auto)
        self.follow()
        self.answer_all()
        self.offer(sid)
        self.stage.connect(sid)
        self.follow()
        self.stage.pass_time(0.2)
        self.answer_all()

    @rule(name=NAMES)
    def join_and_wait(self, name: str) -> None:
        self.stage.join(name)
        self.follow()

    @rule(who=WHO)
    def become_connected(self, who: int) -> None:
        if sid := self.person(who):
            self.offer(sid)
            self.stage.connect(sid)
            self.follow()

    @rule()
    def answer_all(self) -> None:
        for sid in list(self.stage.room.participants):
            if self.stage.sent(sid, "offer"):
                self.stage.answer(sid)
                self.follow()

    @rule(who=WHO, kind=st.sampled_from(["audio", "video"]), answered=st.booleans())
    def publish(self, who: int, kind: str, answered: bool) -> None:
        if not (sid := self.person(who)):
            return
        self.cids += 1
        section = Sending(kind, str(self.cids), f"cid{self.cids}")
        self.clients[sid].sections.append(section)
        track_type = models.TrackType.AUDIO if kind == "audio" else models.TrackType.VIDEO
        self.stage.signal(sid, add_track=AddTrackRequest(cid=section.cid, type=track_type))
        self.offer(sid)
        payload_type = 111 if kind == "audio" else 96
        for made in self.stage.requests(CreateProducer)[-1:]:
            self.stage.put(RelayNotified(ProducerLayers(made.producer, payload_type, 1)))
        self.follow()
        if answered:
            self.stage.pass_time(0.2)
            self.answer_all()

    @rule(who=WHO)
    def publish_in_two_codecs(self, who: int) -> None:
        if not (sid := self.person(who)):
            return
        self.cids += 1
        section = Sending("video", str(self.cids), f"cid{self.cids}", codecs=("vp9", "vp8"))
        self.clients[sid].sections.append(section)
        codecs = [SimulcastCodec(codec=name) for name in section.codecs]
        request = AddTrackRequest(cid=section.cid, type=models.TrackType.VIDEO, simulcast_codecs=codecs)
        self.stage.signal(sid, add_track=request)
        self.offer(sid)
        for made in self.stage.requests(CreateProducer)[-1:]:
            self.stage.put(RelayNotified(ProducerLayers(made.producer, PAYLOAD_TYPES["vp9"], 1)))
        self.follow()

    @rule(which=WHO, offer_first=st.booleans())
    def send_backup(self, which: int, offer_first: bool) -> None:
        owner, track = self.track(which)
        if not owner:
            return
        self.cids += 1
        section = Sending("video", str(self.cids), f"cid{self.cids}")
        self.clients[owner].sections.append(section)
        codec = SimulcastCodec(codec="vp8", cid=section.cid)
        request = AddTrackRequest(
            cid=section.cid, type=models.TrackType.VIDEO, sid=track, simulcast_codecs=[codec]
        )
        if offer_first:
            self.offer(owner)
        self.stage.signal(owner, add_track=request)
        self.follow()
        if not offer_first:
            self.offer(owner)

    @rule(who=WHO)
    def answer_as_one_without_the_main_codec(self, who: int) -> None:
        sid = self.person(who)
        if sid and self.stage.sent(sid, "offer"):
            self.stage.answer(sid, without="vp9")
            self.follow()

    @rule(who=WHO, last=st.booleans())
    def unpublish(self, who: int, last: bool) -> None:
        sid = self.person(who)
        if sid and self.clients[sid].sections:
            self.clients[sid].sections.pop(-1 if last else 0)
            self.offer(sid)

    @rule(who=WHO, which=WHO, subscribe=st.booleans())
    def choose(self, who: int, which: int, subscribe: bool) -> None:
        self.stage.signal(self.person(who), **subscribe_message(self.track(which)[1], subscribe=subscribe))
        self.follow()

    @rule(who=WHO, which=WHO, disabled=st.booleans())
    def pause(self, who: int, which: int, disabled: bool) -> None:
        settings = UpdateTrackSettings(track_sids=[self.track(which)[1]], disabled=disabled)
        self.stage.signal(self.person(who), track_setting=settings)
        self.follow()

    @rule(which=WHO, muted=st.booleans())
    def mute(self, which: int, muted: bool) -> None:
        owner, sid = self.track(which)
        self.stage.signal(owner, mute={"sid": sid, "muted": muted})
        self.follow()

    @rule(who=WHO, everybody=st.booleans(), only=NAMES)
    def permit(self, who: int, everybody: bool, only: str) -> None:
        allowed = [TrackPermission(participant_identity=only, all_tracks=True)]
        permission = SubscriptionPermission(all_participants=everybody, track_permissions=allowed)
        self.stage.signal(self.person(who), subscription_permission=permission)
        self.follow()

    @rule(who=WHO, goodbye=st.booleans())
    def leave(self, who: int, goodbye: bool) -> None:
        sid = self.person(who)
        if goodbye:
            self.stage.signal(sid, leave=LeaveRequest())
        self.stage.put(SignalLost(sid))
        self.follow()

    @rule(who=WHO)
    def come_back(self, who: int) -> None:
        sid = self.person(who)
        if sid and may_resume(self.stage.room, sid, self.stage.participant(sid).identity):
            self.stage.put(Resume(sid))
            self.follow()

    @rule(who=WHO)
    def remove(self, who: int) -> None:
        """The relay refuses the transport of a participant, which is then removed."""
        if sid := self.person(who):
            transport = self.stage.participant(sid).publisher.transport
            self.relay.close_transport(transport)
            self.book.refused(transport)
            self.stage.put(RelayNotified(Refused(transport, RefusalReason.LIMIT)))
            self.follow()

    @rule(who=WHO, phase=st.sampled_from([TransportPhase.FAILED, TransportPhase.LOST]))
    def lose_transport(self, who: int, phase: TransportPhase) -> None:
        if sid := self.person(who):
            self.stage.tell_transport(self.stage.participant(sid).publisher.transport, phase)
            self.follow()

    @precondition(lambda self: self.cids > 5)
    @rule()
    def lose_relay(self) -> None:
        self.stage.put(RelayLost())
        self.relay, self.book = ModelRelay(), ReceiverBook()
        self.stage.relay = FakeRelay(count=self.stage.relay.count)
        self.follow()

    @rule(seconds=st.sampled_from([0.2, 1.0, 3.0]))
    def wait(self, seconds: float) -> None:
        self.stage.pass_time(seconds)
        self.follow()

    def offer(self, sid: str) -> None:
        client = self.clients[sid]
        client.offers += 1
        self.stage.offer(sid, *client.sections, number=client.offers)
        self.follow()

    def look(self) -> None:
        """Between any two effects: nobody receives who was not shown to the publisher before."""
        people = self.stage.room.participants.values()
        senders = {person.publisher.transport: person.sid for person in people}
        receivers = {one.subscriber.transport: one.sid for one in people if one.subscriber is not None}
        for line in self.relay.consumers.values():
            sender = senders.get(self.relay.producers[line.producer])
            receiver = receivers.get(line.transport)
            if sender is not None and receiver is not None:
                assert receiver != sender
                assert receiver in self.clients[sender].shown

    @invariant()
    def receivers_are_the_roster(self) -> None:
        people = self.stage.room.participants
        subscribers = {one.subscriber.transport for one in people.values() if one.subscriber is not None}
        publishers = {one.publisher.transport for one in people.values()}
        assert {line.transport for line in self.relay.consumers.values()} <= subscribers
        assert set(self.relay.producers.values()) <= publishers
        assert self.relay.transports <= subscribers | publishers
        assert {member.sid for member in self.relay.members.values()} <= set(people)
        for sid, person in people.items():
            lines = self.relay.lines(person.publisher.transport)
            heard = Reception(self.stage.room, sid).read(lines, self.stage.now)  # raises for a stranger
            for track in heard.tracks:
                for listener in track.receivers:
                    assert listener.sid in self.clients[sid].shown
                    assert person.access.allows(listener.sid, listener.identity, track.sid)
            expected = self.book.lines(person.publisher.transport).values()
            assert [(one.consumer, one.producer, one.transport, one.paused) for one in expected] == [
                (one.consumer, one.producer, one.transport, one.paused) for one in lines
            ]


TestCalls = Calls.TestCase
TestCalls.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)
