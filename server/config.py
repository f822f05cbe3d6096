"""Configuration: typed, defaulted, and refused when a key is unknown or wrong.

`config.toml` documents every setting; a test holds it equal to the defaults here.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from server.errors import OperatorError

Port = Annotated[int, Meta(ge=0, le=65535)]
MINIMUM_SECRET_BYTES = 32
DEV_KEYS = {"devkey": "secret"}


class ConfigError(OperatorError):
    """The configuration cannot be used; the message names the key and what it accepts."""


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all tables."""


class Http(_Section, frozen=True):
    host: str = ""  # "" is every address, IPv4 and IPv6
    port: Port = 7880
    public_url: str = ""
    tls_certificate: str = ""
    tls_key: str = ""
    lan_certificates: str = "certs"
    trusted_proxies: tuple[str, ...] = ()


class Relay(_Section, frozen=True):
    relays: Annotated[int, Meta(ge=0, le=256)] = 0  # 0: one per core
    ipv4_host: str = "0.0.0.0"  # noqa: S104 - media must be reachable; the development mode binds loopback
    ipv6_host: str = "::"
    udp_port: Port = 7882
    tcp_port: Port = 7882  # 0: no ICE over TCP
    advertise: tuple[str, ...] = ()
    full_percent: Annotated[int, Meta(ge=1, le=1000)] = 85
    media_memory_mib: Annotated[int, Meta(ge=1, le=65536)] = 64
    ring_packets: Annotated[int, Meta(ge=16, le=4096)] = 512
    ring_milliseconds: Annotated[int, Meta(ge=50, le=5000)] = 1000
    replay_seconds: Annotated[int, Meta(ge=0, le=300)] = 20
    user: Annotated[int, Meta(ge=1, le=4_294_967_294)] = 61234


class Turn(_Section, frozen=True):
    urls: Annotated[tuple[str, ...], Meta(max_length=8)] = ()
    secret: str = ""  # a file
    credential_seconds: Annotated[int, Meta(ge=60, le=86_400)] = 21_600


class Guarantee(_Section, frozen=True):
    minimum_level: Literal["full", "reduced", "none"] = "full"
    host_firewall: Literal["off", "try", "require"] = "off"
    signing_key: Annotated[str, Meta(min_length=1)] = "offrecord-signing.pem"


class Rooms(_Section, frozen=True):
    auto_create: bool = True
    max_participants: Annotated[int, Meta(ge=1, le=10_000)] = 500
    empty_timeout_seconds: Annotated[int, Meta(ge=0, le=86_400)] = 300
    departure_timeout_seconds: Annotated[int, Meta(ge=0, le=86_400)] = 20
    loudest_voices: Annotated[int, Meta(ge=0, le=255)] = 10
    resume_timeout_seconds: Annotated[int, Meta(ge=0, le=300)] = 20
    require_encryption: tuple[Annotated[str, Meta(min_length=1, max_length=256)], ...] = ()
    lobby: tuple[Annotated[str, Meta(min_length=1, max_length=256)], ...] = ()
    screen_share: Literal["everybody", "moderators"] = "everybody"
    simulate: bool = False


class Guests(_Section, frozen=True):
    enabled: bool = False
    passcode: str = ""
    moderator_passcode: str = ""
    ask_age: bool = False
    per_minute: Annotated[int, Meta(ge=1, le=10_000)] = 30

    def __repr__(self) -> str:
        """The passcodes never print."""
        return f"<Guests enabled={self.enabled}>"


class Metadata(_Section, frozen=True):
    url: str = "sqlite:///offrecord.db"
    session_days: Annotated[int, Meta(ge=1, le=3650)] = 30
    details: bool = True
    addresses: Literal["drop", "pseudonym", "truncate"] = "drop"
    address_key_hours: Annotated[int, Meta(ge=1, le=168)] = 24
    detail_days: Annotated[int, Meta(ge=1, le=3650)] = 7
    operation_days: Annotated[int, Meta(ge=1, le=3650)] = 395
    access_log: Annotated[str, Meta(min_length=1)] = "offrecord-access"
    access_days: Annotated[int, Meta(ge=1, le=3650)] = 365

    def __repr__(self) -> str:
        """The address may hold a password, which never prints."""
        return f"<Metadata session_days={self.session_days} operation_days={self.operation_days}>"


class Metrics(_Section, frozen=True):
    host: str = "127.0.0.1"
    port: Port = 0  # 0: none are served


class Webhooks(_Section, frozen=True):
    urls: Annotated[tuple[str, ...], Meta(max_length=8)] = ()
    api_key: str = ""
    certificate_authority: str = ""
    request_seconds: Annotated[int, Meta(ge=1, le=60)] = 10
    give_up_minutes: Annotated[int, Meta(ge=1, le=10_080)] = 60

    def __repr__(self) -> str:
        """An address may hold a secret of whoever is behind it, which never prints."""
        return f"<Webhooks to {len(self.urls)} addresses>"


class Log(_Section, frozen=True):
    format: Literal["text", "json"] = "text"


class Console(_Section, frozen=True):
    operators: Annotated[str, Meta(min_length=1)] = "offrecord-operators"
    host: str = "127.0.0.1"
    port: Port = 0  # 0: no listener of its own
    public: bool = False
    url: str = ""
    passwords: bool = True
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = ""  # a file; "": a public client, with PKCE alone
    oidc_claim: Annotated[str, Meta(min_length=1, max_length=64)] = "email"


class PrivacyPolicy(_Section, frozen=True):
    file: str = ""  # "": none is published


class Config(_Section, frozen=True):
    """Everything an operator can set."""

    http: Http = Http()
    relay: Relay = Relay()
    turn: Turn = Turn()
    guarantee: Guarantee = Guarantee()
    rooms: Rooms = Rooms()
    guests: Guests = Guests()
    metadata: Metadata = Metadata()
    policy: PrivacyPolicy = PrivacyPolicy()
    console: Console = Console()
    metrics: Metrics = Metrics()
    webhooks: Webhooks = Webhooks()
    log: Log = Log()
    sites: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    keys: dict[str, str] = msgspec.field(default_factory=dict)

    def __repr__(self) -> str:
        """Keys and passcodes never print."""
        return f"<Config of {len(self.keys)} keys>"


def parse(text: str) -> Config:
    """Reads TOML. Raises ConfigError naming the key."""
    try:
        return msgspec.convert(tomllib.loads(text), Config)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"the configuration is not TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise ConfigError(f"the configuration is wrong: {error}") from error


def load(path: Path | None) -> Config:
    """The file given, else `./config.toml` where there is one, else the defaults."""
    if path is None:
        path = Path("config.toml")
        if not path.exists():
            return Config()
    try:
        return parse(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error


def relay_count(config: Config) -> int:
    """One relay per core unless a number is set."""
    return config.relay.relays or os.cpu_count() or 1


def replay_seconds(config: Config) -> int:
    """How long relays keep data messages: not at all where nobody who lost the connection is waited for."""
    return config.relay.replay_seconds if config.rooms.resume_timeout_seconds else 0
