"""Every member of SignalRequest, by its generated descriptor: worked in, refused with a reason, ignored."""

from __future__ import annotations

from typing import Any

import pytest
from livekit.protocol.rtc import RequestResponse, SignalRequest

from server.protocol.requests import MEMBERS, Handled, Ignored, Refused
from server.room import requests
from server.room.inputs import Signal
from tests.unit import signal_page
from tests.unit.stage import Stage

NAMES = [field.name for field in SignalRequest.DESCRIPTOR.fields]


def answered(name: str, **fields: Any) -> tuple[Stage, list[str], list[RequestResponse]]:
    """What a client is sent for a message of this kind, and the answers to requests among that."""
    stage = Stage()
    stage.enter("bob")
    sid = stage.enter("ada")
    stage.forget()
    request = SignalRequest()
    field = SignalRequest.DESCRIPTOR.fields_by_name[name]
    if field.message_type is None:
        setattr(request, name, 1)
    else:
        getattr(request, name).SetInParent()
    for member, value in fields.items():
        setattr(getattr(request, name), member, value)
    stage.put(Signal(sid, request))
    responses = [one.request_response for one in stage.sent(sid, "request_response")]
    return stage, stage.kinds(sid), responses


def test_every_member_is_in_the_table_and_what_is_handled_has_work() -> None:
    assert list(MEMBERS) == NAMES
    handled = {name for name, member in MEMBERS.items() if isinstance(member, Handled)}
    assert handled == requests._WORK.keys()


@pytest.mark.parametrize("name", [name for name in NAMES if isinstance(MEMBERS[name], Refused)])
def test_what_is_refused_is_answered_with_the_reason(name: str) -> None:
    refused = MEMBERS[name]
    assert isinstance(refused, Refused)
    _, kinds, (response,) = answered(name)
    assert kinds == ["request_response"]
    assert (response.reason, response.message) == (RequestResponse.Reason.NOT_ALLOWED, refused.why)


@pytest.mark.parametrize("name", [name for name in NAMES if isinstance(MEMBERS[name], Ignored)])
def test_what_is_ignored_changes_nothing(name: str) -> None:
    stage, kinds, _ = answered(name)
    assert kinds == []
    assert stage.log == []


def test_a_refusal_says_which_request_it_is_of() -> None:
    for name, place in (
        ("publish_data_track_request", "publish_data_track"),
        ("unpublish_data_track_request", "unpublish_data_track"),
    ):
        _, _, (response,) = answered(name, pub_handle=7)
        assert response.WhichOneof("request") == place
        assert getattr(response, place).pub_handle == 7
    for name in ("store_data_blob_request", "get_data_blob_request"):
        _, _, (response,) = answered(name, request_id=9)
        assert response.request_id == 9


def test_the_page_is_written_from_the_table() -> None:
    """Written again by `python -m tests.unit.signal_page`."""
    _, begun, rest = signal_page.PAGE.read_text("utf-8").partition(signal_page.BEGIN)
    kept, ended, _ = rest.partition(signal_page.END)
    assert begun
    assert ended
    assert kept == signal_page.written()
