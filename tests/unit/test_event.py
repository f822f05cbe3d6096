"""The closed union: every field declared with bound, purpose and expiry; anything else is an error."""

from __future__ import annotations

import ipaddress
from enum import Enum
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect

from server.config import Metadata
from server.metadata.declared import Audience, Expiry, LegalGround, Purpose
from server.metadata.event import (
    EVENT_TYPES,
    Event,
    EventError,
    declarations,
    decode,
    encode,
    expiry_of,
    name_of,
)
from server.metadata.rows.sessions import ParticipantJoined, ParticipantLeft
from server.metadata.rows.tracks import TrackPublished
from server.metadata.words import Sdk

SID = "PA_abcdefgh"


def joined(**changes: object) -> ParticipantJoined:
    made = ParticipantJoined(room="garden", identity="ada", participant=SID)
    return msgspec.structs.replace(made, **changes)


def test_the_union_lists_every_event() -> None:
    assert get_args(Event) == EVENT_TYPES
    assert len({name_of(kind) for kind in EVENT_TYPES}) == len(EVENT_TYPES)


@pytest.mark.parametrize("kind", EVENT_TYPES, ids=name_of)
def test_every_field_declares_why_how_long_and_for_whom(kind: type[Event]) -> None:
    declared = declarations(kind)
    assert set(declared) == {field.name for field in msgspec.structs.fields(kind)}
    for one in declared.values():
        assert isinstance(one.purpose, Purpose)
        assert isinstance(one.ground, LegalGround)
        assert isinstance(one.audience, Audience)
        assert one.expiry is expiry_of(kind), "a row expires as a whole"


@pytest.mark.parametrize("kind", EVENT_TYPES, ids=name_of)
def test_what_is_about_a_person_needs_a_legal_ground(kind: type[Event]) -> None:
    declared = declarations(kind)
    grounds = {one.ground for one in declared.values()}
    if "identity" in declared:
        assert LegalGround.NOT_PERSONAL not in grounds
        assert expiry_of(kind) in {Expiry.SESSION, Expiry.DETAIL}
    if LegalGround.NOT_PERSONAL in grounds:
        assert not {"room", "identity", "participant"} & set(declared)


@pytest.mark.parametrize("kind", EVENT_TYPES, ids=name_of)
def test_no_field_holds_free_text(kind: type[Event]) -> None:
    """Texts are bounded and patterned, but for the two names that the token gives; the rest is closed."""
    described = inspect.type_info(kind)
    assert isinstance(described, inspect.StructType)
    for field in described.fields:
        bare = field.type
        while isinstance(bare, inspect.Metadata):
            bare = bare.type
        match bare:
            case inspect.StrType():
                bounded = bare.max_length is not None and bare.max_length <= 256
                assert bare.pattern is not None or (bounded and field.name in {"room", "identity"})
            case inspect.IntType():
                assert bare.ge is not None
                assert bare.le is not None
            case inspect.EnumType():
                assert issubclass(bare.cls, Enum)
            case _:
                pytest.fail(f"{field.name} is neither bounded nor closed")


def test_expiry_classes_are_settings() -> None:
    assert {expiry.value for expiry in Expiry} == {
        field.name
        for field in msgspec.structs.fields(Metadata)
        if field.name.endswith("_days")
        and field.name != "access_days"  # the access log is none of the ledger
    }


def test_what_is_written_is_read_back() -> None:
    event = joined(sdk=Sdk.PYTHON, sdk_version="1.2.1")
    assert decode(encode(event)) == event


@pytest.mark.parametrize(
    "event",
    [
        joined(room="r" * 257),
        joined(room=""),
        joined(identity="\ud800"),
        joined(participant="PA_abcdefgh\n"),
        joined(participant="203.0.113.7"),
        joined(sdk="a new sdk"),
        joined(sdk_version="203.0.113.7"),
        joined(browser_version=-1),
        joined(room=b"garden"),
        ParticipantLeft(room="r", identity="i", participant=SID, reason="bored", milliseconds=1),  # type: ignore[arg-type]
        TrackPublished(room="r", identity="i", participant=SID, track="TR_x y z 1 2", kind="audio"),  # type: ignore[arg-type]
    ],
)
def test_what_was_not_declared_is_refused(event: Event) -> None:
    with pytest.raises(EventError) as refused:
        encode(event)
    assert "203.0.113.7" not in str(refused.value)


def test_an_unknown_field_is_an_error_not_a_column() -> None:
    written = encode(joined()).replace(b'"room"', b'"address":"203.0.113.7","room"')
    with pytest.raises(EventError):
        decode(written)
    with pytest.raises(EventError):
        decode(b'{"event":"recording_started"}')


@given(st.ip_addresses())
def test_no_address_fits_in_a_version(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    with pytest.raises(EventError):
        encode(joined(sdk_version=str(address)))


@given(st.text(), st.text(), st.text())
def test_any_text_is_kept_whole_or_refused(room: str, identity: str, version: str) -> None:
    event = joined(room=room, identity=identity, sdk_version=version)
    try:
        written = encode(event)
    except EventError:
        return
    assert decode(written) == event
