"""What `offrecord serve` was asked to be, as one immutable value.

The modes are pure functions from a configuration to a configuration, so that the rest of the server
never asks which mode it is in to decide about a key, an address or a guest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec import structs

from server import public_url, turn
from server.config import (
    DEV_KEYS,
    MINIMUM_SECRET_BYTES,
    Config,
    ConfigError,
    Console,
    Metadata,
    Metrics,
    Relay,
    relay_count,
)
from server.network.proxies import Proxies
from server.network.sites import Sites
from server.webhooks import settings as webhooks

LOOPBACK = "127.0.0.1"
_LAST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """How to serve. `config` already holds everything the mode and the command line override.

    `addresses_to_print` are complete addresses a person can open, best first; empty means that the
    listener says where it listens. `qr_code` is the text picture of the first of them, or "".
    """

    config: Config
    dev: bool = False
    lan: bool = False
    addresses_to_print: tuple[str, ...] = ()
    qr_code: str = ""


def with_ports(config: Config, http_port: int | None, udp_port: int | None) -> Config:
    """The ports of the command line win over the file's; None leaves the file's. Where ICE over TCP is
    served it takes the numbers of UDP."""
    if http_port is not None:
        config = structs.replace(config, http=structs.replace(config.http, port=http_port))
    if udp_port is not None:
        tcp_port = udp_port if config.relay.tcp_port else 0
        relay = structs.replace(config.relay, udp_port=udp_port, tcp_port=tcp_port)
        config = structs.replace(config, relay=relay)
    return config


def for_development(config: Config) -> Config:
    """Loopback only, the well-known key, guests welcome, no TLS; no ICE over TCP: nothing stops UDP there.

    The well-known key is safe only because nothing but loopback is bound, media included.
    """
    return structs.replace(
        config,
        http=structs.replace(config.http, host=LOOPBACK, public_url="", tls_certificate="", tls_key=""),
        relay=structs.replace(
            config.relay, ipv4_host=LOOPBACK, ipv6_host="", tcp_port=0, advertise=(LOOPBACK,)
        ),
        guests=structs.replace(config.guests, enabled=True),
        rooms=structs.replace(config.rooms, simulate=True),
        keys={**config.keys, **DEV_KEYS},
    )


def for_local_network(
    config: Config, certificate: Path, key: Path, access_key: tuple[str, str], addresses: Sequence[str]
) -> Config:
    """HTTPS on every address, guests welcome, one key that exists only for this run.

    `access_key` is (name, secret) freshly drawn: the development key is public knowledge and must not
    open a server that a network can reach. `addresses` are advertised unless the file names its own.
    """
    return structs.replace(
        config,
        http=structs.replace(
            config.http, host="", public_url="", tls_certificate=str(certificate), tls_key=str(key)
        ),
        relay=structs.replace(config.relay, advertise=config.relay.advertise or tuple(addresses)),
        guests=structs.replace(config.guests, enabled=True),
        keys={**config.keys, access_key[0]: access_key[1]},
    )


def check_usable(config: Config, *, dev: bool) -> None:
    """Refuses what cannot serve, or would be ignored. Raises ConfigError saying what to do.

    A setting that nothing would read is refused like an unknown one: silence would mean that an
    operator believes in a passcode nobody is asked for.
    """
    if not dev:
        _check_keys(config)
    if bool(config.http.tls_certificate) != bool(config.http.tls_key):
        raise ConfigError("http.tls_certificate and http.tls_key must be set together")
    public_url.check(config.http.public_url)
    Proxies(config.http.trusted_proxies)
    Sites(config.sites)
    _check_addresses(config.metadata)
    if config.guests.passcode and not config.guests.enabled:
        raise ConfigError(
            "guests.passcode is set but guests.enabled is false: nobody would be asked for it; "
            "enable guests or remove the passcode"
        )
    if config.guests.moderator_passcode and not config.guests.enabled:
        raise ConfigError(
            "guests.moderator_passcode is set but guests.enabled is false: nobody could give it; "
            "enable guests or remove it"
        )
    if config.guests.moderator_passcode and config.guests.moderator_passcode == config.guests.passcode:
        raise ConfigError(
            "guests.moderator_passcode is the same as guests.passcode: every guest would moderate; "
            "choose another"
        )
    if config.metrics.host != Metrics().host and not config.metrics.port:
        raise ConfigError("metrics.host is set but metrics.port is 0: nothing would listen; set the port too")
    if not config.metadata.details and config.metadata.detail_days != Metadata().detail_days:
        raise ConfigError(
            "metadata.detail_days is set but metadata.details is false: nothing would be kept for so long; "
            "remove one of the two"
        )
    if config.guests.ask_age and not config.guests.enabled:
        raise ConfigError(
            "guests.ask_age is set but guests.enabled is false: nobody would be asked; enable guests or "
            "remove it"
        )
    _check_console(config.console)
    if not config.relay.ipv4_host and not config.relay.ipv6_host:
        raise ConfigError("relay.ipv4_host and relay.ipv6_host are both empty: media could not arrive")
    _check_ports(config.relay, relay_count(config))
    turn.check(config.turn)
    webhooks.check(config)


def _check_ports(relay: Relay, relays: int) -> None:
    for name, first in (("udp_port", relay.udp_port), ("tcp_port", relay.tcp_port)):
        if first and first + relays - 1 > _LAST_PORT:
            raise ConfigError(
                f"relay.{name} is {first} and there are {relays} relays: there are not so many ports"
            )
    hosts = (relay.ipv4_host, relay.ipv6_host)
    if relay.tcp_port and all(hosts) and hosts != (Relay().ipv4_host, Relay().ipv6_host):
        raise ConfigError(
            "relay.tcp_port is set, which one socket serves for both families: set relay.ipv4_host to "
            '"0.0.0.0" and relay.ipv6_host to "::", or one of them to "", or relay.tcp_port to 0'
        )


def _check_addresses(metadata: Metadata) -> None:
    if metadata.addresses != "drop" and not metadata.details:
        raise ConfigError(
            f'metadata.addresses is "{metadata.addresses}" but metadata.details is false: nothing would be '
            "kept; remove one of the two"
        )
    if metadata.addresses != "pseudonym" and metadata.address_key_hours != Metadata().address_key_hours:
        raise ConfigError(
            'metadata.address_key_hours is set but metadata.addresses is not "pseudonym": there would be no '
            "key; remove one of the two"
        )


def _check_console(console: Console) -> None:
    public_url.check(console.url, "console.url")
    if console.port and console.public:
        raise ConfigError(
            "console.port and console.public are both set: the console is on a listener of its own or on the "
            "main port; remove one of the two"
        )
    if console.host != Console().host and not console.port:
        raise ConfigError("console.host is set but console.port is 0: nothing would listen; set the port too")
    if bool(console.oidc_issuer) != bool(console.oidc_client_id):
        raise ConfigError("console.oidc_issuer and console.oidc_client_id must be set together")
    if not console.oidc_issuer:
        unused = ("oidc_client_secret", "oidc_claim")
        for name in unused:
            if getattr(console, name) != getattr(Console(), name):
                raise ConfigError(
                    f"console.{name} is set but console.oidc_issuer is not: nobody would use it"
                )
        if not console.passwords:
            raise ConfigError(
                "console.passwords is false and no console.oidc_issuer is set: nobody could sign in"
            )
        return
    public_url.check(console.oidc_issuer, "console.oidc_issuer")


def _check_keys(config: Config) -> None:
    if not config.keys:
        raise ConfigError(
            "no key is configured: add a [keys] table with a name and a secret of at least "
            f"{MINIMUM_SECRET_BYTES} bytes (`openssl rand -base64 32` makes one), or start with --dev"
        )
    for number, (name, secret) in enumerate(config.keys.items(), start=1):
        if not name:
            raise ConfigError(f"entry {number} of [keys] has an empty name")
        if len(secret.encode()) < MINIMUM_SECRET_BYTES:
            raise ConfigError(
                f"entry {number} of [keys] has a secret shorter than {MINIMUM_SECRET_BYTES} bytes; "
                "`openssl rand -base64 32` makes a good one"
            )
