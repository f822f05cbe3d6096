"""`offrecord drain`: the running server takes no new calls, and ends once those that go on are over."""

from __future__ import annotations

import contextlib
import os
import select
import signal
from typing import Annotated

import typer

from server.commands.options import ConfigPath
from server.commands.running import process_listening_on
from server.config import load
from server.errors import OperatorError

LEAVING_SECONDS = 30.0
"""From the word to stop to the end of the process."""


def add_to(app: typer.Typer) -> None:
    app.command()(drain)


def drain(
    *,
    deadline: Annotated[
        int, typer.Option(min=0, metavar="SECONDS", help="Calls that go on so long after are ended.")
    ] = 3600,
    pid: Annotated[
        int | None, typer.Option(min=1, help="The server's process; if left out, who listens on its port.")
    ] = None,
    http_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Its port; that of the configuration if left out.")
    ] = None,
    config: ConfigPath = None,
) -> None:
    """Let no new call begin, wait until those that go on are over, and end the server.

    Exit code 0: it has ended. Interrupting this command leaves the server draining, without a deadline.
    """
    server = pid or process_listening_on(http_port or load(config).http.port)
    try:
        handle = os.pidfd_open(server)
        signal.pidfd_send_signal(handle, signal.SIGUSR1)
    except ProcessLookupError:
        raise OperatorError(f"there is no process {server}") from None
    except PermissionError:
        raise OperatorError(
            f"process {server} is of another user: run this as that user, or as root"
        ) from None
    typer.echo(f"Draining: no new call begins. Those that go on have {deadline} seconds.")
    if not _ends(handle, deadline):
        typer.echo("Time is up: the calls that are left are sent to join elsewhere.")
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, signal.SIGTERM)
        if not _ends(handle, LEAVING_SECONDS):
            raise OperatorError(f"process {server} does not end")
    typer.echo("The server has ended.")


def _ends(handle: int, seconds: float) -> bool:
    """Whether the process is over within so long (pidfd_open(2): readable when it has ended)."""
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(seconds * 1000))
