"""A whole server with calls and attempts: nothing is left of what anybody said, sent or is called."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from pathlib import Path

import aiohttp
import jwt
import pytest
from livekit import rtc
from playwright.async_api import Browser, Page

from tests.e2e.browser import join
from tests.e2e.desktop import HEIGHT, RATE, WIDTH, Desktop, desktop, move
from tests.e2e.serving import COMMAND, KEY, SECRET, WHO, Server, free_tcp_port, serving
from tests.e2e.test_client_chat import write
from tests.personal import Personal, Personals
from tests.thrown_requests import Thrower
from tests.unit.whole_server import whole_server

pytestmark = pytest.mark.waits

CYRILLIC = "абвгдежзиклмнопрст"  # of which no identity of a guest is made
DESCRIPTIONS = """
() => window.peersOfThisPage.flatMap((peer) => [peer.localDescription, peer.remoteDescription])
  .filter((one) => one).map((one) => one.sdp)
"""


def token_of(personals: Personals, room: str, identity: str) -> str:
    """As an application's own back end would make it, with all that it knows of somebody."""
    claims = {
        "iss": KEY,
        "sub": identity,
        "exp": 32_503_680_000,
        "name": personals.at(f"{identity}: name", "name").text,
        "metadata": personals.at(f"{identity}: metadata", "mail").text,
        "attributes": {"phone": personals.at(f"{identity}: attribute", "phone").text},
        "video": {"room": room, "roomJoin": True, "canUpdateOwnMetadata": True},
    }
    return jwt.encode(claims, SECRET, algorithm="HS256")


async def say_everything(desk: Desktop, personals: Personals) -> None:
    """What a desktop app can say through its SDK."""
    me, at = desk.room.local_participant, personals.at
    await me.set_name(at("a name of one's own").text)
    await me.set_metadata(at("metadata of one's own").text)
    await me.set_attributes({"note": at("an attribute of one's own").text})
    await me.publish_data(at("data", "vp8").raw, topic=at("topic of data").text, reliable=True)
    await me.publish_data(at("lossy data", "opus").raw, topic=at("topic of lossy data").text, reliable=False)
    await me.send_text(at("a text").text, topic=at("topic of a text").text)
    await me.stream_bytes(at("name of a file", "name").text)
    video = rtc.VideoSource(WIDTH, HEIGHT)
    desk.start(move(video, WIDTH, HEIGHT, RATE))
    track = rtc.LocalVideoTrack.create_video_track(at("name of a track").text, video)
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_SCREENSHARE, stream=at("a stream").text)
    await me.publish_track(track, options)


def secrets_of(descriptions: list[str]) -> dict[str, Personal]:
    """Fingerprints, passwords and names of streams in what a page and the server told each other."""
    found: dict[str, Personal] = {}
    for line in "\n".join(descriptions).splitlines():
        secret = re.match(r"a=(?:ice-pwd:|msid:\S+ |fingerprint:sha-256 )(\S{16,})", line.strip())
        if secret:
            kind = line.partition(":")[0]
            found[f"{kind} {secret[1]}"] = Personal(kind, secret[1], b"", (secret[1].encode(),))
    return found


async def printed(server: Server, *words: str) -> bytes:
    done = await asyncio.to_thread(
        subprocess.run, [str(COMMAND), *words], cwd=server.directory, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


async def told(server: Server, metrics: str) -> dict[str, bytes]:
    """By everything that answers monitors and operators."""
    kept = {}
    async with aiohttp.ClientSession() as http:
        for url in (server.url + "/healthz", server.url + "/readyz", metrics):
            kept[url] = await (await http.get(url)).read()
    for command in ("logs", "rooms", "participants", "stats"):
        kept[command] = await printed(server, command, "--json", *WHO)
    kept["events"] = await printed(server, "logs", "--events", "--json", *WHO)
    await printed(server, "backup", "copy.db", *WHO)
    return kept


async def chat(page: Page, text: str) -> None:
    await page.get_by_test_id("chat-button").click()
    await write(page, text)


async def test_of_calls_and_attempts_the_rooms_and_identities_are_left(
    tmp_path: Path, browser: Browser
) -> None:
    personals = Personals(seed=5)
    port = free_tcp_port()
    (tmp_path / "config.toml").write_text(
        f'[metrics]\nport = {port}\n[log]\nformat = "json"\n[metadata]\naddresses = "pseudonym"\n'
    )
    guest = "".join(personals.draw.choices(CYRILLIC, k=12))
    personals.thrown["name of a guest"] = Personal("name", guest, b"", (guest.encode(),))
    (tmp_path / "listing").mkdir()
    async with whole_server(tmp_path / "listing", f'[keys]\n{KEY} = "{"s" * 32}"\n') as listing:
        routes = listing.routes
    async with serving(tmp_path) as server:
        ada = await join(browser, server.url, guest, "garden")
        async with desktop(server.ws_url, token_of(personals, "garden", "desk")) as desk:
            await desk.publish()
            await asyncio.gather(ada.sees(1), ada.hears(1))
            await chat(ada.page, personals.at("a line of the chat").text)
            await say_everything(desk, personals)
            await ada.sees(2)
            descriptions: list[str] = await ada.page.evaluate(DESCRIPTIONS)
            personals.thrown |= secrets_of(descriptions)
        await ada.leave()
        await Thrower(server.url, personals, KEY, SECRET).throw(routes)
        kept = await told(server, f"http://127.0.0.1:{port}/metrics")
    for path in tmp_path.rglob("*"):
        if path.is_file() and path.name != "config.toml" and "listing" not in path.parts:
            kept[str(path.relative_to(tmp_path))] = path.read_bytes()

    kinds = {personal.kind for personal in personals.thrown.values()}
    assert {"a=ice-pwd", "a=fingerprint", "a=msid"} <= kinds
    for place in ("offrecord.db", "copy.db", "events"):
        for word in (
            b"garden",
            b"desk",
            b"guest-",
            b"participant_address",
            b"track_published",
            b"screen_share",
        ):
            assert word in kept[place], (place, word)
    assert {json.loads(line)["identity"] for line in kept["logs"].splitlines()} >= {"desk", "ada"}
    assert personals.found_in(kept) == []
