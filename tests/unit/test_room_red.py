"""Sound in RED: which tracks are sent so, who is offered it, and what the flags of a track say of it."""

from __future__ import annotations

from typing import Any

import pytest
from livekit.protocol import models
from livekit.protocol.rtc import AddTrackRequest, SessionDescription

from server.control.messages import CodecKind, CreateConsumer, CreateProducer, PayloadMapping
from server.sdp.parse import parse
from tests.unit.descriptions import block
from tests.unit.stage import Sending, Stage, answer_text, offer_text

MIC = Sending("audio", "0", "mic-cid")
ENCRYPTED = models.Encryption.Type.GCM


def offer_red(stage: Stage, sid: str, number: int = 2) -> list[str]:
    """Offers a microphone as browsers do; the lines of the answered section."""
    text = offer_text(MIC).replace("RTP/SAVPF 111\r\n", "RTP/SAVPF 111 63\r\n")
    red = "a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n"
    text = text.replace("opus/48000/2\r\n", "opus/48000/2\r\n" + red)
    stage.signal(sid, offer=SessionDescription(type="offer", sdp=text, id=number))
    return block(stage.last(sid, "answer").answer.sdp, "0")


def add_track(stage: Stage, sid: str, **request: Any) -> models.TrackInfo:
    stage.signal(sid, add_track=AddTrackRequest(cid="mic-cid", type=models.TrackType.AUDIO, **request))
    return stage.last(sid, "track_published").track_published.track


def producer_codecs(stage: Stage) -> list[CodecKind]:
    (producer,) = stage.requests(CreateProducer)
    return [codec.codec for codec in producer.codecs]


def test_sound_is_sent_in_red_if_the_publisher_offers_it() -> None:
    stage = Stage()
    ada = stage.enter("ada")
    assert not add_track(stage, ada).disable_red
    lines = offer_red(stage, ada)
    assert lines[0] == "m=audio 9 UDP/TLS/RTP/SAVPF 63 111"
    assert "a=fmtp:63 111/111" in lines
    assert producer_codecs(stage) == [CodecKind.RED, CodecKind.OPUS]


@pytest.mark.parametrize("request_", [{"disable_red": True}, {"encryption": ENCRYPTED}])
def test_sound_that_is_not_to_be_in_red_is_opus(request_: dict[str, Any]) -> None:
    stage = Stage()
    ada = stage.enter("ada")
    track = add_track(stage, ada, **request_)
    assert (track.disable_red, track.encryption) == (True, request_.get("encryption", 0))
    assert offer_red(stage, ada)[0] == "m=audio 9 UDP/TLS/RTP/SAVPF 111"
    assert producer_codecs(stage) == [CodecKind.OPUS]


def test_a_track_that_began_without_red_goes_on_without() -> None:
    stage = Stage()
    ada = stage.enter("ada")
    assert "63" not in offer_red(stage, ada)[0]  # nobody has said yet what is sent here
    add_track(stage, ada)
    assert producer_codecs(stage) == [CodecKind.OPUS]
    assert "63" not in offer_red(stage, ada, number=3)[0]


def test_red_is_sent_to_those_who_answer_with_it() -> None:
    stage = Stage()
    ada = stage.enter("ada", can_subscribe=False)
    new, old = (stage.enter(name, can_publish=False) for name in ("new", "old"))
    add_track(stage, ada)
    offer_red(stage, ada)
    stage.media(MIC)
    stage.pass_time(0.2)
    stage.answer(new)
    offer = stage.last(old, "offer").offer
    answer = answer_text(offer.sdp).replace(" 63\r\n", "\r\n").replace("a=rtpmap:63", "a=x-rtpmap:63")
    stage.signal(old, answer=SessionDescription(type="answer", sdp=answer, id=offer.id))
    opus = next(codec for section in parse(offer.sdp).sections for codec in section.codecs[:1])
    assert (opus.name, opus.feedback) == ("opus", ())  # what is repeated in RED is not asked for again
    with_red, without = stage.requests(CreateConsumer)
    assert with_red.payload_types == [PayloadMapping(111, 111), PayloadMapping(63, 63)]
    assert without.payload_types == [PayloadMapping(111, 111)]


@pytest.mark.parametrize("disable_dtx", [False, True])
def test_silence_is_left_out_unless_the_publisher_objects(disable_dtx: bool) -> None:
    stage = Stage()
    ada = stage.enter("ada")
    track = add_track(stage, ada, disable_dtx=disable_dtx)
    features = [models.AudioTrackFeature.TF_NO_DTX] if disable_dtx else []
    assert (track.disable_dtx, list(track.audio_features)) == (disable_dtx, features)
    (opus,) = [line for line in offer_red(stage, ada) if line.startswith("a=fmtp:111")]
    assert ("usedtx=1" in opus) is not disable_dtx
