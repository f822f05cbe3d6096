"""All of a join in one parameter: read in both forms, bounded, and rubbish is one kind of error."""

from __future__ import annotations

import base64
import contextlib
import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from livekit.protocol import models
from livekit.protocol.rtc import (
    AddTrackRequest,
    ConnectionSettings,
    JoinRequest,
    SessionDescription,
    WrappedJoinRequest,
)

from server.protocol.codec import ProtocolError
from server.protocol.join_request import MAX_FIRST_TRACKS, MAX_JOIN_REQUEST_BYTES, read_join_request
from server.protocol.translate import JoinParameters, join_parameters

GZIP = WrappedJoinRequest.Compression.GZIP
NONE = WrappedJoinRequest.Compression.NONE


def parameter(content: bytes, compression: WrappedJoinRequest.Compression = NONE) -> str:
    wrapped = WrappedJoinRequest(compression=compression, join_request=content)
    return base64.urlsafe_b64encode(wrapped.SerializeToString()).decode()


def read(join: JoinRequest) -> JoinParameters:
    return read_join_request(parameter(join.SerializeToString()))


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("padded", [False, True])
def test_a_request_is_read_with_what_the_client_says_at_once(compressed: bool, padded: bool) -> None:
    join = JoinRequest(
        client_info=models.ClientInfo(sdk=models.ClientInfo.SDK.JS, protocol=17, browser="Chrome" * 100),
        connection_settings=ConnectionSettings(auto_subscribe=False, subscriber_allow_pause=False),
        participant_attributes={"a": "b"},
        add_track_requests=[AddTrackRequest(cid=str(number)) for number in range(MAX_FIRST_TRACKS + 1)],
        publisher_offer=SessionDescription(type="offer", sdp="v=0", id=1),
        reconnect=True,
        participant_sid="PA_x",
    )
    content = join.SerializeToString()
    text = parameter(gzip.compress(content), GZIP) if compressed else parameter(content)
    parameters = read_join_request(text if padded else text.rstrip("="))
    assert parameters.single
    assert (parameters.client.sdk, parameters.client.protocol) == (models.ClientInfo.SDK.JS, 17)
    assert len(parameters.client.browser) == 128
    assert (parameters.auto_subscribe, parameters.may_pause) == (False, False)
    assert (parameters.reconnect, parameters.session, parameters.attributes) == (True, "PA_x", {"a": "b"})
    members = [request.WhichOneof("message") for request in parameters.first]
    assert members == ["add_track"] * MAX_FIRST_TRACKS + ["offer"]
    assert parameters.first[-1].offer.id == 1


def test_what_is_not_said_is_as_in_a_query_without_it() -> None:
    plain, single = join_parameters({}), read(JoinRequest())
    assert (single.auto_subscribe, single.may_pause) == (plain.auto_subscribe, plain.may_pause)
    assert read(JoinRequest(connection_settings=ConnectionSettings(auto_subscribe=True))).may_pause
    assert single.first == ()
    assert not plain.single


def test_numbers_that_no_client_has_count_as_unknown() -> None:
    client = models.ClientInfo(protocol=-1, client_protocol=10_000)
    content = client.SerializeToString() + b"\x08\xe7\x07"  # sdk 999
    join = JoinRequest(client_info=models.ClientInfo.FromString(content))
    said = read(join).client
    assert (said.sdk, said.protocol, said.client_protocol) == (models.ClientInfo.SDK.UNKNOWN, 0, 0)


@pytest.mark.parametrize(
    "text",
    [
        "%%%",
        "AAAA",
        parameter(b"\xff"),
        parameter(b"", GZIP),
        parameter(b"no gzip", GZIP),
        parameter(gzip.compress(bytes(100))[:-4], GZIP),
        parameter(
            gzip.compress(JoinRequest(metadata=" " * MAX_JOIN_REQUEST_BYTES).SerializeToString()), GZIP
        ),
        base64.urlsafe_b64encode(b"\x08\x07").decode(),
    ],
    ids=["no base64", "rubbish", "no request", "nothing", "no gzip", "cut off", "a bomb", "a new form"],
)
def test_rubbish_and_what_inflates_too_far_is_one_kind_of_error(text: str) -> None:
    with pytest.raises(ProtocolError):
        read_join_request(text)


@settings(deadline=None)
@given(st.one_of(st.text(max_size=200), st.binary(max_size=200).map(parameter)))
def test_nothing_else_is_raised(text: str) -> None:
    with contextlib.suppress(ProtocolError):
        read_join_request(text)
