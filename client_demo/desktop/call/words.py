"""What the state of a call is in plain words."""

from __future__ import annotations

import re

from livekit import rtc

NEEDS_ENCRYPTION = (
    "This room requires end-to-end encryption, and you joined without a key: nobody gets your sound, "
    "picture or messages, and you get none of theirs. Leave, and join with the key."
)
WAITING = "You are waiting at the door: a moderator has to let you in. Nothing of yours is sent until then."
INTERRUPTED = "The connection is interrupted. Trying to get it back…"
NOT_SENT = "This could not be sent. Your words are still here: try again once you are connected."

_CODE = "[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}"
_ALONE = re.compile(_CODE)
_REFUSAL = re.compile(rf"client error: \d+ [A-Za-z ]+ - (.*?)(?:\.? ?Support code: ({_CODE}))?$", re.DOTALL)
"""As the SDK tells what the server answered."""


def support_code(attributes: dict[str, str]) -> str:
    """Of whoever was let in: stands for one attempt to join in the operator's ledger. "" where there is
    none."""
    code = attributes.get("offrecord.support_code", "")
    return code if _ALONE.fullmatch(code) else ""


def join_failure(told: str) -> str:
    """Why joining failed, from what the SDK told. What the server said is shown where it refused."""
    refusal = _REFUSAL.search(told)
    if refusal is None:
        return "The call could not be set up: the server is out of reach, or a firewall keeps media out."
    code = f" Support code: {refusal[2]}." if refusal[2] else ""
    return f"The server did not let you in: {refusal[1][:200]}.{code}"


def is_encrypted(name: str) -> str:
    """Of somebody whose sound and video cannot be had here."""
    return f"{name} encrypts end to end, and you joined without a key: you cannot see or hear {name}."


def encryption(in_clear: bool) -> str:
    """Of a call that was joined with a key. `in_clear`: somebody sends what the server could read."""
    return "Not everybody encrypts end to end." if in_clear else "Encrypted end to end."


def end_of(reason: int) -> str:
    """Why a call ended; "" where it was the person's own choice."""
    return _ENDS.get(reason, "The connection to the server was lost")


_ENDS: dict[int, str] = {
    rtc.DisconnectReason.CLIENT_INITIATED: "",
    rtc.DisconnectReason.DUPLICATE_IDENTITY: "You joined from somewhere else, so the call ended here",
    rtc.DisconnectReason.SERVER_SHUTDOWN: "The server is shutting down",
    rtc.DisconnectReason.PARTICIPANT_REMOVED: "A moderator or an operator removed you from the room",
    rtc.DisconnectReason.USER_REJECTED: "A moderator did not let you in",
    rtc.DisconnectReason.USER_UNAVAILABLE: "Nobody was there to let you in",
    rtc.DisconnectReason.ROOM_DELETED: "The room was closed",
    rtc.DisconnectReason.ROOM_CLOSED: "The room was closed",
    rtc.DisconnectReason.JOIN_FAILURE: "Sound and video could not reach the server",
    rtc.DisconnectReason.CONNECTION_TIMEOUT: "Sound and video could not reach the server",
    rtc.DisconnectReason.MEDIA_FAILURE: "Sound and video could not reach the server",
}
