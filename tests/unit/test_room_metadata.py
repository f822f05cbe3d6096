"""A room's metadata is the app's own, and tells everybody which privacy policy is served."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from server import ids
from server.config import Config, Http
from server.policy.own import notice
from server.room.inputs import PolicyServed
from server.room.limits import RoomLimits
from server.room.metadata import MEMBER, PolicyNotice, RoomMetadata
from server.room.room import Room
from tests.unit.stage import Stage
from tests.unit.test_policy_document import completed, read

NOTICE = PolicyNotice("2026-01-01-0123abcd", "https://meet.example/privacy", "2026-01-01")
TOLD = {"version": NOTICE.version, "url": NOTICE.url, "revised": NOTICE.revised}


def told(own: str, policy: PolicyNotice | None = NOTICE) -> str:
    metadata = RoomMetadata(policy)
    metadata.begin(own)
    assert metadata.own == own
    return metadata.told


@pytest.mark.parametrize("own", ["", "tulips", '{"topic": "tulips"}', '{"offrecord": 1}'])
def test_where_no_policy_is_published_it_is_the_apps_text_as_it_is(own: str) -> None:
    assert told(own, None) == own


@pytest.mark.parametrize("own", ["", "{}"])
def test_a_room_without_metadata_tells_the_policy_alone(own: str) -> None:
    assert json.loads(told(own)) == {"offrecord": {"policy": TOLD}}


def test_an_apps_object_keeps_its_members_as_they_were_written() -> None:
    own = '{"topic":"tulips","exact":1.000000000000000000001,"nested":{"offrecord":[1,2]}}'
    text = told(own)
    assert text.startswith(own.removesuffix("}"))
    assert json.loads(text)["offrecord"] == {"policy": TOLD}


def test_nobody_else_speaks_under_our_name() -> None:
    text = told('{"offrecord": {"policy": {"version": "mine"}}, "topic": "tulips"}')
    assert json.loads(text) == {"offrecord": {"policy": TOLD}, "topic": "tulips"}


@pytest.mark.parametrize("own", ["tulips", '"tulips"', "[1]", "null", "7", "{", '{"a": 1} more', "[" * 5000])
def test_any_other_text_of_an_app_is_a_member_of_ours(own: str) -> None:
    assert json.loads(told(own)) == {"offrecord": {"policy": TOLD, "metadata": own}}


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.text() | _JSON.map(json.dumps))
def test_an_app_gets_its_own_back_from_whatever_it_wrote(own: str) -> None:
    seen: dict[str, Any] = json.loads(told(own))
    ours = seen.pop(MEMBER)
    assert ours.pop("policy") == TOLD
    if ours:
        assert ours == {"metadata": own}
    elif own:
        mine = json.loads(own)
        mine.pop(MEMBER, None)
        assert mine == seen


def test_who_joins_is_told_at_once_and_with_every_update_of_the_room() -> None:
    stage = Stage()
    stage.room = Room("hall", ids.room_sid(), RoomLimits(), stage.now, NOTICE)
    ada = stage.enter("ada", room_metadata="tulips")
    bob = stage.enter("bob", room_metadata="roses")
    stage.pass_time(2)
    expected = {"offrecord": {"policy": TOLD, "metadata": "tulips"}}
    for sid in (ada, bob):
        assert json.loads(stage.last(sid, "join").join.room.metadata) == expected
        assert json.loads(stage.last(sid, "room_update").room_update.room.metadata) == expected


def test_who_is_there_is_told_at_once_when_another_is_served() -> None:
    stage = Stage()
    stage.room = Room("hall", ids.room_sid(), RoomLimits(), stage.now, NOTICE)
    ada = stage.enter("ada", room_metadata="tulips")
    stage.pass_time(2)
    stage.forget()
    other = structs.replace(NOTICE, version="2026-06-01-4567abcd", revised="2026-06-01")
    stage.put(PolicyServed(other))
    stage.pass_time(0)
    expected = {"policy": structs.asdict(other), "metadata": "tulips"}
    assert json.loads(stage.last(ada, "room_update").room_update.room.metadata) == {"offrecord": expected}
    stage.put(PolicyServed(None))
    stage.pass_time(0)
    assert stage.last(ada, "room_update").room_update.room.metadata == "tulips"


@pytest.mark.parametrize(
    ("public", "url"),
    [
        ("", "privacy"),
        ("wss://meet.example", "https://meet.example/privacy"),
        ("https://meet.example:8443/calls/", "https://meet.example:8443/calls/privacy"),
    ],
)
def test_the_address_is_the_one_that_people_use_where_it_is_known(public: str, url: str) -> None:
    policy = read(completed())
    config = structs.replace(Config(), http=Http(public_url=public))
    assert notice(config, policy) == PolicyNotice(policy.version, url, "2026-01-01")
