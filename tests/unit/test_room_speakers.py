"""Who speaks: deltas, loudest first, that end when a voice, its track or its participant does."""

from __future__ import annotations

from livekit.protocol.rtc import MuteTrackRequest, SubscriptionPermission

from server.control.messages import CreateProducer, PauseProducer, SpeakerLevel
from server.room.inputs import RelayNotified, SignalEnd, SignalLost
from server.room.speakers import SPACING_SECONDS
from tests.unit.stage import Sending, Stage

Told = list[tuple[str, float, bool]]


class Hall:
    """Ada and Bob with a microphone each, and Eve who listens; sids and producers by name."""

    def __init__(self) -> None:
        self.stage = Stage()
        self.sids: dict[str, str] = {}
        self.tracks: dict[str, str] = {}
        self.producers: dict[str, int] = {}
        for name in ("ada", "bob"):
            self.sids[name] = self.stage.enter(name)
            self.tracks[name] = self.stage.publish(self.sids[name], Sending("audio", "0", f"{name}'s"))
            self.producers[name] = self.stage.requests(CreateProducer)[-1].producer
        self.sids["eve"] = self.stage.enter("eve")
        self.stage.forget()

    def hear(self, name: str, level: int) -> None:
        self.stage.put(RelayNotified(SpeakerLevel(self.producers[name], level)))

    def told(self, name: str) -> list[Told]:
        """What a client was told, message by message, with names for sids; then forgets it."""
        names = {sid: known for known, sid in self.sids.items()}
        messages = [
            [(names[one.sid], round(one.level, 2), one.active) for one in response.speakers_changed.speakers]
            for response in self.stage.sent(self.sids[name], "speakers_changed")
        ]
        self.stage.forget()
        return messages


def test_a_voice_is_told_at_once_to_everybody_also_to_itself() -> None:
    for name in ("ada", "bob", "eve"):
        hall = Hall()
        hall.hear("ada", 7)
        assert hall.told(name) == [[("ada", 1.0, True)]]


def test_only_what_changed_is_told_and_loudest_first() -> None:
    hall = Hall()
    hall.hear("ada", 2)
    hall.told("eve")
    hall.stage.pass_time(SPACING_SECONDS * 2)
    hall.hear("bob", 3)
    assert hall.told("eve") == [[("bob", 0.43, True)]]
    hall.hear("ada", 5)
    hall.hear("bob", 6)
    assert hall.told("eve") == []
    hall.stage.pass_time(SPACING_SECONDS)
    assert hall.told("eve") == [[("bob", 0.86, True), ("ada", 0.71, True)]]
    hall.stage.pass_time(10)
    assert hall.told("eve") == []


def test_silence_is_told_once() -> None:
    hall = Hall()
    hall.hear("ada", 2)
    hall.told("eve")
    hall.stage.pass_time(5)
    hall.hear("ada", 0)
    hall.hear("ada", 0)
    assert hall.told("eve") == [[("ada", 0.0, False)]]


def test_a_voice_that_came_and_went_between_two_messages_is_not_told() -> None:
    hall = Hall()
    hall.hear("ada", 4)
    hall.told("eve")
    hall.hear("bob", 4)
    hall.hear("bob", 0)
    hall.stage.pass_time(5)
    assert hall.told("eve") == []


def test_a_muted_voice_ends_at_once_and_stays_silent() -> None:
    hall = Hall()
    hall.hear("ada", 4)
    hall.told("eve")
    hall.stage.signal(hall.sids["ada"], mute=MuteTrackRequest(sid=hall.tracks["ada"], muted=True))
    assert hall.stage.requests(PauseProducer)
    assert hall.told("eve") == [[("ada", 0.0, False)]]
    hall.stage.pass_time(1)
    hall.hear("ada", 4)
    hall.stage.pass_time(1)
    assert hall.told("eve") == []


def test_an_unpublished_voice_ends_at_once() -> None:
    hall = Hall()
    hall.hear("ada", 4)
    hall.told("eve")
    hall.stage.offer(hall.sids["ada"], Sending("audio", "0", "ada's", direction="inactive"), number=3)
    assert hall.told("eve") == [[("ada", 0.0, False)]]


def test_who_leaves_stops_speaking_before_being_unknown() -> None:
    hall = Hall()
    hall.hear("ada", 4)
    hall.stage.forget()
    hall.stage.put(SignalLost(hall.sids["ada"], SignalEnd.GOODBYE))
    kinds = hall.stage.kinds(hall.sids["eve"])
    assert kinds.index("speakers_changed") < kinds.index("update")
    assert hall.told("eve") == [[("ada", 0.0, False)]]
    hall.stage.pass_time(5)
    assert hall.told("eve") == []


def test_who_comes_late_is_told_who_speaks() -> None:
    hall = Hall()
    hall.hear("ada", 2)
    hall.hear("bob", 4)
    hall.sids["ivy"] = hall.stage.enter("ivy")
    assert hall.told("ivy") == [[("ada", 0.29, True)]]
    hall.stage.pass_time(1)
    assert hall.told("ivy") == [[("bob", 0.57, True)]], "with everybody else"


def test_who_is_forbidden_to_hear_a_voice_is_told_that_it_is_silent_and_that_it_speaks_once_allowed() -> None:
    hall = Hall()
    hall.hear("ada", 4)
    hall.told("eve")
    for everybody, told in ((False, ("ada", 0.0, False)), (True, ("ada", 0.57, True))):
        hall.stage.signal(
            hall.sids["ada"], subscription_permission=SubscriptionPermission(all_participants=everybody)
        )
        assert hall.told("eve") == [[told]]


def test_who_may_not_hear_a_track_is_not_told_of_its_voice() -> None:
    hall = Hall()
    hall.stage.signal(
        hall.sids["ada"], subscription_permission=SubscriptionPermission(all_participants=False)
    )
    hall.hear("ada", 4)
    assert hall.told("eve") == []
    hall.hear("ada", 0)
    hall.stage.pass_time(1)
    hall.hear("ada", 4)
    assert hall.told("ada") == [[("ada", 0.0, False)], [("ada", 0.57, True)]]


def test_who_cannot_subscribe_is_not_told() -> None:
    hall = Hall()
    hall.sids["mic"] = hall.stage.enter("mic", can_subscribe=False)
    hall.hear("ada", 4)
    assert hall.told("mic") == []


def test_levels_of_what_is_not_there_are_ignored() -> None:
    hall = Hall()
    transport = hall.stage.participant(hall.sids["ada"]).publisher.transport
    for number in (4_000_000, transport):
        hall.stage.put(RelayNotified(SpeakerLevel(number, 4)))
    assert hall.told("eve") == []
