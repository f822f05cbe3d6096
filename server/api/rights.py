"""What people do with the rows of the ledger about them, beside seeing them (`receipt`).

    PATCH /api/receipt   {"name": "…"}   all rows get another name -> {"correction": {…}, "jws", "token"}
    POST /api/receipt/objection          details go, and no more are written -> {"objection": {…}, "jws"}
    DELETE /api/receipt                  all rows go               -> {"erasure": {…}, "jws"}

    Authorization: Bearer <the token that was joined with, or the receipt's own token>

What is done is signed with the key of the guarantee statement (RFC 7515, EdDSA). Correcting and erasing reach
the rows of sessions that are over: a session that goes on is not torn. A name that somebody chose is marked
with `~` before it, and is no name that is kept already: nobody writes somebody else's into the record.
`token` opens the rows under their new name. That a request was answered is kept, without whose it was.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import msgspec
from aiohttp import web

from server.answers import answer, preflight, refusal
from server.api.body import BodyTooLongError, read_body
from server.api.guests import clean
from server.api.rate_limit import RateLimit
from server.api.refusals import TOO_LATE, TOO_LONG, UNREADABLE, WRITING, Code, denied
from server.api.subject import SubjectTokens
from server.auth.bearer import Member
from server.auth.token import TokenError
from server.clock import Clock
from server.errors import OperatorError
from server.guarantee.sign import Signer
from server.ids import SELF_CHOSEN
from server.metadata.done import correction_receipt, erasure_receipt, objection_receipt
from server.metadata.erasure import Changed
from server.metadata.receipt import rfc3339
from server.metadata.refusals import Refusal, RefusalCode
from server.network.origin import Origins

logger = logging.getLogger(__name__)

ERASURE_TYPE = "offrecord-erasure+jws"
OBJECTION_TYPE = "offrecord-objection+jws"
CORRECTION_TYPE = "offrecord-correction+jws"
PER_MINUTE = 10  # each may have the whole ledger written anew
MAX_BODY_BYTES = 4096


class _Wanted(msgspec.Struct, frozen=True):
    name: str


class Changing(Protocol):
    """What these routes ask of the ledger: what is done, and whether the bytes of what was before are
    overwritten already. Each raises Refusal, OperatorError."""

    async def erase(self, room: str, identity: str) -> tuple[Changed, bool]: ...

    async def correct(self, room: str, identity: str, new: str) -> tuple[Changed, bool]: ...

    async def object_to_details(self, room: str, identity: str) -> tuple[Changed, bool]: ...


class RightsRoutes:
    """The handlers."""

    def __init__(
        self, ledger: Changing, tokens: SubjectTokens, signer: Signer, clock: Clock, origins: Origins
    ) -> None:
        self._ledger = ledger
        self._tokens = tokens
        self._signer = signer
        self._clock = clock
        self._limit = RateLimit(PER_MINUTE, origins)

    def routes(self) -> list[web.RouteDef]:
        """To be added to an application."""
        return [
            web.patch("/api/receipt", self.correct),
            web.delete("/api/receipt", self.erase),
            web.post("/api/receipt/objection", self.objection),
            web.options("/api/receipt/objection", preflight),
        ]

    async def erase(self, request: web.Request) -> web.Response:
        """Erases, or says why not."""

        async def act(subject: Member) -> web.Response:
            changed, overwritten = await self._ledger.erase(subject.room, subject.identity)
            done = erasure_receipt(
                subject.room, subject.identity, changed, overwritten=overwritten, now=self._clock.now()
            )
            return answer({"erasure": done, "jws": self._sign(done, ERASURE_TYPE)})

        return await self._asked(request, act)

    async def objection(self, request: web.Request) -> web.Response:
        """Takes note of an objection to details, or says why not (GDPR, article 21)."""

        async def act(subject: Member) -> web.Response:
            changed, overwritten = await self._ledger.object_to_details(subject.room, subject.identity)
            done = objection_receipt(
                subject.room, subject.identity, changed, overwritten=overwritten, now=self._clock.now()
            )
            return answer({"objection": done, "jws": self._sign(done, OBJECTION_TYPE)})

        return await self._asked(request, act)

    async def correct(self, request: web.Request) -> web.Response:
        """Gives the rows another name, or says why not."""

        async def act(subject: Member) -> web.Response:
            try:
                body = await read_body(request.content, MAX_BODY_BYTES)
            except BodyTooLongError:
                return refusal(413, TOO_LONG, code=Code.TOO_LONG)
            except TimeoutError:
                return refusal(408, TOO_LATE, code=Code.TOO_LATE)
            try:
                name = clean(msgspec.json.decode(body, type=_Wanted).name)
            except (msgspec.MsgspecError, ValueError, RecursionError):
                return refusal(400, UNREADABLE, code=Code.BAD_REQUEST)
            if not name:
                raise Refusal(
                    RefusalCode.NAME_UNFIT, "choose a name of letters, digits or other visible signs"
                )
            new = SELF_CHOSEN + name
            changed, overwritten = await self._ledger.correct(subject.room, subject.identity, new)
            now = self._clock.now()
            done = correction_receipt(
                subject.room, subject.identity, new, changed, overwritten=overwritten, now=now
            )
            token = self._tokens.issue(Member(subject.room, new), now)
            return answer({"correction": done, "jws": self._sign(done, CORRECTION_TYPE), "token": token})

        return await self._asked(request, act)

    async def _asked(
        self, request: web.Request, act: Callable[[Member], Awaitable[web.Response]]
    ) -> web.Response:
        try:
            subject = self._tokens.subject(request, self._clock.now(), self._limit)
        except TokenError as error:
            return denied(error)
        try:
            return await act(subject)
        except Refusal as error:
            more: dict[str, str] = {} if error.until is None else {"until": rfc3339(error.until)}
            return refusal(409, str(error), None, code=error.code, **more)
        except OperatorError as error:
            logger.error("what was asked for could not be done: %s", error)
            return refusal(503, WRITING, code=Code.LEDGER_AWAY)

    def _sign(self, done: Mapping[str, object], typ: str) -> str:
        return self._signer.sign({**done, "iat": int(self._clock.now())}, typ=typ)
