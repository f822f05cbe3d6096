"""Where people connect from, as the operator calls it: the longest prefix wins, in both families."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.config import ConfigError, parse
from server.metadata.event import EventError, encode
from server.metadata.rows.sessions import ParticipantJoined
from server.metadata.scrutiny import holds_address
from server.network.sites import MOST_RANGES, MOST_SITES, Sites
from server.options import check_usable

LYON = ("203.0.113.0/24", "2001:db8:1::/48")
SITES = Sites(
    {
        "Lyon": LYON,
        "Lyon (Part-Dieu)": ("203.0.113.128/25", "2001:db8:1:8000::/49", "203.0.113.7"),
        "Zürich": ("198.51.100.0/24",),
        "Elsewhere": ("0.0.0.0/0", "::/0"),
    }
)


@pytest.mark.parametrize(
    ("address", "site"),
    [
        ("203.0.113.1", "Lyon"),
        ("203.0.113.7", "Lyon (Part-Dieu)"),
        ("203.0.113.200", "Lyon (Part-Dieu)"),
        ("2001:db8:1::7", "Lyon"),
        ("2001:db8:1:8000::7", "Lyon (Part-Dieu)"),
        ("2001:db8:2::7", "Elsewhere"),
        ("198.51.100.255", "Zürich"),
        ("192.0.2.1", "Elsewhere"),
    ],
)
def test_an_address_is_in_the_site_of_its_longest_prefix(address: str, site: str) -> None:
    assert SITES.name_of(ip_address(address)) == site


def test_an_address_that_no_range_has_is_in_no_site() -> None:
    sites = Sites({"Lyon": LYON})
    assert sites.name_of(ip_address("192.0.2.1")) == ""
    assert sites.name_of(ip_address("2001:db8:2::1")) == ""
    assert sites.name_of(None) == ""


_v4 = st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32)).map(
    lambda both: ip_network((both[0] >> (32 - both[1]) << (32 - both[1]), both[1]))
)
_v6 = st.tuples(st.integers(0, 2**128 - 1), st.integers(0, 128)).map(
    lambda both: ip_network((IPv6Address(both[0] >> (128 - both[1]) << (128 - both[1])), both[1]))
)
_addresses = st.builds(IPv4Address, st.integers(0, 2**32 - 1)) | st.builds(
    IPv6Address, st.integers(0, 2**128 - 1)
)


@given(networks=st.lists(_v4 | _v6, unique=True, max_size=40), drawn=_addresses, data=st.data())
def test_a_look_at_every_range_finds_the_same(
    networks: list[object], drawn: IPv4Address | IPv6Address, data: st.DataObject
) -> None:
    """Also for an address that is surely in one of them."""
    real = [one for one in networks if not str(one).startswith("::ffff:")]
    sites = Sites({f"n{number}": (str(network),) for number, network in enumerate(real)})
    address = drawn
    if real:
        inside = ip_network(str(data.draw(st.sampled_from(real))))
        address = data.draw(
            st.sampled_from([drawn, inside[data.draw(st.integers(0, inside.num_addresses - 1))]])
        )
    matching = [
        (ip_network(str(network)).prefixlen, f"n{number}")
        for number, network in enumerate(real)
        if ip_network(str(network)).version == address.version and address in ip_network(str(network))
    ]
    assert sites.name_of(address) == max(matching, default=(0, ""))[1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[sites]\nLyon = []", "Lyon: there is no range"),
        ('[sites]\nLyon = ["203.0.113.7/24"]', "write '203.0.113.0/24'"),
        ('[sites]\nLyon = ["Lyon"]', "'Lyon' is no range of addresses"),
        ('[sites]\nLyon = ["203.0.113.0/33"]', "no range"),
        ('[sites]\nLyon = ["::ffff:203.0.113.0/120"]', "would match nobody"),
        ('[sites]\nLyon = ["fe80::%eth0/64"]', "would match nobody"),
        ('[sites]\nLyon = ["203.0.113.0/24"]\nParis = ["203.0.113.0/24"]', "in Lyon and Paris"),
        ('[sites]\nLyon = ["2001:db8::/32", "2001:DB8:0::/32"]', "in Lyon twice"),
        ('[sites]\n"" = ["203.0.113.0/24"]', "a name is a letter"),
        ('[sites]\n"203.0.113.7" = ["203.0.113.0/24"]', "a name is a letter"),
        ('[sites]\n"Lyon 203.0.113.7" = ["203.0.113.0/24"]', "a name is a letter"),
        ('[sites]\n"2001:db8::7" = ["203.0.113.0/24"]', "a name is a letter"),
        ('[sites]\n"Lyon\\n" = ["203.0.113.0/24"]', "a name is a letter"),
        ('[sites]\n"Lyon\\u202e" = ["203.0.113.0/24"]', "a name is a letter"),
        (f'[sites]\n{"L" * 41} = ["203.0.113.0/24"]', "a name is a letter"),
        ('[sites]\nLyon = "203.0.113.0/24"', r"sites"),
        ("[sites]\n" + "\n".join(f's{n} = ["203.0.113.{n}"]' for n in range(MOST_SITES + 1)), "more than"),
        (f"[sites]\nLyon = {[f'2001:db8::{n:x}' for n in range(MOST_RANGES + 1)]}", "more than"),
    ],
)
def test_what_is_no_site_refuses_to_start(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as refused:
        check_usable(parse(text), dev=True)
    assert "\n" not in str(refused.value)


@given(name=st.text(max_size=60))
def test_a_name_is_refused_or_may_stand_in_the_ledger(name: str) -> None:
    event = ParticipantJoined(room="r", identity="i", participant="PA_12345678", site=name)
    try:
        Sites({name: LYON})
    except ConfigError:
        if name:  # which stands for none
            with pytest.raises(EventError):
                encode(event)
        return
    kept = encode(event).decode()
    assert msgspec.json.decode(kept)["site"] == name
    assert name.isprintable()
    assert not holds_address(kept)


@given(address=st.ip_addresses(), around=st.sampled_from(["{}", "L{}", "Lyon {}", "Lyon ({})", "L-{}-L"]))
def test_no_address_is_the_name_of_a_site(address: IPv4Address | IPv6Address, around: str) -> None:
    with pytest.raises(ConfigError):
        Sites({around.format(address): LYON})
