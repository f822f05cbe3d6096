"""The TURN servers of the configuration."""

from __future__ import annotations

import re

from server import secret_file
from server.config import Config, ConfigError, Turn
from server.room.ice_servers import TurnServers

_URL = re.compile(
    r"turns?:(\[[0-9A-Fa-f:.]{2,45}\]|[0-9A-Za-z.-]{1,253})(:[0-9]{1,5})?(\?transport=(udp|tcp))?"
)


def check(turn: Turn) -> None:
    """Raises ConfigError for what no client could use, or nothing would read."""
    for url in turn.urls:
        if not _URL.fullmatch(url):
            raise ConfigError(
                f"turn.urls: {url!r} is no TURN server: write turn:turn.example:3478?transport=udp, or "
                "turns: for TLS (RFC 7065)"
            )
    if turn.urls and not turn.secret:
        raise ConfigError("turn.urls is set but turn.secret is not: no client would be let in; set both")
    if not turn.urls and turn != Turn():
        raise ConfigError("turn.urls is empty: nothing else of [turn] is read; set it or remove the rest")


def configured(config: Config) -> TurnServers:
    """What clients are told. Raises OperatorError where the secret cannot be read."""
    turn = config.turn
    if not turn.urls:
        return TurnServers()
    secret = secret_file.read(turn.secret, "turn.secret")
    return TurnServers(turn.urls, secret, turn.credential_seconds)
