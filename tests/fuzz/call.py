"""A whole room under a script of signals, relay notifications and time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
from livekit.protocol.rtc import SessionDescription, SignalRequest

from server.control.messages import Notification
from server.protocol import codec as signal_codec
from server.room.effects import Record, Send
from server.room.inputs import RelayNotified, Resume, Signal, SignalEnd, SignalLost, Tick
from server.room.resuming import may_resume
from tests.unit.balance import is_balanced
from tests.unit.stage import Sending, Stage, answer_text

IDENTITIES: Final = ("ada", "bob", "eve")
MOST_STEPS: Final = 40
_notifications = msgspec.msgpack.Decoder(Notification)


def room(data: bytes) -> None:
    """Steps are a byte of who and what, two bytes of length, and that many bytes."""
    stage = Stage()
    sids = [stage.enter(identity) for identity in IDENTITIES]
    stage.publish(sids[0], Sending("audio", "0", "microphone"))
    for step, (choice, body) in enumerate(_steps(data)):
        who = choice >> 6
        sid = sids[who % len(sids)]
        match choice & 7:
            case 0 | 1:
                _signal(stage, sid, body)
            case 2:
                _describe(stage, sid, "offer", body.decode("utf-8", "replace"), step)
            case 3:
                _answer(stage, sid, body)
            case 4:
                _notify(stage, body)
            case 5:
                stage.pass_time(int.from_bytes(body[:2], "big") / 16)
            case 6:
                stage.put(SignalLost(sid, SignalEnd.GOODBYE if body else SignalEnd.LOST))
            case _ if sid not in stage.room.participants:
                sids[who % len(sids)] = stage.join(IDENTITIES[who % len(sids)])
            case _ if may_resume(stage.room, sid, IDENTITIES[who % len(sids)]):
                stage.put(Resume(sid))
        _check(stage)
    for sid in list(stage.room.participants):
        stage.put(SignalLost(sid))
    stage.pass_time(1_000)
    stage.put(Tick())
    _check(stage)
    assert is_balanced(stage.facts()), "something began and has no end"
    assert stage.room.participants == {}
    assert stage.relay.used == set(), "identifiers leaked"


def _steps(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    for _ in range(MOST_STEPS):
        if position >= len(data):
            return
        length = int.from_bytes(data[position + 1 : position + 3], "big")
        yield data[position], data[position + 3 : position + 3 + length]
        position += 3 + length


def _signal(stage: Stage, sid: str, body: bytes) -> None:
    try:
        request = signal_codec.decode(body)
    except signal_codec.ProtocolError:
        return
    stage.put(Signal(sid, request))


def _describe(stage: Stage, sid: str, kind: str, text: str, number: int) -> None:
    description = SessionDescription(type=kind, sdp=text, id=number)
    request = SignalRequest(offer=description) if kind == "offer" else SignalRequest(answer=description)
    stage.put(Signal(sid, request))


def _answer(stage: Stage, sid: str, body: bytes) -> None:
    """What the last offer wants to hear, with a part of it replaced: the first two bytes say where."""
    offers = stage.sent(sid, "offer")
    if not offers:
        return
    text = answer_text(offers[-1].offer.sdp)
    if len(body) >= 3:
        at = int.from_bytes(body[:2], "big") % len(text)
        text = text[:at] + body[3:].decode("utf-8", "replace") + text[at + body[2] :]
    _describe(stage, sid, "answer", text, offers[-1].offer.id)


def _notify(stage: Stage, body: bytes) -> None:
    try:
        notification = _notifications.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    stage.put(RelayNotified(notification))


def _check(stage: Stage) -> None:
    """What leaves can be sent, and goes to somebody who was there."""
    known = {effect.sid for effect in stage.log if isinstance(effect, Send)}
    for effect in stage.log:
        if isinstance(effect, Send):
            outgoing = signal_codec.Outgoing(effect.response)
            assert outgoing.frame(as_json=False) is not None
            outgoing.frame(as_json=True)
    assert len(known) <= len(stage.log)
    stage.log = [
        one
        for one in stage.log
        if isinstance(one, Record) or (isinstance(one, Send) and one.response.HasField("offer"))
    ]
