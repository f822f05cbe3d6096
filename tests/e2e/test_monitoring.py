"""A call and what can go wrong around it, as Prometheus and the log see them: numbers, and nobody's name."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.browser import eventually
from tests.e2e.desktop import desktop
from tests.e2e.serving import Server, free_tcp_port, serving

DASHBOARD = Path(__file__).parents[2] / "docs" / "grafana.json"
PEOPLE = ("zuzana", "bohumil", "oncology", "127.0.0.1", "::1", "eyj", "access_token", "nokia")


async def _read(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.text()


async def _samples(url: str) -> dict[str, float]:
    """The sum of the samples of each name."""
    _, text = await _read(url)
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name] = found.get(sample.name, 0.0) + sample.value
    return found


async def _failures(server: Server) -> None:
    """A token that is none, one of another key, a path with a name, and a request that nobody can parse."""
    async with aiohttp.ClientSession(headers={"User-Agent": "Nokia3310"}) as session:
        for token in ("eyJ.zuzana", server.token("oncology", "zuzana")[:-4] + "AAAA"):
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(f"{server.ws_url}/rtc?access_token={token}")
        await session.get(f"{server.url}/zuzana?name=zuzana")
    reader, writer = await asyncio.open_connection("127.0.0.1", server.http_port)
    writer.write(b"GET /rtc?access_token=eyJzuzana\x01 HTTP/7\r\nzuzana\r\n\r\n")
    await reader.read()
    writer.close()
    await writer.wait_closed()


async def test_a_call_and_its_failures_are_counted_and_nobody_is_named(tmp_path: Path) -> None:
    port = free_tcp_port()
    nobody = f"http://127.0.0.1:{free_tcp_port()}/zuzana?access_token=eyJ"
    (tmp_path / "config.toml").write_text(
        f'[metrics]\nport = {port}\n[log]\nformat = "json"\n'
        f'[webhooks]\nurls = ["{nobody}"]\napi_key = "devkey"\n'
    )
    metrics = f"http://127.0.0.1:{port}/metrics"
    async with serving(tmp_path) as server:
        assert await _read(f"{server.url}/healthz") == (200, "ok")
        assert await _read(f"{server.url}/readyz") == (200, '{"ready":true,"reasons":[]}')
        assert (await _read(f"{server.url}/metrics"))[0] == 404
        await _failures(server)
        async with (
            desktop(server.ws_url, server.token("oncology", "zuzana")) as one,
            desktop(server.ws_url, server.token("oncology", "bohumil")) as other,
        ):
            await asyncio.gather(one.publish(), other.publish())
            during = await eventually(
                lambda: _samples(metrics),
                lambda seen: (
                    seen["offrecord_tracks"] == 4
                    and seen.get("offrecord_relay_packets_sent_total", 0) > 100
                    and seen["offrecord_relay_residence_longest_seconds"] > 0
                ),
            )
            _, exposed = await _read(metrics)
        assert during["offrecord_participants"] == 2
        assert during["offrecord_rooms"] == 1
        assert during["offrecord_joins_total"] == 2
        assert during["offrecord_join_seconds_count"] == 2
        assert during["offrecord_join_failures_total"] == 2
        assert during["offrecord_guarantee_level"] == 2
        assert during["offrecord_log_withheld_values_total"] == 0
        asked = set(re.findall(r"\b(?:offrecord|process)_[a-z0-9_]+", DASHBOARD.read_text())) - {
            "offrecord_info"
        }
        assert asked <= during.keys()
        assert during["offrecord_webhook_retries_total"] > 0

        os.kill(server.relay_pids()[0], signal.SIGKILL)
        await eventually(lambda: _samples(metrics), lambda seen: seen["offrecord_relay_losses_total"] == 1)
        _, after = await _read(metrics)

    lines = [
        line for line in server.output().splitlines() if not line.startswith(("Offrecord is", "Development"))
    ]
    records = [json.loads(line) for line in lines]
    texts = {record["text"] for record in records}
    assert {"room %s opened", "%s connected", "relay %d.%d is lost: %s", "stopping"} <= texts
    assert {record["logger"].split(".")[0] for record in records} <= {"server", "offrecord", "aiohttp"}
    everything = "\n".join([*lines, exposed, after]).lower()
    assert [name for name in PEOPLE if name in everything] == []
