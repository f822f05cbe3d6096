"""Whatever people say of themselves, in whatever field: nothing of it is in the metrics."""

from __future__ import annotations

import re
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.control.messages import Bandwidth, TransportPhase
from server.errors import Refusal
from server.guarantee.host import FirewallState
from server.guarantee.incidents import IncidentKind
from server.guarantee.judge import INSPECTED_CHECKS, KERNEL_CHECKS, REPORTED_CHECKS, Source
from server.metadata.outcome import AttemptCause, Stage
from server.metadata.rows.attempts import AttemptEnded
from server.metadata.rows.sessions import ParticipantJoined, ParticipantLeft
from server.metadata.rows.tracks import TrackPublished
from server.metadata.rows.transports import TransportEnded
from server.metadata.transport_words import Direction, TransportEnd
from server.metadata.words import (
    Codec,
    DriftedCheck,
    GuaranteeLevel,
    LeaveReason,
    RelayLossReason,
    Sdk,
    TrackKind,
    TrackSource,
)
from server.metrics.collector import NO_SITE, ServerCollector
from server.metrics.relays import RESIDENCES
from server.tally import JITTER_SECONDS, JOIN_SECONDS, ROUND_TRIP_SECONDS
from tests.unit.exposed import Exposed
from tests.unit.signaling import ClientMaker, Server, connect

SECRETS = (
    "Zuzana", "Hradecká", "Oncology-Ward", "zuzana@example.org", "192.0.2.77", "2001:db8::77", "Nokia3310",
)  # fmt: skip


def _closed_labels(routes: set[str]) -> dict[str, set[str]]:
    """Every value that a label may have."""
    return {
        "version": {"1.2.3"},
        "relay": {"1"},
        "source": {one.value for one in TrackSource} | {one.value for one in Source},
        "codec": {one.value for one in Codec},
        "site": {"Lyon", NO_SITE},
        "sdk": {one.value for one in Sdk},
        "stage": {one.value for one in Stage},
        "cause": {one.value for one in Refusal} | {one.value for one in LeaveReason},
        "reason": {one.value for one in LeaveReason} | {one.value for one in RelayLossReason},
        "phase": {one.name.lower() for one in TransportPhase},
        "carries": {one.name.lower() for one in Bandwidth},
        "level": {one.value for one in GuaranteeLevel},
        "check": {*KERNEL_CHECKS, *INSPECTED_CHECKS, *REPORTED_CHECKS} | {one.value for one in DriftedCheck},
        "kind": {one.value for one in IncidentKind},
        "state": {one.value for one in FirewallState},
        "route": routes | {"unmatched"},
        "status": {str(status) for status in range(100, 600)},
        "direction": {one.value for one in Direction},
        "end": {one.value for one in TransportEnd},
        "way": {"in", "out"},
        "receiver": {"1"},
        "outcome": {"delivered", "given_up", "gone"},
        "le": {*map(str, (*JOIN_SECONDS, *ROUND_TRIP_SECONDS, *JITTER_SECONDS)), *dict(RESIDENCES), "+Inf"},
    }


def _strange_labels(exposed: Exposed, routes: set[str]) -> list[tuple[str, str]]:
    closed = _closed_labels(routes)
    return [
        (name, value)
        for family in ServerCollector(exposed.source()).collect()
        for sample in family.samples
        for name, value in sample.labels.items()
        if value not in closed.get(name, set())
    ]


@pytest.mark.parametrize("secret", SECRETS)
async def test_nothing_that_a_client_sends_is_exposed(aiohttp_client: ClientMaker, secret: str) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    plain = secret.encode("ascii", "ignore").decode()
    headers = {
        "User-Agent": plain,
        "X-Forwarded-For": plain,
        "Referer": plain,
        "Accept": plain,
        "Cookie": plain,
    }
    query = dict.fromkeys(("sdk", "browser", "os", "device_model", "network", "version"), secret)
    peer = await connect(client, server.token(secret, secret), **query)
    await peer.next("join")
    for token in (secret, server.token(secret, secret, secret=secret * 8), server.token(secret, life=-9999)):
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await connect(client, token, **query)
    paths = (
        f"/{secret}",
        f"/assets/{secret}",
        f"/rtc/{secret}?{secret}={secret}",
        f"/guarantee?nonce={secret}",
    )
    for path in paths:
        await client.get(path, headers=headers)
    await client.post("/api/guest-token", json={"room": secret, "name": secret}, headers=headers)
    await client.request(plain.upper()[:6] if plain.isalpha() else "QUERY", "/rtc", headers=headers)
    exposed = Exposed(server.tally, server.rooms)
    text = exposed.text()
    assert "offrecord_participants 1.0" in text
    assert secret.lower() not in text.lower()
    assert plain.lower() not in text.lower()
    assert not re.search(r"(PA|TR|RM)_|eyJ", text)
    routes = {resource.canonical for resource in server.application.router.resources()}
    assert _strange_labels(exposed, routes) == []


_names = st.text(min_size=1, max_size=40)


@given(room=_names, identity=_names, sid=_names, track=_names)
def test_no_event_brings_a_name_into_a_label(room: str, identity: str, sid: str, track: str) -> None:
    exposed = Exposed(sites=("Lyon",))
    who: dict[str, Any] = {"room": room, "identity": identity, "participant": sid}
    exposed.tally.note(ParticipantJoined(**who, sdk_version=room, site=room))
    exposed.tally.note(TrackPublished(**who, track=track, kind=TrackKind.AUDIO))
    exposed.tally.note(ParticipantLeft(**who, reason=LeaveReason.OTHER, milliseconds=0))
    attempt: dict[str, Any] = {**who, "code": room, "milliseconds": 0}
    exposed.tally.note(AttemptEnded(**attempt, stage=Stage.ICE, cause=AttemptCause.OTHER, site=sid))
    assert _strange_labels(exposed, set()) == []


@given(word=_names)
def test_a_word_outside_its_list_has_no_series(word: str) -> None:
    """As a mistake of ours would bring it: the declaration of the event is not asked here."""
    exposed = Exposed()
    strange: Any = word
    who: dict[str, Any] = {"room": "hall", "identity": "ada", "participant": "PA_1"}
    exposed.tally.note(ParticipantJoined(**who, sdk=strange))
    exposed.tally.note(TrackPublished(**who, track="TR_1", kind=strange, source=strange, codec=strange))
    exposed.tally.note(ParticipantLeft(**who, reason=strange, milliseconds=0))
    exposed.tally.note(AttemptEnded(**who, code=word, stage=strange, cause=strange, milliseconds=0))
    exposed.tally.note(TransportEnded(**who, direction=strange, end=strange, milliseconds=0))
    assert _strange_labels(exposed, set()) == []
