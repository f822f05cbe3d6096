"""Tracks come and go a hundred times in one session: who receives what, and that nothing piles up."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

from livekit.protocol import models
from livekit.protocol.rtc import AddTrackRequest, LeaveRequest, SessionDescription, SignalRequest

from server.control.messages import (
    CloseConsumer,
    CloseProducer,
    CloseTransport,
    CreateConsumer,
    CreateProducer,
    ProducerLayers,
)
from server.room.effects import TrackPublished, TrackUnpublished
from server.room.inputs import RelayNotified, Signal
from tests.unit.stage import Sending, Stage, offer_text

CYCLES = 100
AUDIO, VIDEO = models.TrackType.AUDIO, models.TrackType.VIDEO
KINDS = {"mic": "audio", "camera": "video", "screen": "video", "screen-sound": "audio"}
STREAM = re.compile(r"a=msid:(\S+)\|\S+ (\S+)")


@dataclass
class Publisher:
    """A client that uses its own inactive sections again."""

    stage: Stage
    identity: str
    sid: str = field(init=False)
    sections: list[Sending] = field(default_factory=list)
    tracks: dict[str, str] = field(default_factory=dict)  # sid by what it shows
    cids: dict[str, str] = field(default_factory=dict)
    offers: int = 1

    def __post_init__(self) -> None:
        self.sid = self.stage.enter(self.identity, can_subscribe=False)

    def publish(self, name: str) -> str:
        kind = KINDS[name]
        self.cids[name] = cid = f"{name}-{self.offers}"
        free = [one for one in self.sections if one.kind == kind and one.direction == "inactive"]
        mid = free[0].mid if free else str(len(self.sections))
        self.sections[int(mid) : int(mid) + 1] = [Sending(kind, mid, cid)]
        request = AddTrackRequest(cid=cid, name=name, type=AUDIO if kind == "audio" else VIDEO)
        self._say(SignalRequest(add_track=request))
        self.tracks[name] = self.stage.last(self.sid, "track_published").track_published.track.sid
        self._offer()
        producer = self.stage.requests(CreateProducer)[-1].producer
        self.stage.put(RelayNotified(ProducerLayers(producer, 111 if kind == "audio" else 96, 1)))
        return self.tracks[name]

    def unpublish(self, name: str) -> None:
        cid = self.cids.pop(name)
        del self.tracks[name]
        self.sections = [
            Sending(one.kind, one.mid, "", direction="inactive") if one.cid == cid else one
            for one in self.sections
        ]
        self._offer()

    def _offer(self) -> None:
        self.offers += 1
        text = offer_text(*self.sections)
        self._say(SignalRequest(offer=SessionDescription(type="offer", sdp=text, id=self.offers)))
        assert self.stage.last(self.sid, "answer").answer.id == self.offers

    def _say(self, message: SignalRequest) -> None:
        self.stage.put(Signal(self.sid, message))


def settle(stage: Stage, *sids: str) -> None:
    """Offers that are due go out and are answered, until there are no more."""
    while True:
        before = {sid: len(stage.sent(sid, "offer")) for sid in sids}
        stage.pass_time(0.1)
        late = [sid for sid in sids if len(stage.sent(sid, "offer")) > before[sid]]
        if not late:
            return
        for sid in late:
            stage.answer(sid)


def offered(stage: Stage, sid: str) -> set[tuple[str, str]]:
    """Owner and sid of the tracks in the last offer to a client."""
    return set(STREAM.findall(stage.last(sid, "offer").offer.sdp))


def sections(stage: Stage, sid: str) -> dict[str, int]:
    text = stage.last(sid, "offer").offer.sdp
    return {kind: text.count(f"m={kind} ") for kind in ("audio", "video")}


def published(*publishers: Publisher) -> set[tuple[str, str]]:
    return {(one.sid, track) for one in publishers for track in one.tracks.values()}


def received(stage: Stage) -> int:
    """Consumers that are open at the relay: neither they nor what they hang on was closed."""
    consumers = {one.consumer for one in stage.requests(CloseConsumer)}
    producers = {one.producer for one in stage.requests(CloseProducer)}
    transports = {one.transport for one in stage.requests(CloseTransport)}
    return sum(
        one.consumer not in consumers and one.producer not in producers and one.transport not in transports
        for one in stage.requests(CreateConsumer)
    )


def test_a_hundred_shares_use_the_sections_of_one_and_leave_nothing() -> None:
    stage = Stage()
    watcher = stage.enter("watcher")
    ada = Publisher(stage, "ada")
    used = set(stage.relay.used)
    for _ in range(CYCLES):
        for name in KINDS:
            ada.publish(name)
        settle(stage, watcher)
        assert offered(stage, watcher) == published(ada)
        assert sections(stage, watcher) == {"audio": 2, "video": 2}
        for name in KINDS:
            ada.unpublish(name)
        settle(stage, watcher)
        assert offered(stage, watcher) == set()
        assert stage.relay.used == used
        stage.forget()


def test_who_comes_in_between_gets_what_is_there_and_nothing_else() -> None:
    stage = Stage()
    watcher = stage.enter("watcher")
    ada, bob = Publisher(stage, "ada"), Publisher(stage, "bob")
    used = set(stage.relay.used)
    chance = Random(7)
    for cycle in range(CYCLES):
        someone = chance.choice((ada, bob))
        name = chance.choice(list(KINDS))
        if name in someone.tracks:
            someone.unpublish(name)
        else:
            someone.publish(name)
        settle(stage, watcher)
        assert offered(stage, watcher) == published(ada, bob)
        assert max(sections(stage, watcher).values()) <= 4
        assert received(stage) == len(published(ada, bob))
        if cycle % 10:
            continue
        late = stage.enter(f"late-{cycle}")
        others = stage.last(late, "join").join.other_participants
        assert {(one.sid, track.sid) for one in others for track in one.tracks} == published(ada, bob)
        settle(stage, late)
        assert offered(stage, late) == published(ada, bob)
        assert received(stage) == 2 * len(published(ada, bob))
        stage.signal(late, leave=LeaveRequest())
    for someone in (ada, bob):
        for name in list(someone.tracks):
            someone.unpublish(name)
    settle(stage, watcher)
    assert stage.relay.used == used


def test_tracks_that_come_and_go_faster_than_a_client_answers_are_not_offered_late() -> None:
    stage = Stage()
    watcher = stage.enter("watcher")
    ada = Publisher(stage, "ada")
    used = set(stage.relay.used)
    ada.publish("mic")
    stage.pass_time(0.1)
    for _ in range(CYCLES):
        ada.publish("screen")
        ada.unpublish("screen")
    ada.publish("camera")
    stage.answer(watcher)
    settle(stage, watcher)
    assert offered(stage, watcher) == published(ada)
    assert received(stage) == 2
    assert sections(stage, watcher) == {"audio": 1, "video": 1}
    for name in ("mic", "camera"):
        ada.unpublish(name)
    settle(stage, watcher)
    assert stage.relay.used == used
    kinds = [type(fact) for fact in stage.facts()]
    assert kinds.count(TrackPublished) == kinds.count(TrackUnpublished) == CYCLES + 2


def test_a_client_that_takes_no_section_back_goes_on_publishing() -> None:
    stage = Stage()
    watcher = stage.enter("watcher")
    ada = Publisher(stage, "ada")
    ada.sections = [Sending("video", str(mid), "", direction="inactive") for mid in range(4 * CYCLES)]
    ada.sections += [Sending("audio", str(4 * CYCLES), "", direction="inactive")]
    ada.publish("mic")
    settle(stage, watcher)
    assert offered(stage, watcher) == published(ada)


def test_the_ssrcs_of_a_client_count_upwards_so_that_a_relay_need_not_keep_them_all() -> None:
    stage = Stage()
    watcher = stage.enter("watcher")
    ada = Publisher(stage, "ada")
    for _ in range(5):
        for name in KINDS:
            ada.publish(name)
        settle(stage, watcher)
        for name in KINDS:
            ada.unpublish(name)
        settle(stage, watcher)
    used = [ssrc for one in stage.requests(CreateConsumer) for ssrc in (one.ssrc, one.rtx_ssrc) if ssrc]
    assert len(used) == len(set(used)) == 5 * 6
    assert [(after - before) % 0xFFFF_FFFF for before, after in pairwise(used)] == [1] * (len(used) - 1)
