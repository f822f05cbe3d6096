"""`POST /api/guest-token`: a token for a person with a name, where the operator lets guests in.

    {"room": "…", "name": "…", "policy": "…"?, "passcode": "…"?, "old_enough": true?}
    -> 200 {"url": "wss://…", "token": "…", "encryption": "required" | "optional"}

`encryption` says whether the room takes only what is encrypted end to end; the key is never asked for here.
`policy` is the version of the privacy policy that the guest was shown, where one is published. Every refusal
is JSON with an `error` that says what to do. 409 has `policy_changed` and, as `policy`, the version to show;
`passcode_required` is true when a passcode is asked for or was wrong, `age_required` where `old_enough` is:
13 or older, or a parent agreed. None of these answers is kept. Another passcode makes a moderator.
"""

from __future__ import annotations

import hmac
import secrets
import unicodedata
from collections.abc import Callable

import msgspec
from aiohttp import web

from server.api.body import BodyTooLongError, read_body
from server.api.rate_limit import RateLimit
from server.auth.grants import Claims, VideoGrants
from server.auth.token import sign
from server.clock import Clock
from server.config import Guests
from server.network.origin import Origins
from server.public_url import for_signaling

MAX_BODY_BYTES = 4096
MAX_NAME_CHARACTERS = 64
TOKEN_SECONDS = 6 * 3600.0  # the default life of tokens made by LiveKit's own tools


class _Wanted(msgspec.Struct, frozen=True):
    room: str
    name: str
    policy: str = ""
    passcode: str = ""
    old_enough: bool = False


class GuestRoutes:
    """The handler. `key` is the name and the secret that guests' tokens are signed with, `public_url` where
    clients reach the server ("": where this one asked), `policy` tells the version that guests have to have
    seen ("": none is published), `takes_only_encrypted` whether a room of that name does."""

    def __init__(
        self,
        guests: Guests,
        key: tuple[str, str],
        clock: Clock,
        public_url: str,
        origins: Origins,
        *,
        policy: Callable[[], str],
        takes_only_encrypted: Callable[[str], bool],
    ) -> None:
        self._guests = guests
        self._key = key
        self._clock = clock
        self._public_url = public_url
        self._policy = policy
        self._takes_only_encrypted = takes_only_encrypted
        self._limit = RateLimit(guests.per_minute, origins)

    def routes(self) -> list[web.RouteDef]:
        """To be added to an application."""
        return [web.post("/api/guest-token", self.token)]

    async def token(self, request: web.Request) -> web.Response:
        """Makes a token, or says what to do."""
        now = self._clock.now()
        if not self._guests.enabled:
            return _error(403, "This server lets no guests in. Ask its operator for an access token.")
        if not self._limit.allows(request, now):
            return _error(429, "Too many attempts from your address. Wait a minute and try again.")
        try:
            body = await read_body(request.content, MAX_BODY_BYTES)
        except BodyTooLongError:
            return _error(413, "The request is too long.")
        except TimeoutError:
            return _error(408, "The request did not arrive in time. Try again.")
        try:
            wanted = msgspec.json.decode(body, type=_Wanted)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return _error(400, 'Send JSON with the texts "room" and "name".')
        room, name = clean(wanted.room), clean(wanted.name)
        if not room:
            return _error(400, "Choose a room name.")
        if not name:
            return _error(400, "Tell the others your name.")
        served = self._policy()
        if served and wanted.policy != served:
            changed = "The privacy policy is another than you were shown: read it, and join then."
            return _error(409, changed, policy_changed=True, policy=served)
        if self._guests.ask_age and not wanted.old_enough:
            return _error(403, "Say that you are 13 or older, or that a parent agreed.", age_required=True)
        moderates = _is(wanted.passcode, self._guests.moderator_passcode)
        is_asked = self._guests.passcode or (wanted.passcode and self._guests.moderator_passcode)
        if is_asked and not moderates:
            if not wanted.passcode:
                return _error(401, "This server asks guests for a passcode.", passcode_required=True)
            if not _is(wanted.passcode, self._guests.passcode):
                return _error(403, "The passcode is wrong.", passcode_required=True)
        claims = Claims(
            identity=f"{slug(name)}-{secrets.token_hex(4)}",
            name=name,
            grants=VideoGrants(room=room, room_join=True, room_admin=moderates),
            expires_at=now + TOKEN_SECONDS,
        )
        encryption = "required" if self._takes_only_encrypted(room) else "optional"
        token = sign(claims, *self._key, now)
        return _json(200, {"url": self._url(request), "token": token, "encryption": encryption})

    def _url(self, request: web.Request) -> str:
        if self._public_url:
            return for_signaling(self._public_url)
        return f"{'wss' if request.secure else 'ws'}://{request.host}"


def _is(given: str, passcode: str) -> bool:
    """Never where none is set."""
    return bool(passcode) and hmac.compare_digest(given.encode(), passcode.encode())


def clean(text: str) -> str:
    """One line without control, formatting or private characters, of bounded length."""
    shown = "".join(" " if one.isspace() else one for one in unicodedata.normalize("NFC", text))
    kept = "".join(one for one in shown if unicodedata.category(one)[0] != "C")
    return " ".join(kept.split())[:MAX_NAME_CHARACTERS].strip()


def slug(name: str) -> str:
    """The letters and digits of a name in ASCII, for an identity that can be typed; `guest` if none."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = "".join(one if one.isalnum() else " " for one in plain).split()
    return "-".join(words)[:32].strip("-") or "guest"


def _error(status: int, text: str, **more: object) -> web.Response:
    """`more` are further members of the answer, which say to a program what is asked for."""
    return _json(status, {"error": text, **more})


def _json(status: int, content: object) -> web.Response:
    return web.Response(
        status=status,
        body=msgspec.json.encode(content),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
