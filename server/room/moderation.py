"""What moderators do at the door of a room, and what rules they lay down. `check` says why something may not
be, `handle` does what may."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livekit.protocol import models
from livekit.protocol.rtc import LeaveRequest

from server.room import joining, leaving, telling
from server.room import tracks as room_tracks
from server.room.door import MOST_BANNED
from server.room.effects import Act
from server.room.inputs import Ban, LayDown, LetIn, LiftBan, Moderation, TurnAway
from server.room.participant import Participant
from server.room.refused import AdminRefused, Fault
from server.room.rules import Rules, Sharing

if TYPE_CHECKING:
    from server.room.room import Room

NOBODY_WAITS = "nobody of this identity waits to be let in"
NO_PLACE = "the room has no place for all of them: raise its size, or refuse or remove some"
NOT_BANNED = "this identity is not banned from the room"

Reason = models.DisconnectReason
DISCONNECT = LeaveRequest.Action.DISCONNECT


def check(room: Room, wanted: Moderation) -> None:
    """Raises AdminRefused."""
    match wanted:
        case LayDown(lobby=False):
            _check_places(room, len(room.door.waiting))
        case LetIn(identity):
            _waiting(room, identity)
            _check_places(room, 1)
        case TurnAway(identity):
            _waiting(room, identity)
        case Ban(identity):
            if (
                len(room.door.banned) >= MOST_BANNED
                and _token_identity(room, identity) not in room.door.banned
            ):
                raise AdminRefused(Fault.TOO_MUCH, f"{MOST_BANNED} are banned already: lock the room")
        case LiftBan(identity):
            if identity not in room.door.banned:
                raise AdminRefused(Fault.NOT_FOUND, NOT_BANNED)
        case _:
            pass


def handle(room: Room, wanted: Moderation, now: float) -> None:
    """Does what was let through."""
    match wanted:
        case LayDown():
            _lay_down(room, wanted, now)
        case LetIn(identity):
            _let_in(room, _waiting(room, identity), now)
        case TurnAway(identity):
            who = _waiting(room, identity)
            room.account.administered(Act.REFUSED, who)
            leaving.remove(room, who, Reason.USER_REJECTED, DISCONNECT, now)
        case Ban(identity):
            _ban(room, _token_identity(room, identity), now)
        case LiftBan(identity):
            room.account.administered(Act.BAN_LIFTED)
            del room.door.banned[identity]
        case _:
            pass


def _waiting(room: Room, identity: str) -> Participant:
    who = room.find(identity)
    if who is None or not who.waits:
        raise AdminRefused(Fault.NOT_FOUND, NOBODY_WAITS)
    return who


def _check_places(room: Room, wanted: int) -> None:
    if wanted and len(room.participants) + wanted > room.limits.max_participants:
        raise AdminRefused(Fault.NOT_AS_IT_IS, NO_PLACE)


def _token_identity(room: Room, identity: str) -> str:
    """A second connection of somebody has a name of its own, which its next one would not have."""
    who = room.find(identity)
    return identity if who is None else who.claims.identity


def _let_in(room: Room, who: Participant, now: float) -> None:
    room.account.administered(Act.ADMITTED, who)
    joining.let_in(room, who, now)


def _ban(room: Room, identity: str, now: float) -> None:
    known = identity in room.door.banned
    room.door.ban(identity)
    there = [one for one in room.everybody() if one.claims.identity == identity]
    for one in there:
        room.account.administered(Act.BANNED, one)
        leaving.remove(room, one, Reason.PARTICIPANT_REMOVED, DISCONNECT, now)
    if not there and not known:
        room.account.administered(Act.SOMEBODY_BANNED)


def _lay_down(room: Room, wanted: LayDown, now: float) -> None:
    before = room.rules
    rules = Rules(
        locked=before.locked if wanted.locked is None else wanted.locked,
        lobby=before.lobby if wanted.lobby is None else wanted.lobby,
        screen_share=before.screen_share if wanted.screen_share is None else wanted.screen_share,
    )
    if rules == before:
        return
    room.lay_down(rules, now)
    if rules.locked != before.locked:
        room.account.administered(Act.LOCKED if rules.locked else Act.UNLOCKED)
    if rules.lobby != before.lobby:
        room.account.administered(Act.LOBBY_OPENED if rules.lobby else Act.LOBBY_CLOSED)
        for who in () if rules.lobby else list(room.door.waiting.values()):
            _let_in(room, who, now)
    if rules.screen_share is not before.screen_share:
        everybody = rules.screen_share is Sharing.EVERYBODY
        room.account.administered(Act.SHARING_ALLOWED if everybody else Act.SHARING_RESTRICTED)
        _rule_sharing(room, everybody, now)


def _rule_sharing(room: Room, everybody: bool, now: float) -> None:
    changed = []
    for one in room.everybody():
        before = one.grants
        one.rule_sharing(everybody)
        if one.grants != before:
            changed.append(one)
    ended = [(one, one.publisher.withdraw(one.grants.may_publish, now)) for one in changed]
    telling.announce_all(room, changed)
    for one, gone in ended:
        for track in gone:
            if track.announced:
                room_tracks.withdraw(room, one, track, now)
