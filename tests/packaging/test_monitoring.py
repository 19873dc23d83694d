"""Alerts and the dashboard ask for figures that there are, and alerts come when they have to."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dq.batch.metrics import BatchMetrics
from operations.alerts.metrics import AlertMetrics
from operations.arrivals.metrics import ArrivalMetrics
from operations.observations.metrics import ObservationMetrics
from pipelines.agencies.metrics import DocumentMetrics
from pipelines.api_ingestion.metrics import ApiMetrics
from pipelines.lake.metrics import LakeMetrics
from pipelines.records.metrics import RecordMetrics

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "conf/monitoring"
_ASKED = re.compile(r"\b(pipeline_\w+)(?:\{([^}]*)\})?")
_BY = re.compile(r"\bby \(([^)]*)\)")
_ENDINGS = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
#: What Prometheus adds: the target, and the bucket of a histogram.
_EVERYWHERE = {"job", "instance", "le"}


def _exported() -> dict[str, set[str]]:
    """The labels of each series, as they are scraped."""
    found: dict[str, set[str]] = {}
    for one in (
        BatchMetrics(),
        RecordMetrics("a flow"),
        DocumentMetrics(),
        ApiMetrics(),
        LakeMetrics(),
        AlertMetrics(),
        ArrivalMetrics(),
        ObservationMetrics(),
    ):
        collectors = {id(one): one for one in one.registry._names_to_collectors.values()}
        for collector in collectors.values():
            labels = set(getattr(collector, "_labelnames", ()))
            for family in collector.collect():
                if family.name.startswith("pipeline_"):
                    found |= {family.name + ending: labels for ending in _ENDINGS[family.type]}
    return found


def _rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _panels() -> list[dict[str, Any]]:
    return [one for one in json.loads((FOLDER / "dashboard.json").read_text())["panels"] if one["type"] != "row"]


def _asked() -> Iterator[tuple[str, str]]:
    """Every expression, and where it stands."""
    yield from ((rule["alert"], rule["expr"]) for rule in _rules())
    yield from ((panel["title"], target["expr"]) for panel in _panels() for target in panel["targets"])


def test_every_figure_that_is_asked_for_is_exported_with_those_labels() -> None:
    exported = _exported()
    for place, expression in _asked():
        named = _ASKED.findall(expression)
        known = {label for name, _ in named for label in exported.get(name, ())} | _EVERYWHERE
        for name, selected in named:
            assert name in exported, f"{place}: nothing exports {name}"
            labels = set(re.findall(r"(\w+)\s*[!=]", selected))
            assert labels <= exported[name] | _EVERYWHERE, f"{place}: {name} has the labels {exported[name]}"
        grouped = {label.strip() for labels in _BY.findall(expression) for label in labels.split(",")}
        assert grouped <= known, f"{place}: grouped by {grouped - known}"


def test_every_figure_is_on_the_dashboard() -> None:
    shown = {name for panel in _panels() for target in panel["targets"] for name, _ in _ASKED.findall(target["expr"])}
    families = {re.sub("_(bucket|sum|count)$", "", name) for name in _exported()}
    assert families == {re.sub("_(bucket|sum|count)$", "", name) for name in shown}


def test_every_value_that_is_asked_for_occurs() -> None:
    """Of labels whose values are known from the start; a regular expression has to fit one of them in each part."""
    begun: dict[tuple[str, str], set[str]] = {}
    for one in (BatchMetrics(), RecordMetrics("a flow"), LakeMetrics()):
        for sample in (sample for family in one.registry.collect() for sample in family.samples):
            for label, value in sample.labels.items():
                begun.setdefault((sample.name, label), set()).add(value)
    tried = 0
    for place, expression in _asked():
        for name, selected in _ASKED.findall(expression):
            for label, value in re.findall(r'(\w+)=~?"([^"]*)"', selected):
                if (name, label) in begun and label != "flow":
                    tried += 1
                    assert set(value.split("|")) <= begun[name, label], f"{place}: {label} is never {value}"
    assert tried == 9


def test_every_alert_says_how_bad_it_is_and_has_its_line_in_the_runbook() -> None:
    section = (ROOT / "docs/runbook.md").read_text().partition("\n## Alerts\n")[2].partition("\n## ")[0]
    told = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert told == [rule["alert"] for rule in _rules()]
    for rule in _rules():
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert {"summary", "description"} == set(rule["annotations"])


def test_every_alert_is_seen_to_come_by_a_case() -> None:
    cases = [text for path in FOLDER.glob("*_test.yaml") for text in path.read_text().split("\n  - name: ")[1:]]
    for rule in _rules():
        coming = [case for case in cases if re.search(rf"\b{rule['alert']}\b", case)]
        assert coming, f"no case in conf/monitoring/alerts_test.yaml for {rule['alert']}"


def test_panels_do_not_lie_over_each_other() -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in _panels():
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert x < 24
                assert taken.setdefault((x, y), panel["title"]) == panel["title"]
    ids = [panel["id"] for panel in json.loads((FOLDER / "dashboard.json").read_text())["panels"]]
    assert len(ids) == len(set(ids))


@pytest.mark.skipif(shutil.which("promtool") is None, reason="Debian's prometheus is not installed")
@pytest.mark.parametrize(
    "words",
    [
        ("check", "config", "prometheus.yaml"),
        ("check", "rules", "alerts.yaml"),
        ("test", "rules", "alerts_test.yaml", "alerts_over_days_test.yaml"),
    ],
    ids=" ".join,
)
def test_prometheus_own_tool_takes_them(words: tuple[str, ...]) -> None:
    run = subprocess.run(["promtool", *words], cwd=FOLDER, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "SUCCESS" in run.stdout
