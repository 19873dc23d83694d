"""Figures for Prometheus: what a run with a good, a failing, a broken, a dead and a foreign object leaves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry, Counter

from dq.batch.metrics import BatchMetrics, ObjectEnded
from etl_core.errors import SettingsError
from etl_core.metrics.publishing import left_in_file, served
from tests.end_to_end.figures import samples, scraped
from tests.end_to_end.landing import key_of

if TYPE_CHECKING:
    from tests.end_to_end.command_line import CommandLine
    from tests.end_to_end.landing import Landing


def test_a_run_leaves_its_figures_in_a_file(command_line: CommandLine, landing: Landing, tmp_path: Path) -> None:
    landing.configure()
    landing.configure("broken", {"fields": [{"name": "a", "min": 3, "max": 1}]})
    landing.announce(
        landing.put(key_of(hour=1)),
        landing.put(key_of(hour=2), b"id,driver\n1,\n2,\n"),
        landing.put(key_of(hour=3), b""),
        landing.put(key_of("broken")),
        landing.put(key_of("nobody knows it")),
        landing.put("elsewhere.csv"),
    )
    path = tmp_path / "pipeline.prom"
    command_line.set(METRICS_FILE=str(path))
    assert command_line.run("watch_files", "--once").code == 1
    found = samples(path.read_text())
    outcomes = {name: value for name, value in found.items() if name.startswith("pipeline_objects_total")}
    assert {name: value for name, value in outcomes.items() if value} == {
        "pipeline_objects_total{outcome=done}": 3,
        "pipeline_objects_total{outcome=bad_definition}": 1,
        "pipeline_objects_total{outcome=unconfigured}": 1,
        "pipeline_objects_total{outcome=ignored}": 1,
    }
    assert outcomes["pipeline_objects_total{outcome=dead}"] == 0
    assert found["pipeline_parse_failures_total"] == 1
    assert found["pipeline_rows_total"] == 4
    assert found["pipeline_score_count"] == found["pipeline_verdict_latency_seconds_count"] == 3
    assert found["pipeline_object_duration_seconds_count"] == 6
    assert found["pipeline_score_bucket{le=90.0}"] == 2
    assert found["pipeline_batches_total{outcome=finished}"] == 1
    assert "process_cpu_seconds_total" in found


def test_a_file_that_cannot_be_written_costs_no_work(command_line: CommandLine, landing: Landing) -> None:
    landing.configure()
    landing.announce(landing.put(key_of()))
    command_line.set(METRICS_FILE="/no/such/folder/pipeline.prom")
    ran = command_line.run("watch_files", "--once")
    assert ran.code == 0
    assert "the figures could not be left" in ran.err


def test_a_file_that_nobody_would_read_is_refused(command_line: CommandLine) -> None:
    command_line.set(METRICS_FILE="figures.txt", METRICS_PORT="70000")
    ran = command_line.run("watch_files", "--once")
    assert ran.code == 2
    assert "METRICS_FILE" in ran.err
    assert "METRICS_PORT" in ran.err


def test_figures_are_served_and_the_port_is_free_afterwards(unused_port: int) -> None:
    metrics = BatchMetrics()
    for _ in range(2):
        with served(metrics.registry, unused_port):
            metrics.ended(ObjectEnded("done", score=92, rows=5, bytes=100, times={"latency": 0.3, "duration": -1}))
            found = scraped(unused_port)
    assert found["pipeline_objects_total{outcome=done}"] == 2
    assert found["pipeline_verdict_latency_seconds_bucket{le=0.5}"] == 2


def test_a_port_that_is_taken_says_so(unused_port: int) -> None:
    registry = CollectorRegistry()
    with (
        served(registry, unused_port),
        pytest.raises(SettingsError, match=f"METRICS_PORT: {unused_port} cannot be had"),
        served(registry, unused_port),
    ):
        pass


def test_figures_are_left_also_when_a_job_fails(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    Counter("things", "Things", registry=registry).inc(3)
    with pytest.raises(ZeroDivisionError), left_in_file(registry, str(tmp_path / "x.prom")):
        raise ZeroDivisionError
    assert samples((tmp_path / "x.prom").read_text())["things_total"] == 3
