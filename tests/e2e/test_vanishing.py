"""A client that falls silent without a word is noticed, removed for the others, and recorded as lost."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from typing import Any

import pytest
from livekit import rtc

from tests.e2e.browser import eventually
from tests.e2e.desktop import desktop
from tests.e2e.serving import COMMAND, ROOT, WHO, Server

pytestmark = pytest.mark.waits

ROOM = "garden"
NOTICED_SECONDS = 60.0


async def logged(server: Server) -> dict[str, dict[str, Any]]:
    words = [str(COMMAND), "logs", *WHO, "--room", ROOM, "--since", "1h", "--json"]
    listing = await asyncio.to_thread(
        subprocess.run, words, cwd=server.directory, capture_output=True, text=True, check=True
    )
    entries = [json.loads(line) for line in listing.stdout.splitlines()]
    return {entry["identity"]: entry for entry in entries}


async def test_a_frozen_client_is_removed(server: Server) -> None:
    stranger = subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.stranger", server.ws_url, server.token(ROOM, "stranger")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert stranger.stdout is not None
        assert (await asyncio.to_thread(stranger.stdout.readline)).strip() == b"in"
        async with desktop(server.ws_url, server.token(ROOM, "desk")) as desk:
            gone: list[str] = []

            @desk.room.on("participant_disconnected")
            def _(participant: rtc.RemoteParticipant) -> None:
                gone.append(participant.identity)

            async def seen() -> int:
                return desk.frames.get("stranger", 0)

            async def left() -> list[str]:
                return gone

            await eventually(seen, lambda frames: frames >= 5)
            stranger.send_signal(signal.SIGSTOP)
            await eventually(left, lambda names: names == ["stranger"], NOTICED_SECONDS)
            sessions = await eventually(
                lambda: logged(server), lambda entries: entries["stranger"]["left_at"] is not None
            )
            assert sessions["stranger"]["reason"] == "connection_lost"
            assert sessions["desk"]["left_at"] is None
    finally:
        stranger.kill()
        stranger.wait()
        if stranger.stdout is not None:
            stranger.stdout.close()
