"""What is guaranteed right now, signed, for anybody who asks: `GET /guarantee?nonce=`.

    -> 200 application/json: the statement, with the JWS over the same content in `jws`
    Accept: application/jose, or format=jws -> 200 application/jose: the JWS alone
    Authorization: Bearer <join token> -> the statement also names the room's relay

Open to every origin: a participant's page, an auditor's script and a monitor read the same statement. The
name of a room may be a secret of those in it, so only a token for it makes a statement tell it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from aiohttp import web

from server.answers import HEADERS, answer, preflight, refusal
from server.auth.bearer import bearer
from server.auth.token import TokenError, verify
from server.guarantee.incidents import Incidents
from server.guarantee.observe import EvidenceSource, observe
from server.guarantee.sign import Signer
from server.guarantee.software import Software
from server.guarantee.statement import (
    LIFETIME_SECONDS,
    TYPE,
    VERSION,
    Circumstances,
    RoomBinding,
    statement,
)

_NONCE = re.compile(r"[A-Za-z0-9_-]{8,128}")
_NONCE_WANTED = "the nonce must be 8 to 128 characters of A-Z, a-z, 0-9, - and _"
_VARY = {"Vary": "Accept, Authorization"}
# Relative to the address of the server, which a proxy may have moved below a path.
ENDPOINTS = {"guarantee": "guarantee", "jwks": ".well-known/jwks.json"}


class SoftwareSource(Protocol):
    """Who has read the installed files."""

    async def software(self) -> Software:
        """As they were at the start, and whether they have changed since."""


@dataclass(frozen=True, slots=True)
class GuaranteeRoutes:
    """The handlers. `evidence` is asked at every request, `room` for the relay a room lives on; `keys` are
    secrets by API key, `clock` gives seconds since the epoch."""

    evidence: EvidenceSource
    software: SoftwareSource
    room: Callable[[str], RoomBinding]
    minimum_level: str
    keys: Mapping[str, str]
    signer: Signer
    incidents: Incidents = field(default_factory=Incidents)
    clock: Callable[[], float] = time.time
    started_at: float = field(default_factory=time.time)

    def routes(self) -> list[web.RouteDef]:
        """To be added to an application."""
        return [
            web.get("/guarantee", self.guarantee),
            web.options("/guarantee", preflight),
            web.get("/.well-known/jwks.json", self.jwks),
            web.get("/.well-known/offrecord", self.discovery),
        ]

    async def guarantee(self, request: web.Request) -> web.Response:
        """The statement of now."""
        nonces = request.query.getall("nonce", [])
        if len(nonces) > 1 or (nonces and not _NONCE.fullmatch(nonces[0])):
            return refusal(400, _NONCE_WANTED)
        wanted = request.query.get("format", "")
        if wanted not in {"", "json", "jws"}:
            return refusal(400, "format must be json or jws")
        now = self.clock()
        try:
            room = self._room(request.headers.get("Authorization", ""), now)
        except TokenError as error:
            return refusal(error.status, str(error))
        told = statement(
            observe(self.evidence, now),
            Circumstances(
                self.minimum_level,
                self.started_at,
                await self.software.software(),
                room,
                self.incidents.recent(now),
            ),
            nonces[0] if nonces else None,
            now,
        )
        jws = self.signer.sign(told, typ=TYPE)
        if wanted == "jws" or (not wanted and "application/jose" in request.headers.get("Accept", "")):
            return web.Response(text=jws, content_type="application/jose", headers={**HEADERS, **_VARY})
        return answer({**told, "jws": jws}, headers=_VARY)

    async def jwks(self, request: web.Request) -> web.Response:
        """The keys to check with (RFC 7517), retired ones included."""
        return answer(self.signer.jwks())

    async def discovery(self, request: web.Request) -> web.Response:
        """Where everything is, and in which version."""
        software = await self.software.software()
        about = {"version": VERSION, "type": TYPE, "lifetime_seconds": LIFETIME_SECONDS}
        return answer({"version": software.version, "statement": about, "endpoints": ENDPOINTS})

    def _room(self, authorization: str, now: float) -> RoomBinding | None:
        """None for who shows no token. Raises TokenError."""
        if not authorization:
            return None
        grants = verify(bearer(authorization), self.keys, now).grants
        if not (grants.room_join and grants.room):
            raise TokenError("the access token is for no room", status=403)
        return self.room(grants.room)
