"""`offrecord operator`: who may look at the ledger, under which name and role."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from server.access.operators import LONGEST_PASSWORD, Operators
from server.access.roles import Role
from server.commands.options import ConfigPath
from server.config import load

operator_app = typer.Typer(help="Who may look at the ledger.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="As the access log will have it.")]
FromInput = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input, for programs.")
]


def add_to(app: typer.Typer) -> None:
    app.add_typer(operator_app, name="operator")


@operator_app.command()
def add(
    name: Name,
    *,
    role: Annotated[Role, typer.Option(help="What they may see.")] = Role.VIEWER,
    password_stdin: FromInput = False,
    config: ConfigPath = None,
) -> None:
    """Name an operator. Once there is one, nobody else reads the ledger with the commands."""
    _operators(config).add(name, role, _password(password_stdin))


@operator_app.command("list")
def list_(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, roles by name.")] = False,
    config: ConfigPath = None,
) -> None:
    """Names and roles."""
    roles = _operators(config).roles()
    if as_json:
        typer.echo(json.dumps(roles))
        return
    for name, role in roles.items():
        typer.echo(f"{name}  {role}")
    if not roles:
        typer.echo("Nobody is named: whoever can run the commands may read the ledger, under any name.")


@operator_app.command()
def remove(name: Name, config: ConfigPath = None) -> None:
    """Take an operator out. What they looked at stays in the access log until it expires."""
    _operators(config).remove(name)


@operator_app.command()
def passwd(name: Name, *, password_stdin: FromInput = False, config: ConfigPath = None) -> None:
    """Give an operator another password."""
    _operators(config).set_password(name, _password(password_stdin))


def _operators(config: Path | None) -> Operators:
    return Operators(Path(load(config).console.operators))


def _password(from_input: bool) -> str:
    if from_input:
        return sys.stdin.readline(LONGEST_PASSWORD + 2).rstrip("\n")
    answer: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return answer
