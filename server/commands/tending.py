"""What the commands share that answer one person's request: their options, and how they open the ledger."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from server.access.reading import OPERATOR_VARIABLE
from server.config import load

if TYPE_CHECKING:
    from server.metadata.tending import Tending

ReasonName = Literal["own_request", "objection", "guardian", "child_report", "legal_order"]
Identity = Annotated[str, typer.Option(help="The name that the access token gave; exactly.")]
Room = Annotated[str | None, typer.Option(help="Only this room; every room if left out.")]
Operator = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        envvar=OPERATOR_VARIABLE,
        help="Who does this, for the access log; your account, else.",
    ),
]
Reason = Annotated[ReasonName, typer.Option(help="Why; kept with what was done.")]
AsJson = Annotated[bool, typer.Option("--json", help="The answer as JSON.")]


def tend(
    act: Callable[[Tending], Awaitable[int]],
    whose: tuple[str | None, str | None],
    operator: str | None,
    reason: ReasonName,
    path: Path | None,
) -> None:
    """`act` returns how many rows it was about, for the access log; `whose` is the room, if one, and who."""
    from server.access import reading as access
    from server.access.entry import Asked
    from server.access.entry import Reason as AccessReason
    from server.metadata.retention import Retention
    from server.metadata.tending import Tending
    from server.metadata.words import RequestReason

    config = load(path)
    because = AccessReason.LEGAL if reason == "legal_order" else AccessReason.SUBJECT_REQUEST
    who = access.accessor(operator, because)

    async def within(seen: access.Seen) -> None:
        retention = Retention.configured(config.metadata)
        async with Tending(config.metadata.url, retention, RequestReason(reason), time.time) as tending:
            seen.count(await act(tending))

    with access.reading(config, who, Asked.SUBJECT, room=whose[0], identity=whose[1]) as seen:
        asyncio.run(within(seen))
