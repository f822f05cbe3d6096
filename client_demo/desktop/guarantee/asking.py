"""Asks the server for its guarantee again and again, each time with a fresh nonce, and checks what it
signed."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable

import aiohttp

from client_demo.desktop.fetching import Answer, UnreachableError, fetch
from client_demo.desktop.guarantee.reading import Answered, Failed, Failure, Reading, is_sound, reading_of
from client_demo.desktop.guarantee.signed import Checked, Question, Verdict, check_signed
from client_demo.desktop.server_address import ServerAddress

EVERY_SECONDS = 10.0
IN_DOUBT_SECONDS = 3.0
"""While something is wrong: what comes back should not look broken for long."""
TIMEOUT_SECONDS = 8.0
CLOCK_LEEWAY_SECONDS = 3600.0
"""The fresh nonce shows that the answer is new. The clock is there for a server or a device that is hours
off."""


class Asker:
    """The questions to one server, and what is remembered between them: its keys, and the one seen first, for
    as long as a call lasts."""

    def __init__(self, session: aiohttp.ClientSession, server: ServerAddress, token: str = "") -> None:
        self._session = session
        self._server = server
        self._token = token
        self._pinned = ""
        self._jwks: object = None

    async def ask(self) -> Answered | Failed:
        """One question. Never raises."""
        nonce = secrets.token_urlsafe(16)
        in_call = bool(self._token)
        try:
            answer = await self._fetch("guarantee", self._token, {"nonce": nonce})
            if answer.status in {401, 403} and in_call:
                # A token that has expired still was that of the call, but tells no room any more.
                self._token = ""
                return await self.ask()
            jws = answer.body.get("jws") if isinstance(answer.body, dict) else None
            checked = self._checked(jws, nonce)
            if checked.verdict is Verdict.UNKNOWN_KEY:
                # The server may have been given another key since.
                self._jwks = (await self._fetch(".well-known/jwks.json", "", {})).body
                checked = self._checked(jws, nonce)
        except UnreachableError:
            return Failed(Failure.UNREACHABLE, time.monotonic())
        reading = reading_of(checked, pinned=self._pinned, in_call=in_call, at=time.monotonic())
        if isinstance(reading, Answered):
            self._pinned = reading.kid
        return reading

    def _checked(self, jws: object, nonce: str) -> Checked:
        return check_signed(jws, self._jwks, Question(nonce, time.time(), CLOCK_LEEWAY_SECONDS))

    async def _fetch(self, path: str, token: str, params: dict[str, str]) -> Answer:
        answer = await fetch(
            self._session, "GET", self._server / path, seconds=TIMEOUT_SECONDS, token=token, params=params
        )
        if not answer.is_fine and answer.status not in {401, 403}:
            raise UnreachableError
        return answer


async def watch(asker: Asker, tell: Callable[[Reading], None]) -> None:
    """Asks now, and a while after each answer, until it is cancelled."""
    while True:
        reading = await asker.ask()
        tell(reading)
        await asyncio.sleep(EVERY_SECONDS if is_sound(reading) else IN_DOUBT_SECONDS)
