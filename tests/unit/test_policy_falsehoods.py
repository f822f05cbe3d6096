"""Sentences that would be false of this server are found, and true ones are left alone."""

from __future__ import annotations

import pytest

from server.policy.falsehoods import untrue


@pytest.mark.parametrize(
    "text",
    [
        "The information we collect automatically is statistical data, and does not identify any individual.",
        "We do not collect personal Information automatically, but we may tie this information to you.",
        "Our system will issue cookies when you direct your browser to our Website.",
        "Pages of our Website may contain small electronic files known as web beacons.",
        "Flash cookies are not managed by the same browser settings as are used for browser cookies.",
        "It enables us to recognize you when you return to our Website.",
        "It is impossible to record a call here.",
        "We automatically collect information about your connection, including your IP address.",
        "Your calls are end-to-end encrypted.",
        "All is well. We set no beacons. We store cookies to know you better.",
    ],
)
def test_a_false_sentence_is_found(text: str) -> None:
    assert untrue(text) != ""


@pytest.mark.parametrize(
    "text",
    [
        "We set no cookies.",
        "Our pages hold no web beacons, no advertising and no tracking.",
        "We do not keep your IP address.",
        "We never store your IP address.",
        "Participants can record on their own devices.",
        "Participants who need more can use end-to-end encryption.",
        "We keep who connected to which room, and when.",
    ],
)
def test_a_true_sentence_is_left_alone(text: str) -> None:
    assert untrue(text) == ""


@pytest.mark.parametrize(
    ("addresses", "text", "false"),
    [
        ("drop", "We keep a pseudonym of your IP address.", True),
        ("drop", "We keep the first part of your IP address.", True),
        ("pseudonym", "We do not keep your IP address.", True),
        ("pseudonym", "We keep your IP address.", True),
        ("pseudonym", "We keep the first part of your IP address.", True),
        ("pseudonym", "We keep a pseudonym of your IP address.", False),
        ("pseudonym", "We never store your IP address unencrypted.", False),
        ("pseudonym", "We store your IP address encrypted.", False),
        ("pseudonym", "Pseudonyms of addresses are anonymous.", True),
        ("truncate", "We do not keep your IP address.", True),
        ("truncate", "We keep your IP address.", True),
        ("truncate", "We keep your IP address as a pseudonym only.", True),
        ("truncate", "We keep the first part of your IP address.", False),
        ("truncate", "We do not keep your whole IP address.", False),
        ("truncate", "We anonymise your IP address.", True),
    ],
)
def test_what_may_be_said_of_addresses_depends_on_what_is_kept(
    addresses: str, text: str, false: bool
) -> None:
    assert bool(untrue(text, addresses)) is false
