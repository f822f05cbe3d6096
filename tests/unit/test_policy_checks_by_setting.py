"""Of sentences that depend on a setting, the one that fits is true, as long as the ledger is as it says."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from msgspec import structs

from server.config import Webhooks
from server.metadata.retention import Retention
from server.metadata.rows.addresses import ParticipantAddress
from server.metadata.store import Ledger
from server.policy.document import template
from server.policy.own import check
from tests.unit.ledger import joined, published
from tests.unit.policy_place import POLICY, Place
from tests.unit.signaling import ClientMaker
from tests.unit.test_policy_document import completed, read

NETWORKS = {"drop": "", "pseudonym": "0123456789abcdef" * 2, "truncate": "203.0.113.0/24"}
ALTERNATIVES = ("no-addresses", "pseudonyms-of-addresses", "first-parts-of-addresses")


@pytest.mark.parametrize(
    ("addresses", "true"),
    [*zip(NETWORKS, ALTERNATIVES, strict=True)],
)
async def test_in_each_mode_one_sentence_about_addresses_is_true(
    addresses: Any, true: str, tmp_path: Path, aiohttp_client: ClientMaker
) -> None:
    """Said of a ledger in which somebody's address is kept as that mode allows."""
    place = Place(tmp_path)
    metadata = structs.replace(place.config.metadata, addresses=addresses)
    place.config = structs.replace(place.config, metadata=metadata)
    ledger = await Ledger.open(metadata.url, Retention.configured(metadata))
    ledger.record(joined())
    if network := NETWORKS[addresses]:
        ledger.record(
            ParticipantAddress(room="garden", identity="ada", participant="PA_00000001", network=network)
        )
    await ledger.close()
    client = await aiohttp_client(place.application())
    passed = {}
    for mode in NETWORKS:
        clauses = [one for one in read(completed(template(mode))).clauses if one.id in ALTERNATIVES]
        async with aiohttp.ClientSession() as http:
            policy = dataclasses.replace(POLICY, clauses=tuple(clauses))
            for row in await check(place.config, policy, http, f"http://127.0.0.1:{client.port}"):
                passed[row["id"]] = row["passed"]
    assert passed == {name: name == true for name in ALTERNATIVES}


@pytest.mark.parametrize("network", ["203.0.113.7/24", "2001:db8:1::7/48"])
async def test_a_whole_address_is_found_where_its_first_part_may_be(
    network: str, tmp_path: Path, aiohttp_client: ClientMaker
) -> None:
    place = Place(tmp_path)
    metadata = structs.replace(place.config.metadata, addresses="truncate")
    place.config = structs.replace(place.config, metadata=metadata)
    ledger = await Ledger.open(metadata.url, Retention.configured(metadata))
    ledger.record(
        ParticipantAddress(room="garden", identity="ada", participant="PA_00000001", network=network)
    )
    await ledger.close()
    client = await aiohttp_client(place.application())
    policy = read(completed(template("truncate")))
    async with aiohttp.ClientSession() as http:
        found = await check(place.config, policy, http, f"http://127.0.0.1:{client.port}")
    assert "first-parts-of-addresses" in {row["id"] for row in found if not row["passed"]}


@pytest.mark.parametrize("details", [True, False])
async def test_one_sentence_about_details_is_true(
    details: bool, tmp_path: Path, aiohttp_client: ClientMaker
) -> None:
    """And the one that nothing is kept is false as long as something is there."""
    place = Place(tmp_path)
    place.config = structs.replace(
        place.config, metadata=structs.replace(place.config.metadata, details=details)
    )
    url = place.config.metadata.url
    ledger = await Ledger.open(url, Retention.configured(place.config.metadata))
    ledger.record(published())
    await ledger.close()
    client = await aiohttp_client(place.application())

    async def passed(*, of: bool) -> bool:
        """Whether the sentence for that setting is."""
        clauses = [one for one in read(completed(template(details=of))).clauses if "details" in one.check]
        policy = dataclasses.replace(POLICY, clauses=tuple(clauses))
        async with aiohttp.ClientSession() as http:
            [row] = await check(place.config, policy, http, f"http://127.0.0.1:{client.port}")
        return row["passed"]

    assert await passed(of=details)
    assert not await passed(of=not details)
    if not details:
        ledger = await Ledger.open(url, Retention())
        ledger.record(published())
        await ledger.close()
        assert not await passed(of=False)


@pytest.mark.parametrize("turn", [True, False])
async def test_one_sentence_about_who_is_contacted_is_true(
    turn: bool, tmp_path: Path, aiohttp_client: ClientMaker
) -> None:
    """And neither, where a page loads something from elsewhere."""
    place = Place(tmp_path)
    urls = ("turn:turn.example:3478?transport=udp",) if turn else ()
    place.config = structs.replace(place.config, turn=structs.replace(place.config.turn, urls=urls))
    await (await Ledger.open(place.config.metadata.url)).close()
    client = await aiohttp_client(place.application())

    async def passed(*, of: bool) -> bool:
        """Whether the sentence for that setting is."""
        found = read(completed(template(turn=of))).clauses
        clauses = [one for one in found if one.check.startswith("no_third_parties")]
        policy = dataclasses.replace(POLICY, clauses=tuple(clauses))
        async with aiohttp.ClientSession() as http:
            [row] = await check(place.config, policy, http, f"http://127.0.0.1:{client.port}")
        return row["passed"]

    assert await passed(of=turn)
    assert not await passed(of=not turn)
    place.page += '<img src="https://elsewhere.example/pixel.gif">'
    assert not await passed(of=turn)


@pytest.mark.parametrize("told", [True, False])
async def test_one_sentence_about_who_is_told_is_true(
    told: bool, tmp_path: Path, aiohttp_client: ClientMaker
) -> None:
    """And a policy that says only who is contacted is false where an app is told."""
    place = Place(tmp_path)
    webhooks = Webhooks(urls=("https://app.example/hook",), api_key="backend") if told else Webhooks()
    place.config = structs.replace(place.config, webhooks=webhooks)
    await (await Ledger.open(place.config.metadata.url)).close()
    client = await aiohttp_client(place.application())

    async def passed(*ids: str) -> dict[str, bool]:
        clauses = [
            one
            for of in (True, False)
            for one in read(completed(template(webhooks=of))).clauses
            if one.id in ids
        ]
        policy = dataclasses.replace(POLICY, clauses=tuple({one.id: one for one in clauses}.values()))
        async with aiohttp.ClientSession() as http:
            found = await check(place.config, policy, http, f"http://127.0.0.1:{client.port}")
        return {row["id"]: row["passed"] for row in found}

    assert await passed("webhooks", "no-webhooks") == {"webhooks": told, "no-webhooks": not told}
    assert await passed("no-beacons") == {"no-beacons": not told}
    assert await passed("no-beacons", "webhooks") == {"no-beacons": True, "webhooks": told}
