"""Where only TLS on port 443 gets through, people meet: page and TURN share it, by the name asked for."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import Browser

from server.lan import certificate_for
from tests.e2e import proxied
from tests.e2e.behind_a_wall import BROWSERS, SERVERS, Wall, wall
from tests.e2e.browser import Participant, chromium, eventually, join
from tests.e2e.coturn import SECRET, coturn
from tests.e2e.serving import COMMAND, ROOT, Server, serving
from tests.e2e.test_over_turn import relayed_by
from tests.private_network import needs_root

pytestmark = [needs_root, pytest.mark.timeout(240)]
SHIPPED = ROOT / "deploy" / "nginx-443.conf"
STREAM = Path("/usr/lib/nginx/modules/ngx_stream_module.so")
CONFIG = """
[http]
host = "127.0.0.1"
public_url = "https://meet.example"
trusted_proxies = ["127.0.0.1"]
[relay]
relays = 1
ipv4_host = "127.0.0.1"
ipv6_host = ""
advertise = ["127.0.0.1"]
[turn]
urls = ["turns:turn.example:443?transport=tcp"]
secret = "{secret}"
[guests]
enabled = true
per_minute = 3
[keys]
devkey = "a secret of more than thirty-two bytes"
"""
FLAGS = (
    f"--host-resolver-rules=MAP meet.example {SERVERS},MAP turn.example {SERVERS}",
    "--ignore-certificate-errors",  # the test's certificate is its own
)


@dataclass
class Place:
    wall: Wall
    server: Server
    nginx: Path


def _replaced(text: str, *pairs: tuple[str, str]) -> str:
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def as_shipped(text: str) -> str:
    return text


@asynccontextmanager
async def place(directory: Path, change: Callable[[str], str] = as_shipped) -> AsyncIterator[Place]:
    """`change` is made to the configuration that is shipped."""
    assert STREAM.exists(), "libnginx-mod-stream is not installed; scripts/debian.sh installs it where it can"
    secret, nginx = directory / "secret", directory / "nginx"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    nginx.mkdir()
    (directory / "config.toml").write_text(CONFIG.format(secret=secret))
    files = certificate_for(["127.0.0.1"], nginx / "certs")
    words = [str(COMMAND), "serve", "--http-port", "{http}", "--udp-port", "{udp}"]
    with wall(443) as between:
        async with serving(directory, installed=words) as server, coturn(directory) as turn:
            https = "listen 127.0.0.1:8443 ssl proxy_protocol;"
            real = "set_real_ip_from 127.0.0.1; real_ip_header proxy_protocol;"
            (nginx / "offrecord.conf").write_text(
                _replaced(
                    proxied.SHIPPED.read_text(),
                    ("listen 443 ssl;", f"{https} {real}"),
                    ("/etc/ssl/meet.example/chain.pem", str(files.certificate)),
                    ("/etc/ssl/meet.example/key.pem", str(files.key)),
                    ("http://127.0.0.1:7880", server.url),
                )
            )
            shared = _replaced(change(SHIPPED.read_text()), ("127.0.0.1:5349", f"127.0.0.1:{turn.tls_port}"))
            (nginx / "offrecord-443.conf").write_text(shared)
            around = proxied.AROUND.format(directory=nginx)
            around = f"load_module {STREAM};\n{around}include {nginx}/offrecord-443.conf;\n"
            (nginx / "nginx.conf").write_text(around)
            async with proxied.started(nginx):
                made = Place(between, server, nginx)
                await eventually(_listens, bool)
                yield made


async def _listens() -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", 443)) == 0


@asynccontextmanager
async def outside(between: Wall) -> AsyncIterator[Browser]:
    """A browser on the other side of the wall."""
    with between.outside():
        started = chromium(*FLAGS)
        browser = await started.__aenter__()
    try:
        yield browser
    finally:
        await started.__aexit__(None, None, None)


async def test_people_meet_through_the_one_port(tmp_path: Path) -> None:
    async with place(tmp_path) as here, outside(here.wall) as browser:
        people: list[Participant] = []
        for name in ("Ada", "Ben"):
            people.append(await join(browser, "https://meet.example", name, "garden"))
        ada, ben = people
        await asyncio.gather(ada.sees(1), ada.hears(1), ben.sees(1), ben.hears(1))
        assert await relayed_by(ada) == await relayed_by(ben) == {("relay", "tls")}
        await ada.leave()
        await ben.leave()
    assert BROWSERS.encode() not in proxied.written_below(here.nginx)


def _trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def _token() -> int:
    """Status of asking for a token, from the network that this thread is in."""
    asked = {"json": {"room": "garden", "name": "Ada"}, "headers": {"Host": "meet.example"}}
    secured = {"ssl": _trusting(), "server_hostname": "meet.example"}
    async with aiohttp.ClientSession() as http:
        made = http.post(f"https://{SERVERS}/api/guest-token", **asked, **secured)  # type: ignore[arg-type]
        async with made as answer:
            return answer.status


async def test_the_server_learns_the_clients_own_address(tmp_path: Path) -> None:
    """Three tokens a minute are given out to an address."""
    async with place(tmp_path) as here:
        with here.wall.outside():
            assert [await _token() for _ in range(4)] == [200, 200, 200, 429]
        assert await _token() == 200


async def _ask_for(name: str | None, here: Place) -> None:
    with here.wall.outside():
        plain = socket.create_connection((SERVERS, 443), timeout=10)
    with plain:
        await asyncio.to_thread(_trusting().wrap_socket, plain, server_hostname=name)


@pytest.mark.parametrize("name", ["another.example", None])
async def test_another_name_leads_nowhere(name: str | None, tmp_path: Path) -> None:
    async with place(tmp_path) as here:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await _ask_for(name, here)
    assert BROWSERS.encode() not in proxied.written_below(here.nginx)


async def test_with_its_usual_log_who_asked_would_be_written(tmp_path: Path) -> None:
    """So the test above looks where nginx writes."""

    def logging(shipped: str) -> str:
        assert "    error_log /dev/null;\n" in shipped
        return shipped.replace("    error_log /dev/null;\n", "")

    async with place(tmp_path, logging) as here:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await _ask_for("another.example", here)

        async def written() -> bytes:
            return proxied.written_below(here.nginx)

        await eventually(written, lambda found: BROWSERS.encode() in found)
