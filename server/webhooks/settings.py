"""Whether `[webhooks]` can be used. PURE."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from server.config import Config, ConfigError, Webhooks


def check(config: Config) -> None:
    """Raises ConfigError for what could not be sent, would be ignored, or would go over a network in the
    clear. No message quotes an address: it may hold a secret."""
    settings = config.webhooks
    if not settings.urls:
        for name in ("api_key", "certificate_authority", "request_seconds", "give_up_minutes"):
            if getattr(settings, name) != getattr(Webhooks(), name):
                raise ConfigError(f"webhooks.{name} is set but webhooks.urls is empty: nobody would be told")
        return
    if not settings.api_key:
        raise ConfigError("webhooks.urls is set but webhooks.api_key is not: name the key that signs them")
    if settings.api_key not in config.keys:
        raise ConfigError("webhooks.api_key names no key of [keys]: nobody could verify what it signs")
    for number, url in enumerate(settings.urls, start=1):
        if not _is_usable(url):
            raise ConfigError(
                f"entry {number} of webhooks.urls must be an address such as https://app.example/hook, "
                "without a user; http only to this machine or a private address"
            )
    if settings.certificate_authority and all(urlsplit(url).scheme == "http" for url in settings.urls):
        raise ConfigError(
            "webhooks.certificate_authority is set but no entry of webhooks.urls is https: "
            "nothing would read it"
        )
    if len(set(settings.urls)) != len(settings.urls):
        raise ConfigError("webhooks.urls names an address twice: it would be told everything twice")


def _is_usable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        return (
            bool(host)
            and (parts.port is None or parts.port > 0)
            and "@" not in parts.netloc
            and not parts.fragment
            and url.isprintable()
            and not any(one.isspace() for one in url)
            and (parts.scheme == "https" or (parts.scheme == "http" and _is_near(host)))
        )
    except ValueError:  # a port that is no number, half an IPv6 address
        return False


def _is_near(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return False
