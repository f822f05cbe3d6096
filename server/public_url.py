"""Where clients reach the server, as its operator says: `http.public_url`.

Behind a proxy that terminates TLS the server itself is asked in plain HTTP, and a header that says
otherwise could come from anybody.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from server.config import ConfigError

_SECURE = {"ws": False, "http": False, "wss": True, "https": True}


def check(url: str, setting: str = "http.public_url") -> None:
    """Raises ConfigError for what is no address of a server. "" is none, and good."""
    if not url:
        return
    try:
        parts = urlsplit(url)
        usable = (
            parts.scheme in _SECURE
            and bool(parts.hostname)
            and (parts.port is None or parts.port > 0)
            and "@" not in parts.netloc
            and not (parts.query or parts.fragment)
            and url.isprintable()
            and not any(one.isspace() for one in url)
        )
    except ValueError:  # a port that is no number, half an IPv6 address
        usable = False
    if not usable:
        raise ConfigError(
            f"{setting} must be the address that clients use, such as wss://meet.example or "
            "https://meet.example:8443, without a query or a user"
        )


def for_signaling(url: str) -> str:
    """The address SDKs are given."""
    return _with_scheme(url, "wss", "ws")


def for_pages(url: str) -> str:
    """The address a person opens."""
    return _with_scheme(url, "https", "http") + "/"


def _with_scheme(url: str, secure: str, plain: str) -> str:
    parts = urlsplit(url)
    scheme = secure if _SECURE[parts.scheme] else plain
    return parts._replace(scheme=scheme, path=parts.path.rstrip("/")).geturl()
