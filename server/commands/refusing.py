"""`offrecord subject refuse`: that a request is not carried out, why, and what to write to the person."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from server.commands.options import ConfigPath
from server.commands.tending import AsJson, Operator, Reason, tend
from server.config import Config, load
from server.metadata.words import Answer, Right

if TYPE_CHECKING:
    from server.metadata.tending import Tending

_CODES = [one.value for one in Answer if one is not Answer.DONE]


def _code(value: str) -> str:
    if value not in _CODES:
        raise typer.BadParameter(f"one of {', '.join(_CODES)}")
    return value


def refuse(
    *,
    right: Annotated[Right, typer.Option(help="What was asked for.")],
    code: Annotated[str, typer.Option(callback=_code, help=f"Why it is refused: {', '.join(_CODES)}.")],
    reason: Reason,
    identity: Annotated[
        str | None, typer.Option(help="Of whom it was asked, where that is known; for the access log.")
    ] = None,
    room: Annotated[str | None, typer.Option(help="Of which room.")] = None,
    received: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="When the request came.")
    ] = None,
    operator: Operator = None,
    as_json: AsJson = False,
    config: ConfigPath = None,
) -> None:
    """Keep that a request was refused and why, and print what to send to the person.

    It has to be sent within a month. Nothing is looked up, and the text is kept nowhere.
    """
    from server.metadata.letter import TO_BE_SHOWN, answer_by, letter

    why, asked_on = Answer(code), None if received is None else received.date()
    text = letter(right, why, asked_on, _signed(load(config)))

    async def act(tending: Tending) -> int:
        await tending.refuse(right, why)
        return 0

    tend(act, (room, identity), operator, reason, config)
    due = None if asked_on is None else answer_by(asked_on)
    if as_json:
        answer = {"right": right, "code": why, "answer_by": due and due.isoformat(), "text": text}
        typer.echo(json.dumps(answer, indent=2))
        return
    typer.echo(text)
    typer.echo(_hint(due, shown=why in TO_BE_SHOWN), err=True)


def _signed(config: Config) -> tuple[str, ...]:
    """Who answers for the server, where its policy says so."""
    from server.policy.own import read

    policy = read(config)
    return () if policy is None else (policy.controller, policy.contact)


def _hint(due: date | None, *, shown: bool) -> str:
    """For the operator, beside the text."""
    by = "within a month of the request" if due is None else f"by {due.isoformat()}"
    words = f"\nSend this {by}, free of charge (GDPR, article 12)."
    return f"{words} Keep what shows that it is so: you may be asked." if shown else words
