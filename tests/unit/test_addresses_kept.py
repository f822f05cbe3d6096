"""Of the address that somebody joins from, what the configuration allows is kept, and by default nothing."""

from __future__ import annotations

from typing import Any

import pytest

from server.config import Config, Metadata
from server.metadata.event import EventError, encode
from server.metadata.query import Query
from server.metadata.receipt import FIRST_PART, NO_ADDRESS, PSEUDONYM, receipt
from server.metadata.retention import DAY, Retention
from server.metadata.rows.addresses import ParticipantAddress
from server.metadata.rows.sessions import ParticipantJoined
from server.metadata.sessions import KeptEvent, Reader
from server.metadata.store import Ledger
from tests.unit.ledger import Clock, Kept
from tests.unit.signaling import ClientMaker, Peer, Server

ADDRESSES = {"ada": "203.0.113.77", "bob": "2001:db8:1:2::77", "cleo": "203.0.113.78", "dan": "203.0.113.77"}
FIRST_PARTS = {
    "ada": "203.0.113.0/24",
    "bob": "2001:db8:1::/48",
    "cleo": "203.0.113.0/24",
    "dan": "203.0.113.0/24",
}


def kept_as(mode: Any, **settings: Any) -> Metadata:
    return Metadata(addresses=mode, **settings)


async def join_all(server: Server, aiohttp_client: ClientMaker) -> None:
    """Everybody, each from their own address, through a proxy that is trusted."""
    client = await aiohttp_client(server.application)
    for name, address in ADDRESSES.items():
        query = {"access_token": server.token(name), "protocol": "17"}
        headers = {"X-Forwarded-For": address}
        peer = Peer(await client.ws_connect("/rtc", params=query, headers=headers))
        await peer.next("join")


async def written(kept: Kept, metadata: Metadata, server: Server) -> dict[str, str]:
    """What the ledger at `kept` holds of people's addresses, once all that happened is in it."""
    ledger = await Ledger.open(kept.url, Retention.configured(metadata))
    for event in server.events:
        ledger.record(event)
    await ledger.flush()
    assert ledger.refused == 0
    reader = Reader(kept.url)
    rows = [one.event async for one in reader.events(Query())]
    await reader.aclose()
    await ledger.close()
    assert sum(isinstance(row, ParticipantJoined) for row in rows) == len(ADDRESSES)
    return {row.identity: row.network for row in rows if isinstance(row, ParticipantAddress)}


@pytest.mark.parametrize("mode", ["drop", "pseudonym", "truncate"])
async def test_what_each_mode_keeps(mode: str, kept: Kept, aiohttp_client: ClientMaker) -> None:
    metadata = kept_as(mode)
    server = Server(trusted_proxies=("127.0.0.1",), metadata=metadata)
    await join_all(server, aiohttp_client)
    networks = await written(kept, metadata, server)
    match mode:
        case "drop":
            assert networks == {}
            assert b"participant_address" not in kept.on_disk()
        case "pseudonym":
            assert networks.keys() == ADDRESSES.keys()
            assert networks["ada"] == networks["dan"]
            assert len({networks[name] for name in ("ada", "bob", "cleo")}) == 3
        case "truncate":
            assert networks == FIRST_PARTS
    for address in ADDRESSES.values():
        assert address.encode() not in kept.on_disk()


async def test_by_default_nothing_is_told_to_the_ledger(aiohttp_client: ClientMaker) -> None:
    assert Metadata().addresses == Config().metadata.addresses == "drop"
    server = Server(trusted_proxies=("127.0.0.1",))
    await join_all(server, aiohttp_client)
    assert not [event for event in server.events if isinstance(event, ParticipantAddress)]


async def test_without_details_nothing_is_written(kept: Kept, aiohttp_client: ClientMaker) -> None:
    metadata = kept_as("pseudonym", details=False)  # which refuses to start
    server = Server(trusted_proxies=("127.0.0.1",), metadata=metadata)
    await join_all(server, aiohttp_client)
    assert await written(kept, metadata, server) == {}


def row(network: str) -> ParticipantAddress:
    return ParticipantAddress(room="hall", identity="ada", participant="PA_12345678", network=network)


@pytest.mark.parametrize(
    ("before", "now", "left"),
    [
        ("pseudonym", "drop", set()),
        ("truncate", "drop", set()),
        ("truncate", "pseudonym", {"0123456789abcdef" * 2}),
        ("truncate", "truncate", {"0123456789abcdef" * 2, "203.0.113.0/24"}),
    ],
)
async def test_a_stricter_mode_deletes_at_the_start_what_a_looser_one_kept(
    before: Any, now: Any, left: set[str], kept: Kept
) -> None:
    clock = Clock()
    ledger = await Ledger.open(kept.url, Retention(addresses=before), clock=clock)
    ledger.record(row("0123456789abcdef" * 2))
    ledger.record(row("203.0.113.0/24"))
    await ledger.close()
    ledger = await Ledger.open(kept.url, Retention(addresses=now), clock=clock)
    reader = Reader(kept.url, clock=clock)
    found = {
        one.event.network async for one in reader.events(Query()) if isinstance(one.event, ParticipantAddress)
    }
    await reader.aclose()
    await ledger.close()
    assert found == left
    if "203.0.113.0/24" not in left:
        assert b"203.0.113.0/24" not in kept.on_disk()


async def test_they_are_gone_with_the_details(kept: Kept) -> None:
    clock = Clock()
    retention = Retention(detail_days=3, addresses="pseudonym")
    ledger = await Ledger.open(kept.url, retention, clock=clock)
    ledger.record(row("0123456789abcdef" * 2))
    await ledger.flush()
    clock.now += 3 * DAY - 1
    assert await ledger.sweep() == 0
    clock.now += 1
    assert await ledger.sweep() == 1
    assert b"0123456789abcdef" not in kept.on_disk()
    await ledger.close()


@pytest.mark.parametrize(
    "network", ["203.0.113.7", "203.0.113.0/25", "2001:db8::7", "2001:db8::/64", "0123", "", "Lyon", "A" * 32]
)
def test_nothing_else_fits(network: str) -> None:
    with pytest.raises(EventError) as refused:
        encode(row(network))
    assert not network or network not in str(refused.value)


@pytest.mark.parametrize(
    ("network", "says"),
    [("", NO_ADDRESS), ("0123456789abcdef" * 2, PSEUDONYM), ("203.0.113.0/24", FIRST_PART)],
)
def test_a_receipt_shows_it_and_says_what_is_not_kept(network: str, says: str) -> None:
    rows = [KeptEvent(1.0, 2.0, row(network))] if network else []
    made = receipt("hall", "ada", rows, complete=True, now=1.5)
    assert [entry["fields"]["network"] for entry in made["kept"]] == [network] * len(rows)
    assert made["not_kept"][1:] == [says]
    assert ("network" in made["purposes"]) == bool(network)
    more = receipt("hall", "ada", rows, complete=False, now=1.5)
    assert more["not_kept"][1:] == ["your whole network address"], "what is not seen may say more"
