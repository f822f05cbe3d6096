"""Which candidates clients are given."""

from __future__ import annotations

import pytest

from server.addresses import advertised, candidates
from server.config import Config, ConfigError, Relay
from server.sdp.model import Candidate
from tests.unit.signaling import FakeLink


def test_configured_addresses_are_taken_as_they_are() -> None:
    config = Config(relay=Relay(advertise=("192.0.2.1", "2001:db8::1")))
    assert advertised(config) == ("192.0.2.1", "2001:db8::1")


def test_without_configuration_there_is_at_least_one() -> None:
    assert advertised(Config())


def test_a_name_is_refused_with_the_setting_that_holds_it() -> None:
    with pytest.raises(ConfigError, match=r"relay\.advertise"):
        advertised(Config(relay=Relay(advertise=("sfu.example",))))


def test_only_families_that_the_relay_serves_are_offered() -> None:
    link = FakeLink(ipv4_port=7882, ipv6_port=0)
    addresses = ("2001:db8::1", "192.0.2.1")
    assert candidates(addresses, link) == (Candidate("192.0.2.1", 7882),)
    link.ipv6_port = 7883
    assert candidates(addresses, link) == (Candidate("2001:db8::1", 7883), Candidate("192.0.2.1", 7882))


def test_tcp_is_offered_where_it_is_served_after_all_of_udp() -> None:
    link = FakeLink(ipv4_port=7882, ipv6_port=0, tcp_port=443)
    addresses = ("2001:db8::1", "192.0.2.1", "192.0.2.2")
    assert candidates(addresses, link) == (
        Candidate("192.0.2.1", 7882),
        Candidate("192.0.2.2", 7882),
        Candidate("192.0.2.1", 443, tcp=True),
        Candidate("192.0.2.2", 443, tcp=True),
    )
