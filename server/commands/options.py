"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from server.access.entry import Reason
from server.access.reading import OPERATOR_VARIABLE

ConfigPath = Annotated[
    Path | None,
    typer.Option("--config", metavar="PATH", help="Configuration file; ./config.toml where there is one."),
]
OperatorName = Annotated[
    str | None,
    typer.Option(
        "--operator",
        metavar="NAME",
        envvar=OPERATOR_VARIABLE,
        help="Who looks, for the access log; the login name if left out, unless that is root.",
    ),
]
ReasonCode = Annotated[Reason | None, typer.Option("--reason", help="Why; required, for the access log.")]
