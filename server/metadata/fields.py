"""A field of an event's body, in the SQL of either database."""

from __future__ import annotations

from sqlalchemy import ColumnElement, String, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class _Field(FunctionElement[str]):
    type = String()
    inherit_cache = True


def field(body: ColumnElement[str], name: str) -> ColumnElement[str]:
    """The field's text; NULL where the body has none. `name` is one of the declaration, never a client's."""
    return _Field(body, literal(name, String(), literal_execute=True))


@compiles(_Field, "sqlite")
def _in_sqlite(element: _Field, compiler: SQLCompiler, **options: object) -> str:
    body, name = (compiler.process(clause, **options) for clause in element.clauses)
    return f"CAST(json_extract({body}, '$.' || {name}) AS TEXT)"


@compiles(_Field, "postgresql")
def _in_postgresql(element: _Field, compiler: SQLCompiler, **options: object) -> str:
    body, name = (compiler.process(clause, **options) for clause in element.clauses)
    return f"(CAST({body} AS JSON) ->> {name})"
