"""Who is in a room, and what they send, as lists for a window to draw."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from livekit import rtc

from client_demo.desktop.call.chat import cut

LONGEST_NAME = 64
SELF = "self"
"""Key of one's own tile."""


@dataclass(frozen=True, slots=True)
class Person:
    """One line of the list of people, and one tile. `video` is the track that shows them, "" while there is
    none; `in_clear`: something that they send is not encrypted end to end."""

    identity: str
    name: str
    is_self: bool
    heard: bool
    video: str
    screen: str
    speaking: bool
    connection: str
    in_clear: bool = False


@dataclass(frozen=True, slots=True)
class Tile:
    """`video` names the pictures that it shows: the sid of a track, or one's own camera or screen; "" for
    none."""

    key: str
    title: str
    video: str
    muted: bool
    speaking: bool
    is_screen: bool = False


def waits(person: rtc.Participant) -> bool:
    """Before the door of the room: the server takes nothing from this person, and gives it nothing."""
    return person.attributes.get("offrecord.role") == "waiting"


def requires_encryption(person: rtc.Participant) -> bool:
    """The server tells everybody in such a room by an attribute."""
    return person.attributes.get("offrecord.encryption") == "required"


def name_of(person: rtc.Participant) -> str:
    """What others call a participant."""
    return cut(person.name or person.identity, LONGEST_NAME)


def people_of(room: rtc.Room, speaking: set[str]) -> list[Person]:
    """Oneself, then those who share, then by name: nobody moves for speaking."""
    others = [person for person in room.remote_participants.values() if not waits(person)]
    people = [
        _person(one, one is room.local_participant, speaking) for one in (room.local_participant, *others)
    ]
    return sorted(
        people, key=lambda one: (not one.is_self, not one.screen, one.name.casefold(), one.identity)
    )


def tiles_of(people: Iterable[Person]) -> list[Tile]:
    """Screens come first, one's own tile last."""
    people = list(people)
    screens = [
        Tile(f"screen {one.identity}", _possessive(one), one.screen, False, False, is_screen=True)
        for one in people
        if one.screen
    ]
    faces = [Tile(one.identity, shown_name(one), one.video, not one.heard, one.speaking) for one in people]
    return [*screens, *faces[1:], *faces[:1]]


def shown_name(person: Person) -> str:
    """Says which one is oneself."""
    return f"{person.name} (you)" if person.is_self else person.name


def in_words(person: Person) -> str:
    """A line of the list, for those who read it and those who listen."""
    sends = [
        "microphone on" if person.heard else "muted",
        "camera on" if person.video else "camera off",
        *(["sharing a screen"] if person.screen else []),
        *(["speaking"] if person.speaking else []),
        *([person.connection] if person.connection else []),
    ]
    return f"{shown_name(person)}: {', '.join(sends)}"


def _possessive(person: Person) -> str:
    return "Your screen" if person.is_self else f"Screen of {person.name}"


def _person(one: rtc.Participant, is_self: bool, speaking: set[str]) -> Person:
    sent = [each for each in one.track_publications.values() if not each.muted]
    screens = [each for each in sent if each.source == rtc.TrackSource.SOURCE_SCREENSHARE]
    faces = [
        each
        for each in sent
        if each.kind == rtc.TrackKind.KIND_VIDEO and each.source != rtc.TrackSource.SOURCE_SCREENSHARE
    ]
    faces.sort(key=lambda each: each.source != rtc.TrackSource.SOURCE_CAMERA)
    return Person(
        identity=one.identity,
        name=name_of(one),
        is_self=is_self,
        heard=any(
            each.kind == rtc.TrackKind.KIND_AUDIO and each.source != rtc.TrackSource.SOURCE_SCREENSHARE_AUDIO
            for each in sent
        ),
        video=faces[0].sid if faces else "",
        screen=screens[0].sid if screens else "",
        speaking=one.identity in speaking,
        in_clear=any(each.encryption_type == rtc.EncryptionType.NONE for each in sent),
        connection=_CONNECTIONS.get(one.connection_quality, ""),
    )


_CONNECTIONS: dict[int, str] = {
    rtc.ConnectionQuality.QUALITY_GOOD: "fair connection",
    rtc.ConnectionQuality.QUALITY_POOR: "poor connection",
    rtc.ConnectionQuality.QUALITY_LOST: "no connection at the moment",
}
"""As the server judges it; nothing is said of an excellent one."""
