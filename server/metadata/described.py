"""Every row and field of the ledger in words, out of its declaration, for the documentation and the record of
processing activities. PURE."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import inspect

from server.metadata.declared import Declaration, Expiry
from server.metadata.event import EVENT_TYPES, declarations, expiry_of, name_of
from server.metadata.rows.row import Row

PEOPLE = frozenset({"room", "identity", "participant"})
"""Fields that lead to somebody: a row without any of them is about nobody."""


@dataclass(frozen=True, slots=True)
class FieldDescription:
    """`holds` is its type and bound. Where all that it can say is closed words, those are `words`, and
    `vocabulary` what they are called."""

    name: str
    holds: str
    vocabulary: str
    words: tuple[str, ...]
    declared: Declaration


@dataclass(frozen=True, slots=True)
class RowDescription:
    """`says` is the docstring of its declaration, in one line."""

    kind: type[Row]
    name: str
    says: str
    expiry: Expiry
    fields: tuple[FieldDescription, ...]

    @property
    def is_about_people(self) -> bool:
        return any(field.name in PEOPLE for field in self.fields)


def rows() -> tuple[RowDescription, ...]:
    """All of them, in the order of the union."""
    return tuple(_row(kind) for kind in EVENT_TYPES)


def _row(kind: type[Row]) -> RowDescription:
    described = inspect.type_info(kind)
    assert isinstance(described, inspect.StructType), "every row is one"
    declared = declarations(kind)
    fields = tuple(
        FieldDescription(field.name, *_content(field.type), declared[field.name])
        for field in described.fields
    )
    says = " ".join((kind.__doc__ or "").split())
    return RowDescription(kind, name_of(kind), says, expiry_of(kind), fields)


def _content(kind: inspect.Type) -> tuple[str, str, tuple[str, ...]]:
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    match kind:
        case inspect.EnumType():
            return "a word", kind.cls.__name__, tuple(str(one.value) for one in kind.cls)
        case inspect.IntType():
            return f"a whole number, {kind.ge:,} to {kind.le:,}", "", ()
        case inspect.BoolType():
            return "yes or no", "", ()
        case inspect.StrType(pattern=str(pattern)):
            return "a text of the form " + pattern.removeprefix(r"\A").removesuffix(r"\Z"), "", ()
        case inspect.StrType():
            return f"a text of {kind.min_length or 0} to {kind.max_length} characters", "", ()
    raise AssertionError(f"no words for {kind}: a field is a number, a closed word or a bounded text")
