"""However connections break and come back, every client's view ends as the room is: random calls.

A client's view is built from what it was sent alone, and a broken WebSocket loses what is sent until the
server has noticed, and what the client says. In the end everybody is connected again, and views are compared.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from livekit.protocol import models
from livekit.protocol.rtc import AddTrackRequest, LeaveRequest, SubscriptionPermission

from server.control.messages import (
    ConsumerState,
    CreateProducer,
    ProducerLayers,
    Quality,
    SpeakerLevel,
    TransportQuality,
)
from server.room.effects import Send
from server.room.inputs import (
    AdminChange,
    AdminMute,
    AdminRemove,
    LayDown,
    LetIn,
    RelayLost,
    RelayNotified,
    Resume,
    SignalLost,
    TurnAway,
)
from server.room.limits import RoomLimits
from server.room.participant import Participant
from server.room.quality import _WORDS
from server.room.resuming import may_resume
from server.room.rules import Sharing
from tests.unit.onlooker import Onlooker
from tests.unit.stage import FakeRelay, Sending, Stage, subscribe_message

NAMES = ["ada", "bob", "cid", "dan"]
SINGLE = {"bob", "dan"}  # with one peer connection
MODERATOR = "ada"
WALKS, STEPS = 320, 40


class Views:
    """A room, and clients by name whose WebSockets break."""

    def __init__(self) -> None:
        self.stage = Stage(RoomLimits(departure_seconds=1e6))
        self.clients: dict[str, Onlooker] = {}
        self.seen = 0
        self.cids = 0

    def follow(self) -> None:
        """Clients take what they hear, and answer, until nothing is left to say."""
        while self.seen < len(self.stage.log):
            by_sid = {client.sid: client for client in self.clients.values()}
            effects, self.seen = self.stage.log[self.seen :], len(self.stage.log)
            for effect in effects:
                if isinstance(effect, Send) and (client := by_sid.get(effect.sid)) and client.hears:
                    client.take(effect.response)
            for client in list(self.clients.values()):
                if client.out or self.stage.room.someone(client.sid) is None:
                    continue
                answers, client.answers = client.answers, []
                for sid, muted in answers if client.hears else ():
                    self.stage.signal(client.sid, mute={"sid": sid, "muted": muted})
                if client.is_asked and client.hears:
                    client.is_asked = False
                    self._offer(client)
                if client.unanswered and client.hears:
                    client.unanswered = 0
                    self.stage.answer(client.sid)

    def talking(self, name: str) -> Onlooker | None:
        """Whoever of that name can say something now."""
        client = self.clients.get(name)
        is_there = client is not None and client.hears and self.stage.room.someone(client.sid) is not None
        return client if is_there else None

    def track(self, which: int) -> tuple[str, str]:
        """Owner and sid of a track that others know of."""
        tracks = [(one.owner, one.sid) for one in self.stage.room.tracks.values()]
        return tracks[which % len(tracks)] if tracks else ("", "")

    def two_meet(self) -> None:
        self.join("ada")
        self.join("bob")
        self.publish("ada", "video")
        self.publish("bob", "audio")

    def join(self, name: str) -> None:
        client = self.clients[name] = Onlooker(name, single=name in SINGLE)
        # The sid is known from JoinResponse only: what comes with it is taken at once.
        client.sid = self.stage.join(name, single=client.single, room_admin=name == MODERATOR)
        self.follow()
        self.offer(client)
        self.stage.connect(client.sid)
        self.follow()

    def publish(self, name: str, kind: str) -> None:
        if (client := self.talking(name)) is None:
            return
        self.cids += 1
        section = Sending(kind, str(self.cids), f"cid{self.cids}")
        client.sections.append(section)
        kind_of_track = models.TrackType.AUDIO if kind == "audio" else models.TrackType.VIDEO
        self.stage.signal(client.sid, add_track=AddTrackRequest(cid=section.cid, type=kind_of_track))
        self.follow()
        self.offer(client)
        made = self.stage.requests(CreateProducer)[-1:]
        for one in made:
            self.stage.put(RelayNotified(ProducerLayers(one.producer, 111 if kind == "audio" else 96, 1)))
        self.follow()

    def unpublish(self, name: str) -> None:
        client = self.talking(name)
        if client is not None and client.sections:
            client.published.pop(client.sections.pop().cid, None)
            self.offer(client)

    def mute(self, name: str, which: int, muted: bool) -> None:
        """Also while it is cut off: it says so when it is back."""
        client = self.clients.get(name)
        sids = list(client.published.values()) if client is not None else []
        if client is None or not sids:
            return
        sid = sids[which % len(sids)]
        client.muted[sid] = muted
        if client.hears:
            self.stage.signal(client.sid, mute={"sid": sid, "muted": muted})
            self.follow()

    def choose(self, name: str, which: int, wanted: bool) -> None:
        client, (owner, sid) = self.clients.get(name), self.track(which)
        if client is None or not sid or owner == client.sid:
            return
        (client.undesired.discard if wanted else client.undesired.add)(sid)
        if self.talking(name):
            self.stage.signal(client.sid, **subscribe_message(sid, subscribe=wanted))
            self.follow()

    def permit(self, name: str, everybody: bool) -> None:
        if client := self.talking(name):
            permission = SubscriptionPermission(all_participants=everybody)
            self.stage.signal(client.sid, subscription_permission=permission)
            self.follow()

    def speak(self, which: int, level: int) -> None:
        if track := self.stage.room.tracks.get(self.track(which)[1]):
            self.stage.put(RelayNotified(SpeakerLevel(track.main.producer, level)))
            self.follow()

    def congest(self, name: str, which: int, congested: bool) -> None:
        participant = self.stage.room.find(name)
        side = participant.subscriber if participant is not None else None
        consumers = [one.consumer for one in side.tracks.values() if one.consumer] if side else []
        if consumers:
            state = ConsumerState(consumers[which % len(consumers)], 0, False, congested)
            self.stage.put(RelayNotified(state))
            self.follow()

    def degrade(self, name: str, quality: Quality) -> None:
        if participant := self.stage.room.find(name):
            self.stage.put(RelayNotified(TransportQuality(participant.publisher.transport, quality)))
            self.follow()

    def mute_by_the_api(self, which: int) -> None:
        owner, sid = self.track(which)
        if owner:
            identity = self.stage.participant(owner).identity
            self.stage.put(AdminMute(identity, sid, True))
            self.follow()

    def permit_by_the_api(self, name: str, may_publish: bool) -> None:
        permission = models.ParticipantPermission(can_subscribe=True, can_publish=may_publish)
        if self.stage.room.find(name):
            self.stage.put(AdminChange(name, "", str(self.cids), {}, permission))
            self.follow()

    def moderate(self, wanted: LayDown | LetIn | TurnAway | AdminRemove) -> None:
        """Done, or refused and nothing."""
        self.stage.put(wanted)
        self.follow()

    def answer_who_waits(self, which: int, welcome: bool) -> None:
        waiting = [one.identity for one in self.stage.room.door.waiting.values()]
        if waiting:
            name = waiting[which % len(waiting)]
            self.moderate(LetIn(name) if welcome else TurnAway(name))

    def leave(self, name: str) -> None:
        if client := self.talking(name):
            self.stage.signal(client.sid, leave=LeaveRequest())
            del self.clients[name]
            self.follow()

    def lose(self, name: str, noticed: bool) -> None:
        """A WebSocket breaks; the server may not know yet."""
        if client := self.clients.get(name):
            client.hears = False
            if noticed:
                self.stage.put(SignalLost(client.sid))
                self.follow()

    def come_back(self, name: str) -> None:
        client = self.clients.get(name)
        if client is None or (client.hears and not client.out):
            return
        if client.out or not may_resume(self.stage.room, client.sid, name):
            self.join(name)
            return
        client.hears = client.awaits_reconnect = True
        client.unanswered, client.is_asked = 0, False
        self.stage.put(Resume(client.sid))
        self.stage.signal(client.sid, sync_state=client.knows())
        self.follow()
        if not client.out:
            self.offer(client)

    def lose_relay(self) -> None:
        if self.cids % 4 == 3:
            self.stage.put(RelayLost())
            self.stage.relay = FakeRelay(count=self.stage.relay.count)
            self.follow()

    def wait(self, seconds: float) -> None:
        end = self.stage.now + seconds
        while self.stage.now < end:
            self.stage.pass_time(min(0.5, end - self.stage.now))
            self.follow()

    def offer(self, client: Onlooker) -> None:
        self._offer(client)
        self.follow()

    def _offer(self, client: Onlooker) -> None:
        client.offers += 1
        self.stage.offer(client.sid, *client.sections, *client.receiving, number=client.offers)

    def meet_again(self) -> None:
        """Everybody is connected again, and time passes."""
        for name in list(self.clients):
            self.come_back(name)
        self.wait(12.0)
        for name in list(self.clients):
            self.come_back(name)  # who was told to join anew
        self.wait(12.0)
        room = self.stage.room
        assert {client.sid for client in self.clients.values()} == {one.sid for one in room.everybody()}
        for client in self.clients.values():
            me = self.stage.participant(client.sid)
            if me.waits:
                self.knows_nothing(client, me)
            else:
                self.compare(client)

    def knows_nothing(self, client: Onlooker, me: Participant) -> None:
        """Who waits knows itself, and the room as it is seen from outside."""
        own, now = client.own, me.own_info()
        assert (own.name, own.attributes, own.permission) == (now.name, now.attributes, now.permission)
        assert client.room == self.stage.room.info_outside()
        of_others = (client.people, client.offered, client.speaking, client.quality, client.forbidden)
        assert not any((*of_others, client.published, me.subscriber))

    def compare(self, client: Onlooker) -> None:
        room = self.stage.room
        me = room.participants[client.sid]
        seen = room.everybody() if me.is_moderator else room.participants.values()
        others = {one.identity: one for one in seen if one is not me}
        assert client.people == {name: one.info() for name, one in others.items()}
        own, now = client.own, me.own_info()  # its tracks it knows by itself
        assert (own.name, own.metadata, own.attributes) == (now.name, now.metadata, now.attributes)
        assert (own.permission, own.state) == (now.permission, now.state)
        assert client.room == room.info()
        assert set(client.published.values()) == {one.sid for one in me.publisher.tracks.values()}
        assert {one.sid: one.info.muted for one in me.published()} == {
            one.sid: client.muted[one.sid] for one in me.published()
        }
        tracks = [one for one in room.tracks.values() if one.owner != me.sid]
        assert {one.sid for one in tracks if one.sid in client.forbidden} == {
            one.sid for one in tracks if not room.may_receive(me, one)
        }
        voices = room.speakers.voices()
        assert {sid: round(7 * level) for sid, level in client.speaking.items()} == {
            voice.sid: round(7 * voice.level)
            for voice in voices
            if voice.sid == me.sid or room.may_receive(me, room.tracks[voice.track])
        }
        side = me.subscriber
        assert side is not None
        assert set(client.offered) == set(side.tracks)
        assert set(side.tracks) == {
            one.sid for one in tracks if one.sid not in client.undesired and room.may_receive(me, one)
        }
        assert all(one.consumer for one in side.tracks.values())
        assert client.paused & set(side.tracks) == {sid for sid, one in side.tracks.items() if one.congested}
        for sid, track in me.publisher.tracks.items():
            if track.main.demand is not None:
                assert client.wanted.get(sid, 3) == (3 if track.main.demand.told >= 0 else 0)
        assert {sid: client.quality.get(sid) for sid in room.participants} == {
            sid: _WORDS[quality]
            for sid in room.participants
            if (quality := room.qualities.of(sid)) is not None
        }


def step(views: Views, draw: random.Random, *, lobby: bool = False) -> None:
    """Something happens. Connections break and come back more often than anything else does, or, with a
    `lobby`, people come to it and moderators answer.
    """
    name, which, yes = draw.choice(NAMES), draw.randrange(4), draw.random() < 0.5
    kind = draw.choice(["audio", "video"])
    happenings: list[tuple[float, Callable[[], object]]] = [
        (2, lambda: views.join(name)),
        (3, lambda: views.publish(name, kind)),
        (1, lambda: views.unpublish(name)),
        (2, lambda: views.mute(name, which, yes)),
        (2, lambda: views.choose(name, which, yes)),
        (2, lambda: views.permit(name, yes)),
        (3, lambda: views.speak(which, draw.randrange(8))),
        (2, lambda: views.congest(name, which, yes)),
        (1, lambda: views.degrade(name, draw.choice(list(Quality)))),
        (1, lambda: views.mute_by_the_api(which)),
        (1, lambda: views.permit_by_the_api(name, yes)),
        (5 if lobby else 1, lambda: views.moderate(AdminRemove(name))),
        (1, lambda: views.moderate(LayDown(lobby=which < 3))),
        (1, lambda: views.moderate(LayDown(screen_share=draw.choice(list(Sharing))))),
        (5 if lobby else 1, lambda: views.answer_who_waits(which, yes)),
        (2, lambda: views.leave(name)),
        (2 if lobby else 6, lambda: views.lose(name, yes)),
        (5, lambda: views.come_back(name)),
        (0.3, views.lose_relay),
        (3, lambda: views.wait(draw.choice([0.1, 0.5, 1.0, 6.0, 18.0]))),
    ]
    weights = [weight for weight, _ in happenings]
    [(_, happen)] = draw.choices(happenings, weights)
    happen()


@pytest.mark.parametrize("lobby", [False, True])
@pytest.mark.parametrize("part", range(4))
def test_every_view_ends_as_the_room_is(part: int, lobby: bool) -> None:
    for seed in range(part * WALKS // 4, (part + 1) * WALKS // 4):
        views, draw = Views(), random.Random(seed)
        views.two_meet()
        for _ in range(STEPS):
            step(views, draw, lobby=lobby)
        try:
            views.meet_again()
        except AssertionError as error:
            raise AssertionError(f"walk {seed}") from error
