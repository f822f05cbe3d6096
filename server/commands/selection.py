"""What of the ledger a command reads: options, and the query they make."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from server.errors import OperatorError

if TYPE_CHECKING:
    from server.metadata.outcome import Stage
    from server.metadata.query import Query
    from server.metadata.words import Browser, Sdk

RoomName = Annotated[str | None, typer.Option("--room", help="Only this room.")]
Identity = Annotated[str | None, typer.Option("--identity", help="Only this participant.")]
Since = Annotated[
    str | None, typer.Option("--since", metavar="TIME", help="30m, 2h, 3d (ago), or 2026-11-22[T09:30].")
]
Until = Annotated[str | None, typer.Option("--until", metavar="TIME", help="The same forms.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON Lines instead of a table.")]


def query_of(
    *,
    room: str | None = None,
    identity: str | None = None,
    since: str | None = None,
    until: str | None = None,
    outcome: str | None = None,
    client: str | None = None,
    code: str | None = None,
    site: str | None = None,
    stage: str | None = None,
    failed: bool = False,
    let_in: bool = False,
) -> Query:
    """Raises OperatorError saying what is accepted."""
    from server.metadata.logs import moment
    from server.metadata.outcome import AttemptCause
    from server.metadata.query import Query

    now = time.time()
    outcomes = [cause.value for cause in AttemptCause if cause is not AttemptCause.NONE]
    if outcome is not None and outcome not in outcomes:
        raise OperatorError(f"{outcome!r} is no outcome: there are {', '.join(outcomes)}")
    return Query(
        room=room,
        identity=identity,
        since=None if since is None else moment(since, now),
        until=None if until is None else moment(until, now),
        outcome=None if outcome is None else AttemptCause(outcome),
        client=None if client is None else _client(client),
        code=code,
        site=site,
        stage=None if stage is None else _stage(stage),
        failed=failed,
        let_in=let_in,
    )


def _stage(name: str) -> Stage:
    from server.metadata.outcome import Stage

    stages = [stage.value for stage in Stage]
    if name not in stages:
        raise OperatorError(f"{name!r} is no stage of joining: there are {', '.join(stages)}")
    return Stage(name)


def _client(name: str) -> Browser | Sdk:
    """A browser's family, or an SDK."""
    from server.metadata.words import Browser, Sdk

    browsers = [family.value for family in Browser if family is not Browser.NONE]
    if name in browsers:
        return Browser(name)
    sdks = [sdk.value for sdk in Sdk]
    if name in sdks:
        return Sdk(name)
    raise OperatorError(f"{name!r} is no kind of client: there are {', '.join([*browsers, *sdks])}")
