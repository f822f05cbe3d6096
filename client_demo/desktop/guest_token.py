"""Asks the server for a guest's token: `POST /api/guest-token {room, name, policy?, passcode?,
old_enough?}`."""

from __future__ import annotations

from dataclasses import dataclass

import aiohttp

from client_demo.desktop.fetching import Answer, UnreachableError, fetch
from client_demo.desktop.server_address import ServerAddress

SECONDS = 10.0
LONGEST_MESSAGE = 300


@dataclass(frozen=True, slots=True)
class Guest:
    """Who wants to join what. `policy` is the version of the privacy policy that was shown, "" if none was;
    `old_enough`: 13 or older, or a parent agreed."""

    room: str
    name: str
    passcode: str = ""
    policy: str = ""
    old_enough: bool = False


@dataclass(frozen=True, slots=True)
class Admitted:
    """`url` is where the server says calls are, "" where it was asked."""

    url: str
    token: str


@dataclass(frozen=True, slots=True)
class Refused:
    """`message` is for the person. The rest says what would help: a passcode, the box about the age, or
    having seen that version of the privacy policy."""

    message: str
    asks_passcode: bool = False
    asks_age: bool = False
    asks_policy: str = ""


async def ask_for_token(
    session: aiohttp.ClientSession, server: ServerAddress, guest: Guest
) -> Admitted | Refused:
    """Never raises: whatever goes wrong is an answer with a sentence for the person who waits."""
    wanted: dict[str, object] = {"room": guest.room, "name": guest.name}
    if guest.policy:
        wanted["policy"] = guest.policy
    if guest.passcode:
        wanted["passcode"] = guest.passcode
    if guest.old_enough:
        wanted["old_enough"] = True
    try:
        answer = await fetch(session, "POST", server / "api/guest-token", seconds=SECONDS, content=wanted)
    except UnreachableError:
        return Refused("The server cannot be reached. Check its address and your connection, and try again.")
    return understand(answer, gave_passcode=bool(guest.passcode))


def understand(answer: Answer, *, gave_passcode: bool) -> Admitted | Refused:
    """Reads an answer."""
    fields = answer.body if isinstance(answer.body, dict) else {}
    if answer.is_fine:
        url, token = fields.get("url", ""), fields.get("token")
        if isinstance(url, str) and isinstance(token, str) and token:
            return Admitted(url, token)
        return Refused("The server gave an answer that this application does not understand.")
    version = fields.get("policy")
    if answer.status == 409 and fields.get("policy_changed") is True and isinstance(version, str) and version:
        return Refused("This server wants its privacy policy read first.", asks_policy=version)
    if answer.status in {401, 403} and fields.get("passcode_required") is True:
        wrong = "That passcode is not right." if gave_passcode else "This server asks guests for a passcode."
        return Refused(wrong, asks_passcode=True)
    if answer.status == 403 and fields.get("age_required") is True:
        return Refused("This server asks before you join: please tick the box about your age.", asks_age=True)
    told = fields.get("error")
    return Refused(told[:LONGEST_MESSAGE] if isinstance(told, str) and told else _fallback(answer.status))


def _fallback(status: int) -> str:
    if status in {403, 404}:
        return "This server does not admit guests."
    if status == 429:
        return "Too many people are joining at once. Wait a minute and try again."
    if status >= 500:
        return "The server has a problem. Try again in a moment."
    return f"The server refused ({status})."
