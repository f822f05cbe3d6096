"""A client that begins ICE anew is answered with new credentials, and nothing else begins anew."""

from __future__ import annotations

from typing import cast

from livekit.protocol.rtc import SessionDescription

from server.control.messages import ConnectTransport, CreateTransport, RestartIce
from server.sdp.parse import parse
from tests.unit.stage import Sending, Stage, offer_text

MIC = Sending("audio", "0", "mic-cid")


def described(stage: Stage, sid: str) -> tuple[str, str]:
    """What the last answer says."""
    section = parse(stage.last(sid, "answer").answer.sdp).sections[0]
    return section.ice_ufrag, section.ice_pwd


def offered(stage: Stage, sid: str, number: int, ufrag: str = "") -> None:
    text = offer_text(MIC)
    before = parse(text).sections[0].ice_ufrag
    if ufrag:
        text = text.replace(f"a=ice-ufrag:{before}", f"a=ice-ufrag:{ufrag}")
    stage.signal(sid, offer=SessionDescription(type="offer", sdp=text, id=number))


def test_it_is_answered_with_credentials_that_the_relay_has_got() -> None:
    stage = Stage()
    sid = stage.enter("ada")
    offered(stage, sid, 1)
    first = described(stage, sid)
    stage.forget()
    offered(stage, sid, 2, "anew")
    second = described(stage, sid)
    assert first[0] != second[0]
    assert first[1] != second[1]
    (restart,) = cast(list[RestartIce], stage.requests(RestartIce))
    assert (restart.local_ufrag, restart.local_pwd) == second
    assert not stage.requests(ConnectTransport)
    assert not stage.requests(CreateTransport)


def test_the_relay_knows_before_the_client_does() -> None:
    stage = Stage()
    sid = stage.enter("ada")
    offered(stage, sid, 1)
    stage.forget()
    offered(stage, sid, 2, "anew")
    kinds = [str(effect) for effect in stage.log]
    restart = next(at for at, effect in enumerate(kinds) if "RestartIce" in effect)
    answer = next(at for at, effect in enumerate(kinds) if "answer" in effect)
    assert restart < answer


def test_an_offer_with_the_same_credentials_is_no_restart() -> None:
    stage = Stage()
    sid = stage.enter("ada")
    offered(stage, sid, 1)
    first = described(stage, sid)
    offered(stage, sid, 2)
    assert described(stage, sid) == first
    assert not stage.requests(RestartIce)
