"""`offrecord operator`: who may look at the ledger, under which name and role."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from server.access import entry as access
from server.access.operators import LONGEST_PASSWORD, Operators
from server.access.reading import accessor, reading
from server.access.roles import Role
from server.commands.acting import note
from server.commands.options import ConfigPath, OperatorName
from server.config import load
from server.metadata.words import Action

operator_app = typer.Typer(help="Who may look at the ledger.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="As the access log will have it.")]
Because = Annotated[access.Reason, typer.Option(help="Why, for the access log.")]
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
    operator: OperatorName = None,
    reason: Because = access.Reason.OPERATION,
    config: ConfigPath = None,
) -> None:
    """Name an operator. Once there is one, nobody else reads the ledger with the commands."""
    password = _password(password_stdin)
    with _changing(config, operator, reason, Action.OPERATOR_ADDED) as operators:
        operators.add(name, role, password)


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
def role(
    name: Name,
    role: Annotated[Role, typer.Argument(help="What they may see from now on.")],
    *,
    operator: OperatorName = None,
    reason: Because = access.Reason.OPERATION,
    config: ConfigPath = None,
) -> None:
    """Give an operator another role."""
    with _changing(config, operator, reason, Action.ROLE_CHANGED) as operators:
        operators.set_role(name, role)


@operator_app.command()
def remove(
    name: Name,
    *,
    operator: OperatorName = None,
    reason: Because = access.Reason.OPERATION,
    config: ConfigPath = None,
) -> None:
    """Take an operator out. What they looked at stays in the access log until it expires."""
    with _changing(config, operator, reason, Action.OPERATOR_REMOVED) as operators:
        operators.remove(name)


@operator_app.command()
def passwd(
    name: Name,
    *,
    password_stdin: FromInput = False,
    operator: OperatorName = None,
    reason: Because = access.Reason.OPERATION,
    config: ConfigPath = None,
) -> None:
    """Give an operator another password."""
    password = _password(password_stdin)
    with _changing(config, operator, reason, Action.PASSWORD_CHANGED) as operators:
        operators.set_password(name, password)


@contextmanager
def _changing(
    path: Path | None, operator: str | None, reason: access.Reason, action: Action
) -> Iterator[Operators]:
    """Nothing is changed that does not stand in the access log first; what was, the ledger is told."""
    config = load(path)
    with reading(config, accessor(operator, reason), access.Asked.OPERATORS):
        yield Operators(Path(config.console.operators))
    note(config, action)


def _operators(config: Path | None) -> Operators:
    return Operators(Path(load(config).console.operators))


def _password(from_input: bool) -> str:
    if from_input:
        return sys.stdin.readline(LONGEST_PASSWORD + 2).rstrip("\n")
    answer: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return answer
