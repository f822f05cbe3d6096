"""Control messages on the wire: what goes in comes out, and nothing else is let through."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.control import messages
from server.control.codec import (
    LARGEST_NOTIFICATION,
    LARGEST_REQUEST,
    ProtocolError,
    encode,
    notification_decoder,
    request_decoder,
)
from server.control.messages import (
    CloseTransport,
    CreateTransport,
    DataMember,
    FourWords,
    GetStats,
    Ready,
    RefusalReason,
    Refused,
    Stop,
    TransportState,
)


def frame(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


@given(
    cut=st.integers(1, 40),
    ids=st.lists(st.integers(1, 2**32 - 1), min_size=1, max_size=20),
)
def test_messages_survive_any_cutting_of_the_stream(cut: int, ids: list[int]) -> None:
    sent = [CloseTransport(each) for each in ids]
    stream = b"".join(encode(each, LARGEST_REQUEST) for each in sent)
    decoder = request_decoder()
    received = [
        message for at in range(0, len(stream), cut) for message in decoder.feed(stream[at : at + cut])
    ]
    assert received == sent


def test_a_fingerprint_is_carried_as_four_64_bit_integers() -> None:
    top = 2**64 - 1
    ready = Ready(FourWords(top, 0, 1, top), 7882, 0)
    assert notification_decoder().feed(encode(ready, LARGEST_NOTIFICATION)) == [ready]


def test_a_relay_has_no_word_for_bytes_or_text() -> None:
    """Every field of every notification is a boolean, an enumeration or an integer, or four of them."""
    allowed = (msgspec.inspect.IntType, msgspec.inspect.BoolType, msgspec.inspect.EnumType)
    for notification in get_args(messages.Notification):
        described = msgspec.inspect.type_info(notification)
        assert isinstance(described, msgspec.inspect.StructType)
        for field in described.fields:
            kind = field.type
            if isinstance(kind, msgspec.inspect.StructType):
                assert kind.cls is FourWords
                assert all(isinstance(part.type, allowed) for part in kind.fields)
            else:
                assert isinstance(kind, allowed), (notification, field.name)


def test_every_notification_is_far_below_its_cap() -> None:
    top = 2**63 - 1
    stats = messages.Stats(2**32 - 1, 1, 1, 1, top, top, top, top, 2**32 - 1, 2**32 - 1, 2**32 - 1, 2**16 - 1)
    assert len(encode(stats, LARGEST_NOTIFICATION)) < LARGEST_NOTIFICATION // 8


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xc1",
        b"\x00" * 64,
        msgspec.msgpack.encode(["Nonsense", 1]),
        msgspec.msgpack.encode(["GetStats"]),
        msgspec.msgpack.encode(["GetStats", 1, 2]),
        msgspec.msgpack.encode(["GetStats", "1"]),
        msgspec.msgpack.encode(["GetStats", 2**32]),
        msgspec.msgpack.encode(["CloseTransport", 0]),
        msgspec.msgpack.encode(["CreateTransport", 1, "abc", "x" * 22, True]),
        msgspec.msgpack.encode(["CreateTransport", 1, "a" * 300, "x" * 22, True]),
        msgspec.msgpack.encode(["Ready", [1, 2, 3, 4], 5, 6]),
        b"\x91" * 60_000,
        b"\xa4\xff\xfe\xfd\xfc",
    ],
)
def test_what_is_not_in_the_vocabulary_is_fatal(body: bytes) -> None:
    with pytest.raises(ProtocolError):
        request_decoder().feed(frame(body))


def test_the_directions_do_not_mix() -> None:
    with pytest.raises(ProtocolError):
        notification_decoder().feed(encode(Stop(), LARGEST_REQUEST))
    with pytest.raises(ProtocolError):
        request_decoder().feed(encode(Refused(1, RefusalReason.LIMIT), LARGEST_NOTIFICATION))


def test_an_announced_length_above_the_cap_is_refused_before_its_bytes_come() -> None:
    with pytest.raises(ProtocolError):
        notification_decoder().feed((LARGEST_NOTIFICATION + 1).to_bytes(4, "big"))
    assert notification_decoder().feed(LARGEST_NOTIFICATION.to_bytes(4, "big")) == []


def test_a_message_too_large_to_be_read_is_not_sent() -> None:
    member = DataMember(1, 1, "n" * 256, "s" * 256, 1, 1, True)
    assert encode(member, LARGEST_REQUEST)
    with pytest.raises(ProtocolError):
        encode(member, 100)


@given(st.binary(max_size=200))
def test_noise_is_refused_or_understood_but_never_anything_else(noise: bytes) -> None:
    for decoder in (request_decoder(), notification_decoder()):
        try:
            decoder.feed(frame(noise))
        except ProtocolError:
            continue


def test_errors_quote_nothing_of_the_message() -> None:
    secret = "the-password-of-this-transport"
    body = msgspec.msgpack.encode(["CreateTransport", 1, secret, secret, "no"])
    with pytest.raises(ProtocolError) as caught:
        request_decoder().feed(frame(body))
    assert secret not in str(caught.value)


def test_messages_of_both_kinds_keep_their_values() -> None:
    create = CreateTransport(7, "ufrag", "p" * 22, opens_data_channels=True)
    assert request_decoder().feed(encode(create, LARGEST_REQUEST)) == [create]
    assert request_decoder().feed(encode(GetStats(3), LARGEST_REQUEST)) == [GetStats(3)]
    state = TransportState(7, messages.TransportPhase.CONNECTED, messages.SrtpProfile.AEAD_AES_128_GCM)
    assert notification_decoder().feed(encode(state, LARGEST_NOTIFICATION)) == [state]
