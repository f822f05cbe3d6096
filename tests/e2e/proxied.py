"""A server behind nginx with the configuration of deploy/nginx.conf, each on free ports of loopback."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from server.lan import certificate_for
from tests.e2e.browser import eventually
from tests.e2e.serving import COMMAND, ROOT, Server, free_tcp_port, serving

SHIPPED = ROOT / "deploy" / "nginx.conf"
# Logs are on, as in Debian's own nginx.conf: what is included has to switch them off.
AROUND = """
daemon off;
pid {directory}/pid;
error_log {directory}/error.log info;
events {{ worker_connections 512; }}
http {{
    access_log {directory}/access.log;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    include {directory}/offrecord.conf;
}}
"""
CONFIG = """
[http]
host = "127.0.0.1"
public_url = "https://127.0.0.1:{port}"
trusted_proxies = ["127.0.0.1"]
[relay]
ipv4_host = "127.0.0.1"
ipv6_host = ""
advertise = ["127.0.0.1"]
[guests]
enabled = true
per_minute = 3
[keys]
devkey = "{secret}"
"""
KEY_SECRET = "a secret of more than thirty-two bytes"


@dataclass
class Proxied:
    """`url` is where clients come in; `server` is behind it."""

    url: str
    server: Server
    directory: Path
    """Everything that nginx writes is below it."""
    trusted: ssl.SSLContext

    def written(self) -> bytes:
        return written_below(self.directory)


def written_below(directory: Path) -> bytes:
    """All of what nginx has written, but for its configuration and the certificate."""
    ours = {"nginx.conf", "offrecord.conf", "offrecord-443.conf", "certs"}
    found = [path for path in directory.rglob("*") if not ours & set(path.parts)]
    return b"\n".join(path.read_bytes() for path in found if path.is_file())


def program() -> str:
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if found is None:
        pytest.fail("nginx is not installed; scripts/debian.sh installs it where it can")
    return found


@contextlib.asynccontextmanager
async def behind_nginx(
    directory: Path, change: Callable[[str], str] = lambda shipped: shipped
) -> AsyncIterator[Proxied]:
    """`change` is made to the configuration that is shipped, before names and ports are put into it."""
    nginx = directory / "nginx"
    nginx.mkdir()
    port, plain = free_tcp_port(), free_tcp_port()
    (directory / "config.toml").write_text(CONFIG.format(port=port, secret=KEY_SECRET))
    words = [str(COMMAND), "serve", "--http-port", "{http}", "--udp-port", "{udp}"]
    async with serving(directory, installed=words) as server:
        files = certificate_for(["127.0.0.1"], nginx / "certs")
        text = change(SHIPPED.read_text())
        for old, new in (
            ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
            ("listen 80;", f"listen 127.0.0.1:{plain};"),
            ("/etc/ssl/meet.example/chain.pem", str(files.certificate)),
            ("/etc/ssl/meet.example/key.pem", str(files.key)),
            ("http://127.0.0.1:7880", server.url),
        ):
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        (nginx / "offrecord.conf").write_text(text)
        (nginx / "nginx.conf").write_text(AROUND.format(directory=nginx))
        trusted = ssl.create_default_context(cafile=str(files.certificate))
        async with started(nginx):
            proxied = Proxied(f"https://127.0.0.1:{port}", server, nginx, trusted)
            await eventually(lambda: _answers(proxied), bool)
            yield proxied


@contextlib.asynccontextmanager
async def started(nginx: Path) -> AsyncIterator[subprocess.Popen[bytes]]:
    """nginx with the `nginx.conf` of a directory, below which it writes."""
    with (nginx / "said").open("wb") as said:
        process = subprocess.Popen(
            [program(), "-p", str(nginx), "-c", str(nginx / "nginx.conf"), "-g", _user()],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 10)


def _user() -> str:
    """Workers that root starts stay root, for a directory of the test's own."""
    return "user root;" if os.geteuid() == 0 else ""


async def _answers(proxied: Proxied) -> bool:
    with contextlib.suppress(aiohttp.ClientError):
        async with (
            aiohttp.ClientSession() as http,
            http.get(proxied.url, ssl=proxied.trusted) as answer,
        ):
            return answer.status == 200
    return False
