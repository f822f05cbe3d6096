"""The address of a client: its own, or what a trusted proxy says; nobody else is believed."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from server.config import ConfigError, parse
from server.network.address import Address, address_of
from server.network.proxies import MOST_HOPS, Proxies
from server.options import check_usable
from tests.unit.signaling import ClientMaker, Server

SERVER = Path(__file__).parents[2] / "server"
PROXIES = Proxies(("10.0.0.0/8", "fd00::/8"))


def behind(peer: str, *headers: str) -> str:
    return str(PROXIES.behind(peer, headers))


@pytest.mark.parametrize(
    ("peer", "headers", "client"),
    [
        ("192.0.2.1", (), "192.0.2.1"),
        ("192.0.2.1", ("203.0.113.7",), "192.0.2.1"),  # anybody can write a header
        ("10.0.0.1", (), "10.0.0.1"),
        ("10.0.0.1", ("203.0.113.7",), "203.0.113.7"),
        ("10.0.0.1", ("1.2.3.4, 203.0.113.7",), "203.0.113.7"),  # the client wrote what stands left
        ("10.0.0.1", ("203.0.113.7, 10.9.9.9",), "203.0.113.7"),
        ("10.0.0.1", ("1.2.3.4,203.0.113.7", "10.9.9.9"), "203.0.113.7"),  # two headers are one
        ("10.0.0.1", ("10.0.0.9, 10.0.0.8",), "10.0.0.9"),  # somebody among the proxies
        ("10.0.0.1", ("203.0.113.7:51234",), "203.0.113.7"),
        ("10.0.0.1", ("[2001:db8::7]:51234",), "2001:db8::7"),
        ("10.0.0.1", ("[2001:db8::7]",), "2001:db8::7"),
        ("10.0.0.1", ("fe80::7%eth0",), "fe80::7"),
        ("10.0.0.1", ("::ffff:203.0.113.7",), "203.0.113.7"),
        ("::ffff:10.0.0.1", ("203.0.113.7",), "203.0.113.7"),
        ("fd00::1%eth1", ("2001:db8::7",), "2001:db8::7"),
        ("10.0.0.1", ("",), "10.0.0.1"),
        ("10.0.0.1", ("unknown",), "10.0.0.1"),
        ("10.0.0.1", ("203.0.113.7, unknown",), "10.0.0.1"),  # not what somebody wrote before
        ("10.0.0.1", ("203.0.113.7, 10.0.0.9:x",), "10.0.0.1"),
        ("10.0.0.1", ("203.0.113.256",), "10.0.0.1"),
        ("10.0.0.1", (f"203.0.113.7,{' ' * 30_000}10.0.0.9",), "10.0.0.1"),
        ("10.0.0.1", ("203.0.113.7" + ",10.0.0.9" * MOST_HOPS,), "10.0.0.9"),
        ("10.0.0.1", ("203.0.113.7" + ",10.0.0.9" * (MOST_HOPS - 1),), "203.0.113.7"),
        ("", ("203.0.113.7",), "None"),
    ],
)
def test_whose_address_is_taken(peer: str, headers: Sequence[str], client: str) -> None:
    assert behind(peer, *headers) == client


_junk = st.text(st.characters(codec="latin-1"), max_size=80) | st.sampled_from(
    [
        "",
        ",",
        ", ,",
        "unknown",
        "[",
        "]:",
        "::",
        "%",
        "1.2.3.4:",
        "[::1",
        "::1]",
        "999.9.9.9",
        "0x7f.1",
        "１.2.3.4",
    ]
)
_hops = st.lists(_junk | st.ip_addresses().map(str), max_size=50).map(", ".join)


@given(peer=_junk, headers=st.lists(_hops, max_size=5))
@example(peer="192.0.2.1", headers=["203.0.113.7"] * 1000)
def test_who_is_not_trusted_is_never_somebody_else(peer: str, headers: list[str]) -> None:
    own = address_of(peer)
    if own is None or str(own).startswith(("10.", "fd")):
        return
    assert PROXIES.behind(peer, headers) == own


@given(headers=st.lists(_hops, max_size=5), client=st.ip_addresses().map(str))
def test_what_stands_left_of_the_client_changes_nothing(headers: list[str], client: str) -> None:
    found = PROXIES.behind("10.0.0.1", [*headers, f"{client}, 10.0.0.9"])
    known = address_of(client)
    assert known is not None
    if not str(known).startswith(("10.", "fd")):
        assert found == known
    assert found is not None


@given(text=st.text(max_size=200) | _junk | st.ip_addresses().map(str))
def test_a_text_is_an_address_or_nothing(text: str) -> None:
    address = address_of(text)
    if address is not None:
        assert isinstance(address, Address)
        assert str(address_of(str(address))) == str(address)


@given(address=st.ip_addresses(), port=st.integers(0, 65535))
def test_a_port_is_left_out(address: Address, port: int) -> None:
    written = f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"
    assert address_of(written) == address_of(str(address)) != None  # noqa: E711 - both, and something


@pytest.mark.parametrize(
    ("proxies", "says"),
    [
        ('["proxy.example"]', "http.trusted_proxies: 'proxy.example' is no range"),
        ('["10.0.0.1/8"]', "write '10.0.0.0/8'"),
        ('["10.0.0.0/8", "10.0.0.0/8"]', "named twice"),
        ('"10.0.0.0/8"', "trusted_proxies"),
    ],
)
def test_what_is_no_proxy_refuses_to_start(proxies: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        check_usable(parse(f"[http]\ntrusted_proxies = {proxies}"), dev=True)


async def test_headers_of_any_kind_are_answered(aiohttp_client: ClientMaker) -> None:
    """Over a real connection: many, huge and malformed, from a proxy that is trusted."""
    server = Server(trusted_proxies=("127.0.0.0/8",), sites={"Lyon": ("203.0.113.0/24",)})
    client = await aiohttp_client(server.application)
    for value in ("203.0.113.7, " * 600, ",", "\t", "[::1", "\xff\xfe", "203.0.113.7%" * 50, "x" * 8000):
        answer = await client.get("/rtc/validate", headers={"X-Forwarded-For": value})
        assert answer.status == 401
    many = [("X-Forwarded-For", "203.0.113.7")] * 50
    answer = await client.get("/rtc/validate", headers=many)
    assert answer.status == 401


def test_an_address_is_asked_for_in_one_place() -> None:
    """Neither a request's own address nor a header that says one is looked at anywhere else."""
    words = {"remote", "peername", "X_FORWARDED_FOR", "FORWARDED"}
    names = {"x-forwarded-for", "forwarded", "x-real-ip", "peername"}
    found = set()
    for path in SERVER.rglob("*.py"):
        place = path.relative_to(SERVER).as_posix()
        for node in ast.walk(ast.parse(path.read_text())):
            asked = isinstance(node, ast.Attribute) and node.attr in words
            named = isinstance(node, ast.Constant) and str(node.value).lower() in names
            if asked or named:
                found.add(place)
    assert found == {"network/proxies.py"}


def test_the_longest_prefix_of_one_family_says_nothing_of_the_other() -> None:
    assert Proxies(("::/0",)).behind("192.0.2.1", ["203.0.113.7"]) == ip_address("192.0.2.1")
