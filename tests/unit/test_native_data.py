"""The native data session, asked for what does not fit; what it does is tested where transports are."""

from __future__ import annotations

import math
from typing import Any

import pytest

from server._native import DataSession, fan_out

SECRETS = {"master": bytes(48), "client_random": bytes(32), "server_random": bytes(32)}
TERMS: dict[str, Any] = {
    "own_tag": 1,
    "peer_tag": 2,
    "next_tsn": 3,
    "window": 4096,
    "patience": 1.0,
    "lossy": None,
    "reliable": (1, 0, True),
}


def made(*, is_server: bool = True) -> DataSession:
    return DataSession(is_server=is_server, **SECRETS)


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("change", [-1, 1])
def test_secrets_of_another_length_are_refused(name: str, change: int) -> None:
    with pytest.raises(ValueError, match="handshake"):
        DataSession(is_server=True, **{**SECRETS, name: bytes(len(SECRETS[name]) + change)})


@pytest.mark.parametrize("now", [-1.0, math.nan, math.inf])
def test_times_that_are_none_are_refused(now: float) -> None:
    session = made()
    with pytest.raises(ValueError, match="seconds"):
        session.receive(b"", now)
    with pytest.raises(ValueError, match="seconds"):
        session.give_back(now)
    with pytest.raises(ValueError, match="seconds"):
        session.is_overdue(now)
    with pytest.raises(ValueError, match="seconds"):
        session.take_over(**{**TERMS, "patience": now})
    with pytest.raises(ValueError, match="seconds"):
        fan_out([(1, session)], True, b"message", now)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("own_tag", 2**32),
        ("peer_tag", -1),
        ("next_tsn", 2**32),
        ("window", -1),
        ("reliable", (2**16, 0, True)),
        ("lossy", (0, 2**16, False)),
    ],
)
def test_terms_that_do_not_fit_are_refused(name: str, value: object) -> None:
    session = made()
    with pytest.raises(OverflowError):
        session.take_over(**{**TERMS, name: value})
    assert session.give_back(0.0) is None


def test_a_packet_that_fits_no_record_is_refused() -> None:
    with pytest.raises(OverflowError):
        made().seal(bytes(2**16))


def test_what_is_given_back_is_what_was_sent() -> None:
    session, peer = made(), made(is_server=False)
    session.take_over(**TERMS)
    datagrams, others = fan_out([(7, session), (8, peer)], True, b"message", 10.0)
    assert ([id for id, _ in datagrams], others) == ([7], [8])
    packets = peer.receive(datagrams[0][1], 10.0)
    assert packets is not None
    assert b"message" in (packets[0] or b"")
    assert session.is_waiting
    assert not session.is_overdue(10.5)
    assert session.is_overdue(11.5)
    next_tsn, lossy, reliable, round_trip, sent = session.give_back(12.0) or pytest.fail("nothing")
    assert (next_tsn, lossy, reliable, round_trip) == (4, None, (1, 1, True), None)
    assert sent == [(3, True, 0, b"message", 2.0)]
    assert not session.is_waiting


def test_the_same_session_twice_sends_twice() -> None:
    session = made()
    session.take_over(**TERMS)
    datagrams, others = fan_out([(1, session), (1, session)], True, b"message", 0.0)
    assert len({datagram for _, datagram in datagrams}) == 2
    assert others == []
