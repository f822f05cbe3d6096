"""Ops see that everyone in Lyon failed: the site is in rows of joins, refusals and counts, and in metrics."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import WSServerHandshakeError
from livekit.protocol.rtc import LeaveRequest

from server.metadata.outcome import AttemptCause, Stage
from server.metadata.rows.attempts import AttemptEnded, AttemptsRefused
from server.metadata.rows.sessions import ParticipantJoined
from server.metrics.collector import NO_SITE
from tests.unit.exposed import Exposed
from tests.unit.signaling import ClientMaker, Peer, Server, without_auto_create

SITES = {"Lyon": ("203.0.113.0/24", "2001:db8:1::/48"), "Paris": ("198.51.100.0/24",)}
LYON, LYON_V6, PARIS, NOWHERE = "203.0.113.7", "2001:db8:1::7", "198.51.100.7", "192.0.2.7"


def behind_a_proxy(**settings: Any) -> Server:
    return Server(trusted_proxies=("127.0.0.1",), sites=SITES, **settings)


async def join(client: Any, token: str, address: str) -> Peer:
    query = {"access_token": token, "protocol": "17", "auto_subscribe": "1"}
    return Peer(await client.ws_connect("/rtc", params=query, headers={"X-Forwarded-For": address}))


async def test_who_joins_is_kept_with_the_site(aiohttp_client: ClientMaker) -> None:
    server = behind_a_proxy()
    client = await aiohttp_client(server.application)
    for number, address in enumerate((LYON, LYON_V6, PARIS, NOWHERE)):
        peer = await join(client, server.token(f"p{number}"), address)
        await peer.next("join")
        await peer.send(leave=LeaveRequest())
        await peer.closed()
    joined = [event for event in server.events if isinstance(event, ParticipantJoined)]
    ended = [event for event in server.events if isinstance(event, AttemptEnded)]
    assert [event.site for event in joined] == ["Lyon", "Lyon", "Paris", ""]
    assert [event.site for event in ended] == ["Lyon", "Lyon", "Paris", ""]
    assert {event.cause for event in ended} != {AttemptCause.NONE}


async def test_whoever_is_not_trusted_cannot_be_elsewhere(aiohttp_client: ClientMaker) -> None:
    server = Server(sites={**SITES, "Here": ("127.0.0.0/8",)})
    peer = await join(await aiohttp_client(server.application), server.token(), LYON)
    await peer.next("join")
    [joined] = [event for event in server.events if isinstance(event, ParticipantJoined)]
    assert joined.site == "Here"


async def test_everyone_in_lyon_failed(aiohttp_client: ClientMaker) -> None:
    server = behind_a_proxy(rooms=without_auto_create())
    client = await aiohttp_client(server.application)
    for address, token in [
        (LYON, server.token("ada")),
        (LYON, server.token("ada")),
        (PARIS, server.token("ada")),
        (LYON, "rubbish"),
        (LYON_V6, "rubbish"),
        (PARIS, "rubbish"),
        (NOWHERE, "rubbish"),
    ]:
        with pytest.raises(WSServerHandshakeError):
            await join(client, token, address)
    await client.get("/rtc/validate?access_token=rubbish", headers={"X-Forwarded-For": PARIS})
    server.attempts.close()
    rows = [event for event in server.events if isinstance(event, AttemptEnded)]
    assert [(row.site, row.stage, row.cause) for row in rows] == [
        ("Lyon", Stage.TOKEN, AttemptCause.ROOM_MISSING),
        ("Paris", Stage.TOKEN, AttemptCause.ROOM_MISSING),
    ]
    counts = [event for event in server.events if isinstance(event, AttemptsRefused)]
    assert {row.site: row.count for row in counts} == {"Lyon": 2, "Paris": 1, "": 1}
    assert {row.cause for row in counts} == {AttemptCause.MALFORMED}
    assert len({*(row.code for row in rows), *(row.code for row in counts)}) == 5

    exposed = Exposed(server.tally, server.rooms, sites=server.origins.sites)
    failed = "offrecord_site_join_failures_total"
    assert [exposed.value(failed, site=site) for site in ("Lyon", "Paris", NO_SITE)] == [4, 2, 1]
    assert exposed.value("offrecord_site_joins_total", site="Lyon") == 0
    assert not any(address in exposed.text() for address in (LYON, LYON_V6, PARIS, NOWHERE))


def test_a_site_that_is_not_configured_has_no_series() -> None:
    exposed = Exposed(sites=("Lyon",))
    exposed.tally.note(ParticipantJoined(room="r", identity="i", participant="PA_1", site="Atlantis"))
    assert "Atlantis" not in exposed.text()
    assert exposed.value("offrecord_site_joins_total", site="Lyon") == 0
