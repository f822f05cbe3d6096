"""What is kept about one person, and what a privacy officer does with it when they ask.

    GET  person              `identity`: where something is kept about that name, and how much
    POST person/export       everything, as the person's own receipt has it (JSON)
    POST person/correct      another name instead
    POST person/object       what is kept moment by moment is gone, and no more of it is written
    POST person/erase        gone for good
    POST person/refuse       that it was refused, and what to write to them

That it was done is kept in the ledger, without whose rows they were; who did it, and about whom under a
pseudonym, in the access log.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
from aiohttp import web

from server.access.entry import Asked, Reason
from server.console.guard import Guard
from server.console.visit import Visit
from server.console.words import counted, number
from server.metadata.erasure import Changed
from server.metadata.letter import TO_BE_SHOWN, letter
from server.metadata.receipt import Receipt, rfc3339
from server.metadata.refusals import Refusal
from server.metadata.retention import Retention
from server.metadata.tending import Tending
from server.metadata.words import Answer, RequestReason, Right

MOST_ROOMS: Final = 500
LONGEST: Final = 256
WHY: Final = frozenset({Reason.SUBJECT_REQUEST, Reason.LEGAL})
"""Reasons of a visit with which one person's rows may be touched."""
REQUEST_REASONS: Final = {
    RequestReason.OWN_REQUEST: "the person asked, and is known to be that person",
    RequestReason.OBJECTION: "the person objects",
    RequestReason.GUARDIAN: "a parent, or whoever else answers for the person, asked",
    RequestReason.CHILD_REPORT: "somebody reported a child that no parent had allowed to join",
    RequestReason.LEGAL_ORDER: "the law orders it",
}
REFUSALS: Final = tuple(one for one in Answer if one is not Answer.DONE)


@dataclass(frozen=True, slots=True)
class Held:
    """In one room: how many rows, and how many of a session that goes on. `refused`: why none can go."""

    room: str
    rows: int
    still_open: int
    refused: str


class PersonPage:
    """The handlers."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/person", self._guard.page(self.show, Asked.SUBJECT)),
            web.post("/person/export", self._guard.form(self.export, Asked.SUBJECT)),
            web.post("/person/correct", self._guard.form(self.correct, Asked.SUBJECT)),
            web.post("/person/object", self._guard.form(self.object_to_details, Asked.SUBJECT)),
            web.post("/person/erase", self._guard.form(self.erase, Asked.SUBJECT)),
            web.post("/person/refuse", self._guard.form(self.refuse, Asked.SUBJECT)),
        ]

    async def show(self, visit: Visit) -> web.Response:
        """Raises LedgerError, OperatorError."""
        return await self._page(visit, _name(visit.request.query.get("identity", "")))

    async def export(self, visit: Visit) -> web.StreamResponse:
        """Raises LedgerError, OperatorError."""
        identity, because, problem = _asked(visit)
        if because is None:
            return await self._page(visit, identity, problem=problem)
        receipts: list[Receipt] = []
        async with (
            visit.looking.counting(Asked.SUBJECT, identity=identity) as seen,
            _tending(visit, because) as tending,
        ):
            for room in (await tending.rooms(identity))[:MOST_ROOMS]:
                receipts.append(await tending.export(room, identity))
                seen.count(len(receipts[-1]["kept"]))
        body = msgspec.json.encode({"identity": identity, "receipts": receipts})
        headers = {"Content-Disposition": 'attachment; filename="kept.json"'}
        return web.Response(body=body, content_type="application/json", headers=headers)

    async def correct(self, visit: Visit) -> web.StreamResponse:
        """Raises LedgerError, OperatorError."""
        new = _name(visit.form.get("to", ""))
        if not new:
            return await self._page(visit, _asked(visit)[0], problem="Say which name is to stand instead.")

        async def act(tending: Tending, room: str, identity: str) -> tuple[Changed, bool]:
            return await tending.correct(room, identity, new, dry_run=False)

        return await self._done(visit, act, "corrected")

    async def object_to_details(self, visit: Visit) -> web.StreamResponse:
        """Raises LedgerError, OperatorError."""

        async def act(tending: Tending, room: str, identity: str) -> tuple[Changed, bool]:
            return await tending.object_to_details(room, identity, dry_run=False)

        return await self._done(visit, act, "of details erased")

    async def erase(self, visit: Visit) -> web.StreamResponse:
        """Raises LedgerError, OperatorError."""
        identity = _asked(visit)[0]
        if _name(visit.form.get("confirm", "")) != identity:
            problem = "To erase, type the name once more: it cannot be undone."
            return await self._page(visit, identity, problem=problem)
        child = visit.form.get("child") == "1"

        async def act(tending: Tending, room: str, identity: str) -> tuple[Changed, bool]:
            return await tending.erase(room, identity, child=child, dry_run=False)

        return await self._done(visit, act, "erased")

    async def refuse(self, visit: Visit) -> web.StreamResponse:
        """Raises LedgerError, OperatorError."""
        identity, because, problem = _asked(visit)
        if because is None:
            return await self._page(visit, identity, problem=problem)
        try:
            right, why = Right(visit.form.get("right", "")), Answer(visit.form.get("code", ""))
        except ValueError:
            return await self._page(visit, identity, problem="Say what was asked for, and why it is refused.")
        if why is Answer.DONE:
            return await self._page(visit, identity, problem="Say why it is refused.")
        async with (
            visit.looking.counting(Asked.SUBJECT, identity=identity),
            _tending(visit, because) as tending,
        ):
            await tending.refuse(right, why)
        return await self._page(
            visit, identity, letter=letter(right, why, None), to_be_shown=why in TO_BE_SHOWN
        )

    async def _done(
        self,
        visit: Visit,
        act: Callable[[Tending, str, str], Awaitable[tuple[Changed, bool]]],
        what: str,
    ) -> web.StreamResponse:
        identity, because, problem = _asked(visit)
        if because is None:
            return await self._page(visit, identity, problem=problem)
        outcomes: list[str] = []
        async with (
            visit.looking.counting(Asked.SUBJECT, identity=identity) as seen,
            _tending(visit, because) as tending,
        ):
            for room in (await tending.rooms(identity))[:MOST_ROOMS]:
                try:
                    changed, overwritten = await act(tending, room, identity)
                except Refusal as refusal:
                    outcomes.append(f"{room}: refused ({refusal.code}), {refusal}.")
                    continue
                seen.count(changed.total)
                outcomes.append(f"{room}: {_said(changed, what, overwritten)}")
        return await self._page(visit, identity, outcomes=outcomes or ["Nothing is kept about that name."])

    async def _page(
        self,
        visit: Visit,
        identity: str,
        *,
        problem: str = "",
        outcomes: Sequence[str] = (),
        letter: str = "",
        to_be_shown: bool = False,
    ) -> web.Response:
        held: list[Held] = []
        if identity and not problem and visit.session.reason in WHY:
            held = await _held(visit, identity)
            rows = sum(one.rows + one.still_open for one in held)
            await visit.looking.record(Asked.SUBJECT, rows, identity=identity)
        return await visit.page(
            "person.html",
            {
                "identity": identity,
                "may": visit.session.reason in WHY,
                "held": held,
                "problem": problem,
                "outcomes": outcomes,
                "letter": letter,
                "to_be_shown": to_be_shown,
                "reasons": REQUEST_REASONS,
                "rights": list(Right),
                "refusals": REFUSALS,
            },
            400 if problem else 200,
        )


def _tending(visit: Visit, because: RequestReason) -> Tending:
    metadata = visit.sources.config.metadata
    return Tending(metadata.url, Retention.configured(metadata), because, visit.sources.clock)


async def _held(visit: Visit, identity: str) -> list[Held]:
    """Tried, and nothing changed."""
    found = []
    async with _tending(visit, RequestReason.OWN_REQUEST) as tending:
        for room in (await tending.rooms(identity))[:MOST_ROOMS]:
            try:
                changed, _ = await tending.erase(room, identity, child=False, dry_run=True)
                found.append(Held(room, changed.total, changed.still_open, ""))
            except Refusal as refusal:
                found.append(Held(room, 0, 0, str(refusal)))
    return found


def _asked(visit: Visit) -> tuple[str, RequestReason | None, str]:
    """Whom a form is about, and why they are answered; or None, and a sentence about what it does not say."""
    identity = _name(visit.form.get("identity", ""))
    if not identity:
        return identity, None, "Say whom it is about."
    if visit.session.reason not in WHY:
        return identity, None, "Change your reason for looking first."
    try:
        return identity, RequestReason(visit.form.get("because", "")), ""
    except ValueError:
        return identity, None, "Say who asked."


def _name(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\0", "")[:LONGEST]


def _said(changed: Changed, what: str, overwritten: bool) -> str:
    if not (changed.total or changed.objected):
        return "nothing of that is kept there about that name."
    words = f"{counted(changed.total, 'row')} {what}."
    if changed.objected:
        goes = "session that goes on" if changed.objected == 1 else "sessions that go on"
        words += f" Of {number(changed.objected)} {goes}, no more of them are written."
    if changed.held_until is not None:
        until = rfc3339(changed.held_until)[:10]
        words += f" Held for a legal duty or claim until {until}: {counted(changed.held, 'row')}."
    if changed.still_open:
        words += f" {counted(changed.still_open, 'row')} of a session that goes on stay until it is over."
    if not overwritten:
        words += " Their bytes are overwritten at the next sweep, within the hour."
    return words
