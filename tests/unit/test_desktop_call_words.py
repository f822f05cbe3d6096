"""What the desktop application says of a call, and how it bounds what peers and the server send."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from livekit import rtc

from client_demo.desktop.call.chat import LONGEST, read_bounded, tidy
from client_demo.desktop.call.receipt import Receipt, lines_of, title_of
from client_demo.desktop.call.roster import Person, in_words, tiles_of
from client_demo.desktop.call.summary import Summary
from client_demo.desktop.call.words import end_of, join_failure, support_code
from client_demo.desktop.durations import age_in_words, duration_in_words

RECEIPT: dict[str, Any] = {
    "room": "garden",
    "identity": "desk-1",
    "kept": [
        {
            "event": "participant_left",
            "at": "2026-11-01T10:00:00.000Z",
            "deleted_at": "2026-12-01T12:00:00.000Z",
            "fields": {"reason": "client_left", "milliseconds": 1000},
        }
    ],
    "not_kept": ["sound and video"],
    "valid_until": "2026-12-01T12:00:00.000Z",
    "says": "This is everything.",
}


def _person(name: str, **more: Any) -> Person:
    sends = {"heard": True, "video": f"TR_{name}", "screen": "", "speaking": False, "connection": "", **more}
    return Person(identity=name.lower(), name=name, **{"is_self": False, **sends})


def test_a_person_is_told_in_one_line() -> None:
    assert in_words(_person("Ada", is_self=True, heard=False, video="")) == "Ada (you): muted, camera off"
    line = in_words(_person("Ada", screen="TR_x", speaking=True, connection="poor connection"))
    assert line == "Ada: microphone on, camera on, sharing a screen, speaking, poor connection"


def test_screens_come_first_and_oneself_last() -> None:
    people = [_person("Desk", is_self=True, screen="TR_own"), _person("Ada", screen="TR_s"), _person("Bob")]
    assert [(tile.title, tile.video) for tile in tiles_of(people)] == [
        ("Your screen", "TR_own"),
        ("Screen of Ada", "TR_s"),
        ("Ada", "TR_Ada"),
        ("Bob", "TR_Bob"),
        ("Desk (you)", "TR_Desk"),
    ]


def test_why_a_call_ended_is_told_unless_it_was_wished() -> None:
    assert end_of(rtc.DisconnectReason.CLIENT_INITIATED) == ""
    assert end_of(rtc.DisconnectReason.PARTICIPANT_REMOVED).startswith("A moderator or an operator")
    assert end_of(99) == "The connection to the server was lost"
    left = Summary("garden", 65.0, 2, "", "ABCD-1234", "PA_x")
    assert left.title == "You left “garden”"
    assert left.text.startswith("You were in “garden” for 1 minute. You met 2 other people. Your camera")
    lost = Summary("garden", 3600.0, 0, "The room was closed", "ABCD-1234", "PA_x")
    assert lost.title == "The room was closed"
    assert "Nobody else was there. Support code: ABCD-1234." in lost.text


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (
            "engine: signal failure: client error: 403 Forbidden - it is locked. Support code: ABCD-1234",
            "The server did not let you in: it is locked. Support code: ABCD-1234.",
        ),
        (
            "engine: signal failure: client error: 401 Unauthorized - recording: refused",
            "The server did not let you in: recording: refused.",
        ),
        ("engine: signal failure: timeout", "The call could not be set up: the server is out of reach"),
        ("", "The call could not be set up: the server is out of reach"),
    ],
)
def test_a_refusal_is_told_with_its_code(told: str, words: str) -> None:
    assert join_failure(told).startswith(words)


def test_only_a_support_code_is_shown_as_one() -> None:
    assert support_code({"offrecord.support_code": "ABCD-1234"}) == "ABCD-1234"
    assert support_code({"offrecord.support_code": "call this number"}) == ""
    assert support_code({}) == ""


def test_messages_are_plain_text_of_a_bounded_length() -> None:
    assert tidy(" a\r\n\n\n\nb\u202ec\u0007 ") == "a\n\nbc"
    assert tidy("x" * 5000) == "x" * (LONGEST - 1) + "…"


async def test_a_stream_that_does_not_end_is_not_held() -> None:
    async def endless() -> AsyncIterator[str]:
        for _ in range(1000):
            yield "x" * 1000

    assert len(await read_bounded(endless(), LONGEST)) == LONGEST + 1


def test_a_receipt_tells_every_entry() -> None:
    receipt = msgspec.convert(RECEIPT, Receipt)
    assert title_of(receipt) == "Kept about you in this room: 1 entry, until 1 December 2026"
    lines = lines_of(receipt)
    assert "participant left: reason client_left, milliseconds 1000; deleted 1 December 2026" in lines[2]
    assert lines[-1] == "Not kept: sound and video"
    empty = msgspec.convert({**RECEIPT, "kept": [], "valid_until": None}, Receipt)
    assert title_of(empty) == "Nothing is kept about you in this room"


@pytest.mark.parametrize("missing", RECEIPT)
def test_a_receipt_that_leaves_something_out_is_none(missing: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({name: value for name, value in RECEIPT.items() if name != missing}, Receipt)


def test_times_are_told_in_words() -> None:
    assert [duration_in_words(seconds) for seconds in (0, 1, 59, 60, 3600, 3905)] == [
        "0 seconds",
        "1 second",
        "59 seconds",
        "1 minute",
        "1 hour",
        "1 hour 5 minutes",
    ]
    assert [age_in_words(seconds) for seconds in (-5, 8, 200, 7200)] == [
        "just now",
        "8 s ago",
        "3 min ago",
        "2 h ago",
    ]
