"""`http.public_url`: an address that can be told to clients, or a refusal to start."""

from __future__ import annotations

from pathlib import Path

import pytest

from server import public_url
from server.cli import serve_options
from server.config import ConfigError, parse

KEYS = f'[keys]\nname = "{"s" * 32}"\n'


@pytest.mark.parametrize(
    ("url", "signaling", "pages"),
    [
        ("wss://meet.example", "wss://meet.example", "https://meet.example/"),
        ("https://meet.example:8443/", "wss://meet.example:8443", "https://meet.example:8443/"),
        ("http://[2001:db8::1]:80/calls/", "ws://[2001:db8::1]:80/calls", "http://[2001:db8::1]:80/calls/"),
        ("ws://inside", "ws://inside", "http://inside/"),
    ],
)
def test_one_address_serves_pages_and_sdks(url: str, signaling: str, pages: str) -> None:
    public_url.check(url)
    assert public_url.for_signaling(url) == signaling
    assert public_url.for_pages(url) == pages


@pytest.mark.parametrize(
    "url",
    [
        "meet.example",
        "ftp://meet.example",
        "https://",
        "https://:443",
        "https://user:word@meet.example",
        "https://meet.example?room=1",
        "https://meet.example#room",
        "https://meet.example:port",
        "https://meet.example:99999",
        "https://[2001:db8::1",
        "https://meet .example",
        "https://meet.example/\n",
        "javascript:alert(1)",
    ],
)
def test_what_is_no_address_refuses_to_start(url: str) -> None:
    with pytest.raises(ConfigError, match=r"http\.public_url"):
        public_url.check(url)


def test_the_address_is_announced_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    def options(url: str, *, dev: bool = False) -> tuple[str, ...]:
        config = parse(f'[http]\npublic_url = "{url}"\n{KEYS}')
        made = serve_options(config, dev=dev, lan=False, http_port=None, udp_port=None, directory=tmp_path)
        assert made.config.http.public_url == ("" if dev else url)
        return made.addresses_to_print

    assert options("wss://meet.example") == ("https://meet.example/",)
    assert options("wss://meet.example", dev=True) == (), "development tells its own address"
    with pytest.raises(ConfigError, match=r"http\.public_url"):
        options("meet.example")
