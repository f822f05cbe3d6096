"""The dashboard and the alerts ask for what is exposed, and the dashboard is one that Grafana loads."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest

from tests.unit.exposed import Exposed

DOCS = Path(__file__).parents[2] / "docs"
NAME = re.compile(r"\b(?:offrecord|process)_[a-z0-9_]+")
SELECTOR = re.compile(r"\b((?:offrecord|process)_[a-z0-9_]+)\{([^}]*)\}")
GRID_WIDTH = 24


@pytest.fixture
def dashboard() -> dict[str, Any]:
    return json.loads((DOCS / "grafana.json").read_text())  # type: ignore[no-any-return]


@pytest.fixture
def exposed() -> dict[str, set[str]]:
    """Names of samples, and the labels each has; a count of HTTP answers needs one."""
    told = Exposed()
    told.tally.answered("/guarantee", 200)
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    found: dict[str, set[str]] = {}
    for line in (told.text() + generate_latest(registry).decode()).splitlines():
        if sample := re.match(r"([a-z_0-9]+)(?:\{(.*)\})? ", line):
            found.setdefault(sample[1], set()).update(re.findall(r'(\w+)="', sample[2] or ""))
    return found


def _expressions(dashboard: dict[str, Any]) -> list[str]:
    panels = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    return panels + [one["definition"] for one in dashboard["templating"]["list"] if one["type"] == "query"]


def test_every_metric_of_the_dashboard_exists(
    dashboard: dict[str, Any], exposed: dict[str, set[str]]
) -> None:
    expressions = _expressions(dashboard)
    assert len(expressions) > 40
    assert {name for text in expressions for name in NAME.findall(text)} <= exposed.keys()


def test_labels_that_the_dashboard_asks_for_exist(
    dashboard: dict[str, Any], exposed: dict[str, set[str]]
) -> None:
    given = {"job", "instance", "le"}  # by Prometheus, or by the form of a histogram
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            known = set().union(*(exposed[name] for name in NAME.findall(target["expr"]))) | given
            by = re.findall(r"by \(([^)]*)\)", target["expr"])
            asked = {word.strip() for words in by for word in words.split(",")}
            asked |= set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            assert asked <= known, target["expr"]


def test_every_family_of_ours_is_on_the_dashboard_or_known_to_be_left_out(
    dashboard: dict[str, Any], exposed: dict[str, set[str]]
) -> None:
    shown = {name for text in _expressions(dashboard) for name in NAME.findall(text)}
    ours = {name for name in exposed if name.startswith("offrecord_")}
    left_out = {
        "offrecord_join_seconds_count",
        "offrecord_join_seconds_sum",
        "offrecord_track_jitter_seconds_count",
        "offrecord_track_jitter_seconds_sum",
        "offrecord_transport_round_trip_seconds_count",
        "offrecord_transport_round_trip_seconds_sum",
        "offrecord_relay_generation",
        "offrecord_relay_connections",
        "offrecord_relay_media_memory_bytes",
        "offrecord_relay_start_time_seconds",
    }
    assert ours - shown == left_out & ours


def test_it_is_a_dashboard(dashboard: dict[str, Any]) -> None:
    assert dashboard["schemaVersion"] >= 36
    assert dashboard["title"] == "Offrecord"
    assert "id" not in dashboard  # Grafana gives one
    variables = {one["name"]: one for one in dashboard["templating"]["list"]}
    assert (variables["datasource"]["type"], variables["datasource"]["query"]) == ("datasource", "prometheus")
    source = {"type": "prometheus", "uid": "${datasource}"}
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert {panel["type"] for panel in panels} == {"row", "stat", "timeseries"}
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= GRID_WIDTH
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
        if panel["type"] != "row":
            assert panel["datasource"] == source
            assert panel["targets"]
            assert all(target["datasource"] == source for target in panel["targets"])
            assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
    used = {name for text in _expressions(dashboard) for name in re.findall(r"\$(\w+)", text)}
    assert used - {"__rate_interval", "__range"} == variables.keys() - {"datasource"}


def test_every_alert_asks_for_what_exists_and_is_explained(exposed: dict[str, set[str]]) -> None:
    text = (DOCS / "alerts.yml").read_text()
    alerts = re.split(r"^ +- alert: ", text, flags=re.MULTILINE)[1:]
    assert len(alerts) > 5
    explained = (DOCS / "monitoring.md").read_text()
    for alert in alerts:
        name, _, body = alert.partition("\n")
        expression = body.partition("labels:")[0]
        assert NAME.findall(expression), name
        assert set(NAME.findall(expression)) <= exposed.keys(), name
        for metric, selector in SELECTOR.findall(expression):
            assert set(re.findall(r"(\w+)\s*[=!]", selector)) <= exposed[metric], name
        assert re.search(r"severity: (page|ticket)\b", body), name
        assert f"`{name}`" in explained
