"""ICE candidates of clients: read leniently, bounded, handed to the relay and kept nowhere."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from livekit.protocol.rtc import SessionDescription, SignalTarget, TrickleRequest

from server.control.messages import (
    MOST_CANDIDATES,
    AddCandidates,
    CandidateKind,
    RemoteCandidate,
)
from server.sdp.candidates import read_candidate, read_trickled
from server.sdp.parse import parse
from tests.unit.descriptions import NAMES, read
from tests.unit.stage import Stage, offer_text

HOST = (
    "candidate:842163049 1 udp 2113937151 192.0.2.7 50000 typ host generation 0 ufrag abcd network-cost 999"
)
MDNS = "candidate:1 1 udp 2113937151 0d5f8b1e-aaaa-bbbb-cccc-0123456789ab.local 50001 typ host"
MAPPED = "candidate:2 1 UDP 1677729535 198.51.100.7 6000 typ srflx raddr 0.0.0.0 rport 0"
RELAYED = "candidate:3 1 udp 33562367 2001:db8::7 7000 typ relay raddr 192.0.2.7 rport 50000"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (HOST, RemoteCandidate(bytes([192, 0, 2, 7]), 50000, CandidateKind.HOST)),
        ("a=" + HOST, RemoteCandidate(bytes([192, 0, 2, 7]), 50000, CandidateKind.HOST)),
        (MDNS, RemoteCandidate(b"", 50001, CandidateKind.HOST)),
        (MAPPED, RemoteCandidate(bytes([198, 51, 100, 7]), 6000, CandidateKind.SERVER_REFLEXIVE)),
        (RELAYED, RemoteCandidate(bytes.fromhex("20010db8" + "0" * 22 + "07"), 7000, CandidateKind.RELAYED)),
        (
            HOST.replace("typ host", "typ prflx"),
            RemoteCandidate(bytes([192, 0, 2, 7]), 50000, CandidateKind.PEER_REFLEXIVE),
        ),
        (HOST.replace(" 1 udp", " 2 udp"), None),
        (HOST.replace("udp", "tcp"), None),
        (HOST.replace("typ host", "typ moon"), None),
        (HOST.replace(" 50000 ", " 65536 "), None),
        (HOST.replace("192.0.2.7", "x" * 300), None),
        (HOST + " x" * 1000, None),
        ("", None),
        ("end-of-candidates", None),
    ],
)
def test_a_candidate_is_an_address_a_port_and_a_kind(line: str, expected: RemoteCandidate | None) -> None:
    assert read_candidate(line) == expected


@given(st.text(max_size=300))
def test_no_text_raises(text: str) -> None:
    for found in (read_candidate(text), read_trickled(text), read_trickled(json.dumps({"candidate": text}))):
        assert found is None or len(found.address) in {0, 4, 16}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"candidate": 5}', "[" * 3000, '{"candidate":"' + "x" * 5000 + '"}', "\ud800"]
)
def test_a_trickle_that_cannot_be_read_is_none(text: str) -> None:
    assert read_trickled(text) is None


def test_descriptions_of_real_clients_can_have_them() -> None:
    text = read(NAMES[0]).replace("a=setup:", f"a={HOST}\r\na=candidate:rubbish\r\na={MDNS}\r\na=setup:")
    described = [one.port for one in parse(read(NAMES[0])).candidates]
    assert described
    found = {one.port for one in parse(text).candidates}
    assert found == {*described, 50000, 50001}
    many = "".join(f"a={HOST.replace('50000', str(port))}\r\n" for port in range(1, 200))
    assert len(parse(read(NAMES[0]).replace("a=setup:", many + "a=setup:")).candidates) == MOST_CANDIDATES


def asked(stage: Stage) -> dict[int, list[int]]:
    """Ports by transport."""
    found: dict[int, list[int]] = {}
    for request in stage.requests(AddCandidates):
        found.setdefault(request.transport, []).extend(one.port for one in request.candidates)
    return found


def trickle(line: str, target: SignalTarget) -> TrickleRequest:
    return TrickleRequest(candidateInit=json.dumps({"candidate": line, "sdpMid": "0"}), target=target)


def test_they_reach_the_relay_by_trickle_and_by_description_for_the_transport_they_are_of() -> None:
    stage = Stage()
    sid = stage.join("ada")
    participant = stage.participant(sid)
    assert participant.subscriber is not None
    stage.signal(sid, trickle=trickle(HOST, SignalTarget.PUBLISHER))
    stage.signal(sid, trickle=trickle(MAPPED, SignalTarget.SUBSCRIBER))
    text = offer_text().replace("a=setup:", f"a={RELAYED}\r\na=setup:")
    stage.signal(sid, offer=SessionDescription(type="offer", sdp=text, id=1))
    assert asked(stage) == {
        participant.publisher.transport: [50000, 7000],
        participant.subscriber.transport: [6000],
    }


def test_there_are_only_so_many_of_a_transport() -> None:
    stage = Stage()
    sid = stage.join("ada")
    for port in range(1, 200):
        line = HOST.replace("50000", str(port))
        stage.signal(sid, trickle=trickle(line, SignalTarget.PUBLISHER))
    (ports,) = asked(stage).values()
    assert len(ports) == MOST_CANDIDATES


def test_nothing_of_them_is_kept_in_the_room() -> None:
    stage = Stage()
    sid = stage.enter("ada")
    stage.signal(sid, trickle=trickle(HOST, SignalTarget.PUBLISHER))
    assert _mentions(stage.requests(AddCandidates), set())
    stage.forget()
    assert not _mentions(stage.room, set())


def _mentions(thing: object, seen: set[int]) -> bool:
    """Whether an object reaches the address or the port of HOST."""
    if id(thing) in seen:
        return False
    seen.add(id(thing))
    if thing in (50000, bytes([192, 0, 2, 7]), "192.0.2.7"):
        return True
    parts: list[object] = []
    if isinstance(thing, dict):
        parts += [*thing, *thing.values()]
    elif isinstance(thing, list | tuple | set):
        parts += thing
    kind = type(thing)
    names = [name for of in ("__slots__", "__struct_fields__") for name in getattr(kind, of, ())]
    names += getattr(thing, "__dict__", ())
    parts += [getattr(thing, name, None) for name in names]
    return any(_mentions(part, seen) for part in parts)


def test_a_subscriber_that_does_not_exist_has_no_candidates() -> None:
    stage = Stage()
    sid = stage.join("ada", can_subscribe=False)
    stage.signal(sid, trickle=trickle(HOST, SignalTarget.SUBSCRIBER))
    assert asked(stage) == {}
