"""The modes of serving: what each overrides, and what cannot be served with."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import structs

from server.config import DEV_KEYS, Config, ConfigError, parse
from server.options import check_usable, for_development, for_local_network, with_ports

SECRET = "s" * 32


def test_development_reaches_no_further_than_this_machine() -> None:
    config = for_development(parse('[http]\nhost = "0.0.0.0"\n[relay]\nadvertise = ["203.0.113.7"]'))
    assert config.http.host == "127.0.0.1"
    assert (config.relay.ipv4_host, config.relay.ipv6_host) == ("127.0.0.1", "")
    assert config.relay.advertise == ("127.0.0.1",)
    assert config.guests.enabled
    assert config.keys == DEV_KEYS
    check_usable(config, dev=True)


def test_the_local_network_never_gets_the_development_key() -> None:
    key = ("lan-1", SECRET)
    config = for_local_network(Config(), Path("c.pem"), Path("k.pem"), key, ["192.168.1.5"])
    assert config.keys == {"lan-1": SECRET}
    assert (config.http.tls_certificate, config.http.tls_key) == ("c.pem", "k.pem")
    assert config.relay.advertise == ("192.168.1.5",)
    assert config.guests.enabled
    check_usable(config, dev=False)


def test_configured_addresses_win_on_the_local_network() -> None:
    config = parse('[relay]\nadvertise = ["203.0.113.7"]')
    served = for_local_network(config, Path("c"), Path("k"), ("a", SECRET), ["192.168.1.5"])
    assert served.relay.advertise == ("203.0.113.7",)


def test_ports_of_the_command_line_win() -> None:
    config = with_ports(Config(), 1234, 0)
    assert (config.http.port, config.relay.udp_port) == (1234, 0)
    assert with_ports(Config(), None, None) == Config()
    assert with_ports(Config(), None, 9000).relay.tcp_port == 9000
    assert with_ports(parse("[relay]\ntcp_port = 0"), None, 9000).relay.tcp_port == 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no key"),
        ('[keys]\na = "short"', "shorter than 32 bytes"),
        (f'[keys]\n"" = "{SECRET}"', "empty name"),
        (f'[http]\ntls_key = "k"\n[keys]\na = "{SECRET}"', "together"),
        (f'[guests]\npasscode = "p"\n[keys]\na = "{SECRET}"', "guests.enabled is false"),
        (f'[guests]\nmoderator_passcode = "p"\n[keys]\na = "{SECRET}"', "guests.enabled is false"),
        (
            f'[guests]\nenabled = true\npasscode = "p"\nmoderator_passcode = "p"\n[keys]\na = "{SECRET}"',
            "every guest would moderate",
        ),
        (f'[guests]\nask_age = true\n[keys]\na = "{SECRET}"', "guests.enabled is false"),
        (
            f'[metadata]\ndetails = false\ndetail_days = 3\n[keys]\na = "{SECRET}"',
            "metadata.details is false",
        ),
        (
            f'[metadata]\ndetails = false\naddresses = "pseudonym"\n[keys]\na = "{SECRET}"',
            'addresses is "pseudonym" but metadata.details is false',
        ),
        (
            f'[metadata]\naddress_key_hours = 12\n[keys]\na = "{SECRET}"',
            'address_key_hours is set but metadata.addresses is not "pseudonym"',
        ),
        (
            f'[metadata]\naddresses = "truncate"\naddress_key_hours = 12\n[keys]\na = "{SECRET}"',
            "there would be no key",
        ),
        (f'[metrics]\nhost = "::1"\n[keys]\na = "{SECRET}"', "metrics.port is 0"),
        (f'[relay]\nipv4_host = ""\nipv6_host = ""\n[keys]\na = "{SECRET}"', "both empty"),
        (f'[relay]\nipv4_host = "192.0.2.1"\n[keys]\na = "{SECRET}"', "one socket serves for both"),
        (f'[relay]\nrelays = 2\nudp_port = 65535\n[keys]\na = "{SECRET}"', "udp_port is 65535"),
        (f'[relay]\nrelays = 2\ntcp_port = 65535\n[keys]\na = "{SECRET}"', "tcp_port is 65535"),
    ],
)
def test_what_cannot_serve_is_refused(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as refused:
        check_usable(parse(text), dev=False)
    assert SECRET not in str(refused.value)
    assert '"short"' not in str(refused.value)


def test_the_development_key_is_too_short_for_anything_else() -> None:
    with pytest.raises(ConfigError, match="shorter"):
        check_usable(structs.replace(Config(), keys=DEV_KEYS), dev=False)
