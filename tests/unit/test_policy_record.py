"""The record of processing activities has every purpose, field and period, as declared and as configured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import web
from msgspec import structs
from typer.testing import CliRunner

from server.cli import app
from server.config import Config, Console, Guarantee, Http, Metadata, Metrics, Rooms
from server.metadata.declared import GROUNDS, Audience, Purpose
from server.metadata.described import rows
from server.policy.own import processing
from server.policy.record import NOT_KEPT, TO_COMPLETE, Record
from server.policy.record_text import markdown
from tests.unit.signaling import ClientMaker
from tests.unit.test_policy_document import completed, read

POLICY = read(completed())
DATABASE = "postgresql://ledger:secret%20word@db.example/ledger"


async def made(config: Config | None = None, url: str = "http://127.0.0.1:9") -> Record:
    async with aiohttp.ClientSession() as http:
        return await processing(config or Config(), POLICY, http, url)


def kept(record: Record, row: str) -> list[tuple[str, str, int | None]]:
    return [
        (data.kept, data.setting, data.days)
        for activity in record.activities
        for data in activity.data
        if data.where.endswith(f", rows {row}")
    ]


async def test_every_field_stands_under_its_purpose_and_ground_with_its_period_and_audience() -> None:
    config = Config(
        metadata=Metadata(session_days=11, detail_days=3, operation_days=77, addresses="truncate")
    )
    record = await made(config)
    found = {
        (data.where.rpartition(" ")[2], field): (activity, data)
        for activity in record.activities
        for data in activity.data
        if ", rows " in data.where
        for field in data.fields
    }
    declared = {(row.name, field.name): (row, field) for row in rows() for field in row.fields}
    assert found.keys() == declared.keys()
    days = msgspec.structs.asdict(config.metadata)
    for name, (activity, data) in found.items():
        row, field = declared[name]
        assert activity.purpose == field.declared.purpose.value
        assert activity.legal_ground == field.declared.ground.value
        assert (data.setting, data.days) == (f"metadata.{row.expiry.value}", days[row.expiry.value])
        assert field.declared.audience.value in data.seen_by
        assert data.fields[field.name].startswith(field.holds)


async def test_every_purpose_of_the_declaration_is_an_activity() -> None:
    activities = {one.purpose: one for one in (await made()).activities}
    used = {field.declared.purpose for row in rows() for field in row.fields}
    assert {purpose.value for purpose in used} <= activities.keys()
    for purpose in used:
        assert activities[purpose.value].legal_ground == GROUNDS[purpose].value
        assert activities[purpose.value].people
    assert activities[Purpose.OPERATION.value].people == ["nobody: it is about the server"]


async def test_what_passes_through_memory_and_who_looked_are_in_it_too() -> None:
    config = Config(metadata=Metadata(access_days=99))
    config = structs.replace(
        config, relay=structs.replace(config.relay, ring_milliseconds=250, replay_seconds=17)
    )
    written = markdown(await made(config))
    for told in ("sound, video and screens", "network address", "at most 250 milliseconds", "the access log"):
        assert told in written
    assert "at most 17 seconds, for those who lost the connection" in written
    nobody_is_waited_for = structs.replace(config, rooms=Rooms(resume_timeout_seconds=0))
    assert "until they are passed on" in markdown(await made(nobody_is_waited_for))
    assert "Kept: 99 days (`metadata.access_days`)" in written
    assert f"### the ledger offrecord.db, rows {rows()[0].name}" in written


async def test_what_is_switched_off_is_said_not_to_be_kept() -> None:
    record = await made(Config(metadata=Metadata(details=False)))
    for row in ("track_published", "participant_address"):
        assert {one[0] for one in kept(record, row)} == {NOT_KEPT}
    assert {one[2] for one in kept(record, "participant_joined")} == {30}
    assert {one[0] for one in kept(await made(), "participant_address")} == {NOT_KEPT}
    pseudonyms = await made(Config(metadata=Metadata(addresses="pseudonym")))
    assert {one[2] for one in kept(pseudonyms, "participant_address")} == {7}
    seen = [
        data.seen_by
        for activity in pseudonyms.activities
        for data in activity.data
        if "network" in data.fields
    ]
    assert [Audience.PRIVACY_OFFICERS.value in one for one in seen] == [True]


async def test_who_answers_comes_from_the_policy_and_what_nobody_knows_is_asked_for() -> None:
    record = await made()
    assert (record.controller, record.contact) == ("Garden <Ltd>", "privacy@garden.example")
    assert record.policy_version == POLICY.version
    assert tuple(record.to_complete) == TO_COMPLETE
    assert record.transfers.startswith("none by this server: it sends what it keeps to no other machine")


async def test_whoever_else_gets_something_is_named_without_secrets() -> None:
    config = Config(
        metadata=Metadata(url=DATABASE),
        metrics=Metrics(port=9464),
        console=Console(oidc_issuer="https://id.example"),
    )
    record = await made(config)
    text = "\n".join(record.recipients)
    assert "postgresql://db.example/ledger" in text
    assert "numbers that name nobody" in text
    assert "https://id.example" in text
    assert "postgresql://db.example/ledger" in record.transfers
    assert "secret" not in markdown(record).replace("without secrets", "")


async def test_the_security_measures_are_what_the_running_server_guarantees(
    aiohttp_client: ClientMaker,
) -> None:
    async def guarantee(_: web.Request) -> web.Response:
        told: dict[str, Any] = {
            "level": "reduced",
            "says": ["By fewer layers."],
            "host_firewall": {"held": True},
        }
        return web.json_response(told)

    served = web.Application()
    served.add_routes([web.get("/guarantee", guarantee)])
    client = await aiohttp_client(served)
    config = Config(http=Http(tls_certificate="c.pem"), guarantee=Guarantee(minimum_level="reduced"))
    observed = await made(config, f"http://127.0.0.1:{client.port}")
    assert observed.security[0] == "Observed level 'reduced' of at most 'full'. By fewer layers."
    assert "firewall for relays holds" in observed.security[1]
    assert any("below the guarantee level 'reduced'" in one for one in observed.security)
    assert any("TLS, which this server terminates" in one for one in observed.security)
    assert (await made(config)).security[0].startswith("Not observed")


@pytest.mark.parametrize("as_json", [False, True])
def test_the_command_prints_it(as_json: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policy.toml").write_text(completed())
    (tmp_path / "config.toml").write_text('[http]\nport = 1\n[policy]\nfile = "policy.toml"\n')
    done = CliRunner().invoke(app, ["policy", "record", *(["--json"] if as_json else [])])
    assert done.exit_code == 0, done.output
    if as_json:
        record = msgspec.convert(json.loads(done.output), Record)
        assert record.policy_version == POLICY.version
    else:
        assert done.output.startswith("# Record of processing activities (GDPR, art. 30)\n")
        assert "Garden <Ltd>" in done.output
