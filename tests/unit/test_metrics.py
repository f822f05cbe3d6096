"""The metrics say what the server does, and their labels are words of closed lists."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import unused_port
from aiohttp.web import HTTPNotFound, Request, StreamResponse
from livekit.protocol.rtc import LeaveRequest
from msgspec import structs

from server.control.messages import Bandwidth, SrtpProfile, TransportBandwidth, TransportPhase, TransportState
from server.errors import OperatorError, Refusal
from server.guarantee.host import FirewallEvidence, FirewallState
from server.metadata.outcome import AttemptCause, Stage
from server.metadata.rows.attempts import AttemptEnded
from server.metadata.rows.operation import RelayBorn, RelayDrifted, RelayLost
from server.metadata.rows.sessions import (
    ParticipantActive,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantResumed,
)
from server.metadata.rows.tracks import TrackPublished, TrackUnpublished
from server.metadata.rows.transports import TransportEnded
from server.metadata.transport_words import Direction, TransportEnd
from server.metadata.words import (
    DriftedCheck,
    GuaranteeLevel,
    LeaveReason,
    RelayLossReason,
    Sdk,
    TrackKind,
    TrackSource,
)
from server.metrics.listener import listen
from server.tally import STAGE_OF_REFUSAL, Tally
from tests.unit.exposed import Exposed, KnownRelay
from tests.unit.signaling import ClientMaker, Server, connect
from tests.unit.test_judge import FULL, NOW

WHO: dict[str, Any] = {"room": "hall", "identity": "ada", "participant": "PA_123456789012"}


def test_a_relay_tells_its_load_in_seconds_and_packets() -> None:
    exposed = Exposed()
    assert exposed.value("offrecord_relay_packets_sent_total", relay="1") == 3000
    assert exposed.value("offrecord_relay_packets_dropped_total", relay="1") == 7
    assert exposed.value("offrecord_relay_cpu_seconds_total", relay="1") == 2.5
    assert exposed.value("offrecord_relay_residence_p50_seconds", relay="1") == pytest.approx(120e-6)
    assert exposed.value("offrecord_relay_residence_p99_seconds", relay="1") == pytest.approx(250e-6)
    assert exposed.value("offrecord_relay_residence_seconds_bucket", relay="1", le="0.001") == 832
    assert exposed.value("offrecord_relay_residence_seconds_bucket", relay="1", le="+Inf") == 960
    assert exposed.value("offrecord_relay_residence_longest_seconds", relay="1") == pytest.approx(900e-6)
    assert exposed.value("offrecord_relay_oldest_media_seconds", relay="1") == pytest.approx(0.48)
    assert exposed.value("offrecord_relay_generation", relay="1") == 2


def test_a_relay_tells_bytes_and_what_was_lost_and_sent_again_each_way() -> None:
    exposed = Exposed()
    assert exposed.value("offrecord_relay_bytes_received_total", relay="1") == 655_360
    assert exposed.value("offrecord_relay_bytes_sent_total", relay="1") == 1_310_720
    assert exposed.value("offrecord_relay_connections", relay="1") == 64
    assert exposed.value("offrecord_relay_media_packets_lost_total", relay="1", way="in") == 64
    assert exposed.value("offrecord_relay_media_packets_lost_total", relay="1", way="out") == 128
    assert exposed.value("offrecord_relay_media_packets_resent_total", relay="1", way="in") == 192
    assert exposed.value("offrecord_relay_media_packets_resent_total", relay="1", way="out") == 256
    silent = Exposed(relays=[KnownRelay(traffic=None)])
    assert "offrecord_relay_bytes_sent_total{" not in silent.text()


def test_what_has_ended_is_counted_by_cause_with_round_trip_and_jitter() -> None:
    exposed = Exposed()
    over = TransportEnded(
        **WHO,
        direction=Direction.SUBSCRIBER,
        end=TransportEnd.CONSENT_LOST,
        milliseconds=5,
        round_trip_last=80,
    )
    exposed.tally.note(over)
    exposed.tally.note(structs.replace(over, direction=Direction.PUBLISHER, round_trip_last=0))
    track = TrackUnpublished(**WHO, track="TR_123456789012", milliseconds=5, packets=9, jitter=25)
    exposed.tally.note(track)
    exposed.tally.note(structs.replace(track, packets=0, jitter=0))
    ended = {"direction": "subscriber", "end": "consent_lost"}
    assert exposed.value("offrecord_transports_ended_total", **ended) == 1
    assert exposed.value("offrecord_transport_round_trip_seconds_count") == 1
    assert exposed.value("offrecord_transport_round_trip_seconds_bucket", le="0.05") == 0
    assert exposed.value("offrecord_transport_round_trip_seconds_bucket", le="0.1") == 1
    assert exposed.value("offrecord_track_jitter_seconds_count") == 1
    assert exposed.value("offrecord_track_jitter_seconds_sum") == pytest.approx(0.025)


def test_a_relay_that_has_not_told_yet_has_no_counters() -> None:
    exposed = Exposed(relays=[KnownRelay(stats=None)])
    assert "offrecord_relay_packets_sent_total{" not in exposed.text()
    assert exposed.value("offrecord_relay_level", relay="1") == 2


def test_the_level_is_what_is_observed_now() -> None:
    exposed = Exposed()
    assert exposed.value("offrecord_guarantee_level") == 2
    assert exposed.value("offrecord_relays_serving") == 1
    exposed.relays.append(KnownRelay(2, observed=replace(FULL, relay=2, status=None)))
    assert exposed.value("offrecord_guarantee_level") == 0
    assert exposed.value("offrecord_relay_level", relay="1") == 2
    assert exposed.value("offrecord_relay_level", relay="2") == 0
    assert exposed.value("offrecord_relay_check_held", relay="2", check="seccomp") == 0
    exposed.relays.clear()
    assert exposed.value("offrecord_guarantee_level") == 0
    assert exposed.value("offrecord_relays_serving") == 0


def test_the_host_firewall_has_one_state() -> None:
    exposed = Exposed()
    assert exposed.value("offrecord_host_firewall", state="off") == 1
    held = FirewallEvidence(FirewallState.HELD, NOW - 1, refused=5)
    exposed.relays = [KnownRelay(observed=replace(FULL, host_firewall=held))]
    assert exposed.value("offrecord_host_firewall", state="held") == 1
    assert exposed.value("offrecord_host_firewall", state="off") == 0
    assert exposed.value("offrecord_host_firewall_refused_datagrams_total") == 5


def test_what_the_ledger_is_told_is_counted() -> None:
    exposed = Exposed()
    tally = exposed.tally
    told: list[object] = []
    record = tally.noting(told.append)
    record(ParticipantJoined(**WHO, sdk=Sdk.JS))
    record(ParticipantActive(**WHO, join_milliseconds=400))
    record(TrackPublished(**WHO, track="TR_123456789012", kind=TrackKind.VIDEO, source=TrackSource.CAMERA))
    assert len(told) == 3
    assert exposed.value("offrecord_joins_total", sdk="js") == 1
    assert exposed.value("offrecord_join_seconds_bucket", le="0.3") == 0
    assert exposed.value("offrecord_join_seconds_bucket", le="0.5") == 1
    assert exposed.value("offrecord_join_seconds_bucket", le="+Inf") == 1
    assert exposed.value("offrecord_join_seconds_count") == 1
    assert exposed.value("offrecord_join_seconds_sum") == pytest.approx(0.4)
    assert exposed.value("offrecord_tracks", source="camera") == 1
    record(TrackUnpublished(**WHO, track="TR_123456789012", milliseconds=1))
    record(ParticipantResumed(**WHO, milliseconds=2))
    assert exposed.value("offrecord_resumptions_total") == 1
    record(ParticipantLeft(**WHO, reason=LeaveReason.CLIENT_LEFT, milliseconds=2))
    assert exposed.value("offrecord_tracks", source="camera") == 0
    assert exposed.value("offrecord_tracks_published_total", codec="unknown") == 1
    assert exposed.value("offrecord_departures_total", reason="client_left") == 1


@pytest.mark.parametrize(
    ("stage", "cause", "failures"),
    [
        (Stage.WEBSOCKET, AttemptCause.CLIENT_LEFT, 1),
        (Stage.NEGOTIATION, AttemptCause.NEVER_READY, 1),
        (Stage.ICE, AttemptCause.NEVER_READY, 1),
        (Stage.DTLS, AttemptCause.RELAY_LOST, 1),
        (Stage.MEDIA, AttemptCause.NONE, 0),
        (Stage.READY, AttemptCause.NONE, 0),
    ],
)
def test_a_join_that_fails_after_it_was_let_in_is_counted_once(
    stage: Stage, cause: AttemptCause, failures: int
) -> None:
    exposed = Exposed()
    attempt = AttemptEnded(**WHO, code="0000-0000", stage=stage, cause=cause, milliseconds=2)
    exposed.tally.note(attempt)
    samples = [one for family in exposed.families() for one in family.samples]
    counted = [one for one in samples if one.name == "offrecord_join_failures_total" and one.value]
    assert len(counted) == failures
    if failures:
        assert counted[0].labels == {"stage": stage.value, "cause": cause.value}


def test_relays_that_come_and_go_are_counted_by_reason() -> None:
    exposed = Exposed()
    exposed.tally.note(RelayBorn(relay=1, generation=1, level=GuaranteeLevel.FULL))
    exposed.tally.note(RelayDrifted(relay=1, generation=1, check=DriftedCheck.TRACED))
    exposed.tally.note(RelayLost(relay=1, generation=1, reason=RelayLossReason.DRIFTED))
    assert exposed.value("offrecord_relay_births_total", level="full") == 1
    assert exposed.value("offrecord_relay_drifts_total", check="traced") == 1
    assert exposed.value("offrecord_relay_losses_total", reason="drifted") == 1
    assert exposed.value("offrecord_incidents", kind="tripwire") == 1


def test_phases_of_transports_are_counted_on_their_way() -> None:
    server, exposed = Server(), Exposed()
    listener = exposed.tally.listening(server.rooms)
    listener.relay_notified(server.link, TransportState(1, TransportPhase.FAILED, SrtpProfile.NONE))
    assert exposed.value("offrecord_transport_phases_total", phase="failed") == 1


def test_downlinks_are_counted_by_what_they_carry_until_they_are_gone() -> None:
    server, exposed = Server(), Exposed()
    listener = exposed.tally.listening(server.rooms)
    for transport, bandwidth in ((1, Bandwidth.BELOW_1_MBPS), (2, Bandwidth.ABOVE_10_MBPS)):
        listener.relay_notified(server.link, TransportBandwidth(transport, bandwidth))
    listener.relay_notified(server.link, TransportBandwidth(1, Bandwidth.BELOW_300_KBPS))
    assert exposed.value("offrecord_downlinks", carries="below_1_mbps") == 0
    assert exposed.value("offrecord_downlinks", carries="below_300_kbps") == 1
    listener.relay_notified(server.link, TransportBandwidth(1, Bandwidth.UNKNOWN))
    assert exposed.value("offrecord_downlinks", carries="below_300_kbps") == 0
    assert exposed.value("offrecord_downlinks", carries="above_10_mbps") == 1
    listener.relay_lost(server.link)
    assert exposed.value("offrecord_downlinks", carries="above_10_mbps") == 0


def test_every_reason_of_a_refusal_has_a_stage() -> None:
    assert STAGE_OF_REFUSAL.keys() == set(Refusal)


async def test_refusals_are_counted_by_stage_and_cause(aiohttp_client: ClientMaker) -> None:
    server = Server()
    client = await aiohttp_client(server.application)
    exposed = Exposed(server.tally)
    for token in (server.token(life=-3600), server.token(secret="x" * 32), server.token(room="")):
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await connect(client, token)
    server.placement.link = None
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await connect(client, server.token())
    assert exposed.value("offrecord_join_failures_total", stage="none", cause="expired") == 1
    assert exposed.value("offrecord_join_failures_total", stage="none", cause="malformed") == 1
    assert exposed.value("offrecord_join_failures_total", stage="none", cause="unusable") == 1
    assert exposed.value("offrecord_join_failures_total", stage="token", cause="no_relay") == 1


async def test_answers_are_counted_by_pattern_and_status(aiohttp_client: ClientMaker) -> None:
    server = Server()

    async def gone(request: Request) -> StreamResponse:
        raise HTTPNotFound

    async def broken(request: Request) -> StreamResponse:
        raise RuntimeError

    server.application.router.add_get("/of/{name}", gone)
    server.application.router.add_get("/broken", broken)
    client = await aiohttp_client(server.application)
    exposed = Exposed(server.tally, server.rooms)
    peer = await connect(client, server.token())
    assert exposed.value("offrecord_rooms") == 1
    assert exposed.value("offrecord_participants") == 1
    await client.get("/of/ada")
    await client.get("/nowhere/ada")
    await client.post("/guarantee")
    await client.get("/broken")
    await peer.send(leave=LeaveRequest())
    await peer.closed()
    assert server.tally.answers == {
        ("/{slashes}rtc", 101): 1,
        ("/of/{name}", 404): 1,
        ("unmatched", 404): 1,
        ("unmatched", 405): 1,
        ("/broken", 500): 1,
    }
    assert exposed.value("offrecord_http_responses_total", route="/of/{name}", status="404") == 1


async def test_metrics_have_a_listener_of_their_own() -> None:
    port = unused_port()
    async with AsyncExitStack() as stack:
        await listen(Exposed().source(), "127.0.0.1", port, stack)
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/metrics") as answer:
                assert answer.status == 200
                assert answer.headers["Content-Type"].startswith("text/plain")
                text = await answer.text()
            assert 'offrecord_info{version="1.2.3"} 1.0' in text
            assert "process_resident_memory_bytes" in text
            accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
            async with session.get(f"http://127.0.0.1:{port}/metrics", headers=accept) as answer:
                assert (await answer.text()).endswith("# EOF\n")
            async with session.get(f"http://127.0.0.1:{port}/") as answer:
                assert answer.status == 404
        with pytest.raises(OperatorError, match=r"metrics\.port"):
            await listen(Exposed().source(), "127.0.0.1", port, stack)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.get(f"http://127.0.0.1:{port}/metrics")


async def test_the_public_port_has_no_metrics(aiohttp_client: ClientMaker) -> None:
    client = await aiohttp_client(Server().application)
    assert (await client.get("/metrics")).status == 404


def test_nothing_is_kept_of_who_has_left() -> None:
    tally = Tally()
    tally.note(ParticipantJoined(**WHO))
    tally.note(TrackPublished(**WHO, track="TR_123456789012", kind=TrackKind.AUDIO))
    tally.note(TrackUnpublished(**WHO, track="TR_123456789012", milliseconds=1))
    tally.note(ParticipantLeft(**WHO, reason=LeaveReason.CLIENT_LEFT, milliseconds=1))
    assert not tally._source
