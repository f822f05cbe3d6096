"""What the desktop application makes of an address, and of the server's answers to a guest."""

from __future__ import annotations

import pytest

from client_demo.desktop.fetching import Answer
from client_demo.desktop.guest_token import Admitted, Refused, understand
from client_demo.desktop.server_address import AddressError, parse_address


@pytest.mark.parametrize(
    ("typed", "url", "room"),
    [
        ("meet.example", "https://meet.example", ""),
        (" https://meet.example:8443/ ", "https://meet.example:8443", ""),
        ("https://meet.example/calls/", "https://meet.example/calls", ""),
        ("https://meet.example/#room=the%20garden", "https://meet.example", "the garden"),
        ("https://meet.example/?room=garden", "https://meet.example", "garden"),
        ("127.0.0.1:7880", "http://127.0.0.1:7880", ""),
        ("http://localhost:7880", "http://localhost:7880", ""),
        ("http://[::1]:7880", "http://[::1]:7880", ""),
    ],
)
def test_an_address_or_an_invitation_leads_to_a_server(typed: str, url: str, room: str) -> None:
    address = parse_address(typed)
    assert (str(address.url).rstrip("/"), address.room) == (url, room)
    assert str(address / "guarantee") == f"{url}/guarantee"


def test_a_key_is_read_from_where_servers_are_not_told_it() -> None:
    assert parse_address("https://meet.example/#room=garden&key=%20a%20key%20").key == "a key"
    assert parse_address("https://meet.example/?room=garden&key=told").key == ""
    assert "secret" not in repr(parse_address("https://meet.example/#room=garden&key=secret"))


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "Type the address"),
        ("http://meet.example", "anybody on the way could listen in"),
        ("http://127.0.0.1.meet.example", "anybody on the way could listen in"),
        ("ftp://meet.example", "begins with https"),
        ("https://", "no address"),
        ("https://meet.example:port", "no address"),
        ("https://[::1", "no address"),
    ],
)
def test_what_is_no_address_is_told_in_words(typed: str, why: str) -> None:
    with pytest.raises(AddressError, match=why):
        parse_address(typed)


def test_calls_are_where_the_server_says_but_never_less_protected() -> None:
    server = parse_address("meet.example")
    assert server.signaling("wss://calls.example/x") == "wss://calls.example/x"
    assert server.signaling("").rstrip("/") == "wss://meet.example"
    assert parse_address("127.0.0.1:7880").signaling("ws://127.0.0.1:7880") == "ws://127.0.0.1:7880"
    for url in ("ws://meet.example", "http://meet.example", "file:///etc", "nonsense"):
        with pytest.raises(AddressError, match="does not trust"):
            server.signaling(url)


def test_a_guest_is_admitted() -> None:
    assert understand(Answer(200, {"url": "wss://x", "token": "t"}), gave_passcode=False) == Admitted(
        "wss://x", "t"
    )


@pytest.mark.parametrize(
    ("status", "body", "gave", "refused"),
    [
        (
            200,
            {"url": "wss://x"},
            False,
            Refused("The server gave an answer that this application does not understand."),
        ),
        (
            401,
            {"passcode_required": True},
            False,
            Refused("This server asks guests for a passcode.", asks_passcode=True),
        ),
        (403, {"passcode_required": True}, True, Refused("That passcode is not right.", asks_passcode=True)),
        (
            409,
            {"policy_changed": True, "policy": "v2"},
            False,
            Refused("This server wants its privacy policy read first.", asks_policy="v2"),
        ),
        (409, {"policy_changed": True, "policy": 2}, False, Refused("The server refused (409).")),
        (
            403,
            {"age_required": True},
            False,
            Refused("This server asks before you join: please tick the box about your age.", asks_age=True),
        ),
        (403, {"error": "no guests today"}, False, Refused("no guests today")),
        (403, None, False, Refused("This server does not admit guests.")),
        (429, "?", False, Refused("Too many people are joining at once. Wait a minute and try again.")),
        (302, None, False, Refused("The server refused (302).")),
        (500, {"error": "x" * 1000}, False, Refused("x" * 300)),
    ],
)
def test_a_refusal_says_what_would_help(status: int, body: object, gave: bool, refused: Refused) -> None:
    assert understand(Answer(status, body), gave_passcode=gave) == refused
