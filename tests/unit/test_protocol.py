"""LiveKit's wire: frames in both forms, bounds, and words translated."""

from __future__ import annotations

import base64
import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from livekit.protocol import models
from livekit.protocol.rtc import SignalRequest, SignalResponse

from server.auth.grants import VideoGrants
from server.protocol import translate
from server.protocol.codec import MAX_MESSAGE_BYTES, Outgoing, ProtocolError, decode


def test_both_forms_say_the_same() -> None:
    assert decode(SignalRequest(ping=5).SerializeToString()).ping == 5
    assert decode('{"ping": "5", "unknown": {}}').ping == 5
    response = SignalResponse(pong=7)
    binary, text = Outgoing(response).frame(as_json=False), Outgoing(response).frame(as_json=True)
    assert isinstance(binary, bytes)
    assert SignalResponse.FromString(binary) == response
    assert json.loads(text) == {"pong": "7"}


@pytest.mark.parametrize(
    "frame",
    [
        b"\xff",
        "",
        "null",
        '{"ping": "x"}',
        '{"offer": 3}',
        '{"ping": ' + "9" * 5000 + "}",
        "[" * 100_000,
        '{"offer":' * 10_000,
        '{"offer": {"sdp": "\ud800"}}',
        bytes(MAX_MESSAGE_BYTES + 1),
    ],
)
def test_rubbish_is_one_kind_of_error(frame: bytes | str) -> None:
    with pytest.raises(ProtocolError):
        decode(frame)


@settings(deadline=None)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=300)))
def test_nothing_else_is_raised(frame: bytes | str) -> None:
    with contextlib.suppress(ProtocolError):
        decode(frame)


def test_the_query_of_a_join_is_read() -> None:
    attributes = base64.urlsafe_b64encode(b'{"a": "b"}').decode().rstrip("=")
    parameters = translate.join_parameters(
        {
            "sdk": "js",
            "version": "2.23.0",
            "protocol": "17",
            "auto_subscribe": "0",
            "client_protocol": "2",
            "capabilities": "CAP_PACKET_TRAILER,CAP_FROM_THE_FUTURE",
            "browser": "Chrome",
            "reconnect": "1",
            "sid": "PA_x",
            "attributes": attributes,
        }
    )
    client = parameters.client
    assert (client.sdk, client.protocol, client.client_protocol) == (models.ClientInfo.SDK.JS, 17, 2)
    assert list(client.capabilities) == [models.ClientInfo.Capability.CAP_PACKET_TRAILER]
    assert (parameters.auto_subscribe, parameters.reconnect, parameters.session) == (False, True, "PA_x")
    assert parameters.attributes == {"a": "b"}


def test_an_absent_query_means_the_defaults() -> None:
    parameters = translate.join_parameters({})
    assert parameters.auto_subscribe
    assert not parameters.reconnect
    assert parameters.client.protocol == 0


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["sdk", "protocol", "attributes", "capabilities", "sid"]), st.text()))
def test_no_query_raises_and_what_is_kept_is_bounded(query: dict[str, str]) -> None:
    parameters = translate.join_parameters(query)
    assert len(parameters.session) <= translate.MAX_CLIENT_TEXT


@pytest.mark.parametrize(
    ("text", "name", "mime"),
    [
        ("vp8", "vp8", "video/VP8"),
        ("video/VP8", "vp8", "video/VP8"),
        ("H264", "h264", "video/H264"),
        ("", "", ""),
    ],
)
def test_codecs_have_two_spellings(text: str, name: str, mime: str) -> None:
    assert (translate.codec_name(text, audio=False), translate.mime(text)) == (name, mime)


@pytest.mark.parametrize(
    ("text", "audio", "name"), [("h265", False, "vp8"), ("opus", False, "vp8"), ("pcmu", True, "opus")]
)
def test_for_a_codec_that_is_not_published_here_comes_one_that_everybody_has(
    text: str, audio: bool, name: str
) -> None:
    assert translate.codec_name(text, audio=audio) == name


def test_nobody_is_told_to_be_hidden_or_a_recorder() -> None:
    told = translate.permission(VideoGrants(can_publish_sources=("camera", "nonsense"), agent=True))
    assert list(told.can_publish_sources) == [models.TrackSource.CAMERA]
    assert (told.hidden, told.recorder, told.agent) == (False, False, True)
