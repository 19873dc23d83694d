"""What is told of lines: names, states, numbers, figures, and nothing that nobody should see."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openlineage.client.serde import Serde

from operations.lineage.events.audit_line import AuditLine
from operations.lineage.events.flows import JudgedFacts, run_event
from operations.lineage.events.places import Database, Place, place_of
from operations.lineage.events.queried_tables import queried_tables
from operations.lineage.events.verdict_facts import KeptVerdict, verdict_facts
from operations.lineage.telling.as_openlineage import openlineage_events
from tests.operations.lineage.conftest import NOW
from tests.operations.lineage.openlineage_schemas import problems_of

LINE = AuditLine(
    id=uuid.UUID(int=5),
    at=NOW,
    job="process_file",
    run_id=uuid.UUID(int=1).hex,
    step="verdict",
    subject="s3://landing/agency/a.csv",
    inputs=("object 17", "version v1"),
    outputs=("run 3",),
    rows_in=4,
    rows_out=None,
    status="succeeded",
    message="done: score 90, passed",
    duration_ms=1500,
)
_TABLE = Place("postgres://db:5432", "lake.reporting.monitoring_file_data_quality")


def _column(name: str, kind: str, **values: object) -> dict[str, Any]:
    figures = {
        "count": 3,
        "nulls": 1,
        "distinct": 2,
        "min": 1,
        "max": 9,
        "p05": 1,
        "p25": 2,
        "p50": 3,
        "p75": 4,
        "p95": 9,
    }
    return {"name": name, "type": kind, "sensitive": False, **figures, **values}


def _kept(*columns: dict[str, Any], rules: list[dict[str, Any]] | None = None) -> KeptVerdict:
    metrics = {"completeness": {"status": "failed", "passed": False, "rules": 2, "rulesFailed": 1}}
    metrics["uniqueness"] = {"status": "not_run", "passed": True, "rules": 0, "rulesFailed": 0}
    profile = {"statisticalSummary": {"rows": 4, "bytes": 70, "columns": list(columns)}}
    return KeptVerdict("tenant-a", "trips", 90.0, passed=True, metrics=metrics, rules=rules, profile=profile, size=70)


def _events(line: AuditLine, kept: KeptVerdict | None) -> tuple[dict[str, Any], dict[str, Any]]:
    facts = JudgedFacts(None if kept is None else verdict_facts(kept), _TABLE)
    began, ended = openlineage_events(run_event(line, facts), "ours")
    return json.loads(Serde.to_json(began)), json.loads(Serde.to_json(ended))


def test_a_verdict_is_two_events_of_one_run_that_are_what_the_schemas_say() -> None:
    rule: dict[str, Any] = {"rule": "required", "dimension": "completeness", "column": "id", "severity": "critical"}
    rule |= {"failed": 1, "checked": 4, "examples": [{"line": 2, "value": "hidden"}]}
    began, ended = _events(LINE, _kept(_column("id", "integer"), _column("name", "string", min="a"), rules=[rule]))
    assert problems_of(began) == problems_of(ended) == []
    assert (began["eventType"], ended["eventType"]) == ("START", "COMPLETE")
    assert began["run"]["runId"] == ended["run"]["runId"] != str(LINE.id)
    assert began["eventTime"] == (NOW - timedelta(seconds=1.5)).isoformat(timespec="microseconds")
    assert ended["run"]["facets"]["parent"]["run"] == {"runId": str(uuid.UUID(int=1)), "facets": {}}
    assert ended["job"]["name"] == "verdict.tenant-a.trips"
    (read,), (written,) = ended["inputs"], ended["outputs"]
    assert (read["namespace"], read["name"]) == ("s3://landing", "agency/a.csv")
    assert read["facets"]["version"]["datasetVersion"] == "v1"
    assert [(one["name"], one["type"]) for one in read["facets"]["schema"]["fields"]] == [
        ("id", "integer"),
        ("name", "string"),
    ]
    metrics = read["inputFacets"]["dataQualityMetrics"]
    assert (metrics["rowCount"], metrics["bytes"]) == (4, 70)
    assert metrics["columnMetrics"]["id"] == {
        "nullCount": 1,
        "distinctCount": 2,
        "count": 3,
        "min": 1,
        "max": 9,
        "quantiles": {"0.05": 1, "0.25": 2, "0.5": 3, "0.75": 4, "0.95": 9},
    }
    assert metrics["columnMetrics"]["name"] == {"nullCount": 1, "distinctCount": 2, "count": 3}
    asked = read["inputFacets"]["dataQualityAssertions"]["assertions"]
    assert [(one["assertion"], one["success"], one.get("column"), one["severity"]) for one in asked] == [
        ("score", True, None, "error"),
        ("completeness", False, None, "error"),
        ("required", False, "id", "error"),
    ]
    assert "hidden" not in json.dumps(ended)
    assert (written["namespace"], written["name"]) == (_TABLE.namespace, _TABLE.name)
    assert written["outputFacets"]["outputStatistics"]["rowCount"] == 1


_SECRET = "canary-of-a-cell"
_VALUES = st.one_of(st.just(_SECRET), st.none(), st.booleans(), st.integers(), st.floats(allow_nan=True))


@given(
    kind=st.sampled_from(["integer", "number", "string", "date", "datetime", "boolean"]),
    sensitive=st.booleans(),
    least=_VALUES,
    quantile=_VALUES,
    name=st.text(max_size=8),
)
def test_whatever_is_stored_no_value_but_numbers_of_open_columns_is_told(
    *, kind: str, sensitive: bool, least: object, quantile: object, name: str
) -> None:
    rule = {"rule": "max", "dimension": "bounds", "column": name, "severity": "error", "failed": 1, "checked": 2}
    column = _column(name, kind, sensitive=sensitive, min=least, p50=quantile)
    _, ended = _events(LINE, _kept(column, rules=[rule | {"examples": [{"line": 1, "value": _SECRET}]}]))
    assert problems_of(ended) == []
    assert _SECRET not in json.dumps(ended, allow_nan=False).replace(json.dumps(name), "")
    (metrics,) = ended["inputs"][0]["inputFacets"]["dataQualityMetrics"]["columnMetrics"].values()
    if sensitive or kind not in ("integer", "number"):
        assert metrics.keys() <= {"nullCount", "distinctCount", "count"}


@pytest.mark.parametrize(
    ("status", "state"), [("succeeded", "COMPLETE"), ("failed", "FAIL"), ("refused", "FAIL"), ("postponed", "ABORT")]
)
def test_a_run_ends_as_its_line_says(status: str, state: str) -> None:
    began, ended = _events(replace(LINE, status=status, message="dead: too large"), None)
    assert problems_of(began) == problems_of(ended) == []
    assert ended["eventType"] == state
    error = ended["run"]["facets"].get("errorMessage")
    assert (error is None) == (state == "COMPLETE")
    assert error is None or (error["message"], error["programmingLanguage"]) == ("dead: too large", "PYTHON")
    assert ended["job"]["name"] == "verdict"
    assert ended["outputs"] == []


def test_the_line_of_a_run_is_the_run_and_its_steps_are_children_of_it() -> None:
    run = run_event(replace(LINE, id=uuid.UUID(LINE.run_id), step="run"), None)
    step = run_event(LINE, None)
    assert (run.run_id, run.job, run.parent) == (uuid.UUID(int=1), "process_file", None)
    assert step.parent is not None
    assert (step.parent.run_id, step.parent.job) == (run.run_id, run.job)
    assert run_event(LINE, None).run_id == step.run_id


def test_what_other_steps_wrote_is_an_output_where_it_is_a_place() -> None:
    line = replace(LINE, step="land", outputs=("s3://landing/api/1.ndjson", "version 3"), rows_out=7)
    told = run_event(line, None)
    assert told.job == "process_file.land"
    assert [(one.place, one.rows) for one in told.outputs] == [(Place("s3://landing", "api/1.ndjson"), 7)]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("s3://bucket/a/b.csv", Place("s3://bucket", "a/b.csv")),
        ("s3://bucket", Place("s3://bucket", "/")),
        ("s3://", None),
        ("/data/lake/silver/trips", Place("file", "/data/lake/silver/trips")),
        ("run 17", None),
    ],
)
def test_places_have_openlineages_names(text: str, place: Place | None) -> None:
    assert place_of(text) == place


@pytest.mark.parametrize(
    ("database", "namespace"),
    [
        (Database("postgresql", "db", 5433, "d"), "postgres://db:5433"),
        (Database("postgresql", "/run/postgres", None, "d"), "postgres://localhost:5432"),
        (Database("postgresql", "::1", None, "d"), "postgres://[::1]:5432"),
        (Database("mssql", "win", None, "d"), "mssql://win:1433"),
    ],
)
def test_tables_have_openlineages_names(database: Database, namespace: str) -> None:
    assert database.table("core.citizen") == Place(namespace, "d.core.citizen")


@pytest.mark.parametrize(
    ("query", "tables"),
    [
        ("SELECT * FROM a", ("public.a",)),
        ("SELECT a FROM (SELECT x FROM s.t1) z, t2 AS y, LATERAL gen(1) g", ("s.t1", "public.t2")),
        (
            "WITH w AS NOT MATERIALIZED (SELECT 1 FROM b), v AS (TABLE c) SELECT * FROM w JOIN v USING (x)",
            ("public.b",),
        ),
        ("SELECT trim(both FROM q), substring(a FROM 2), extract(year FROM d) FROM x.y", ("x.y",)),
        ("SELECT a IS DISTINCT FROM b FROM t WHERE c IN (SELECT 1 FROM ONLY t3)", ("public.t", "public.t3")),
        ('SELECT \' FROM not\', $$ FROM not $$ -- FROM not\n /* FROM not */ FROM "T u"."V"', ("T u.V",)),
        ("SELECT 1 FROM a UNION ALL SELECT 2 FROM d.s.b LEFT JOIN c ON f(a, b)", ("public.a", "s.b", "public.c")),
        ("SELECT a, b FROM (t1 JOIN t2 ON true), t3 ORDER BY x, y", ("public.t1", "public.t2", "public.t3")),
        ("SELECT 1", ()),
        ("", ()),
        ("FROM ( ( , ' \"", ()),
    ],
)
def test_the_tables_of_a_query_are_found(query: str, tables: tuple[str, ...]) -> None:
    assert queried_tables(query) == tables


def test_what_the_schemas_do_not_say_would_be_seen() -> None:
    _, ended = _events(LINE, _kept(_column("id", "integer")))
    facets = ended["inputs"][0]["inputFacets"]
    facets["dataQualityMetrics"]["columnMetrics"]["id"] |= {"nullCount": "1", "mean": 2}
    ended["run"]["runId"] = "17"
    facets["schema"] = ended["inputs"][0]["facets"]["schema"]
    assert len(problems_of(ended)) == 4


def test_a_run_over_a_stream_has_its_topics() -> None:
    line = replace(
        LINE,
        id=uuid.UUID(LINE.run_id),
        job="watch_records",
        step="watch",
        subject="flow trips",
        inputs=("kafka://b1:9092/trips.raw",),
        outputs=("kafka://b1:9092/trips", "kafka://b1:9092/trips.dead", "s3://landing/no/topic"),
    )
    event = run_event(line, None)
    assert [(one.place, one.rows) for one in event.inputs] == [(Place("kafka://b1:9092", "trips.raw"), 4)]
    assert [one.place.name for one in event.outputs] == ["trips", "trips.dead"]
    _, ended = openlineage_events(event, "ours")
    told = json.loads(Serde.to_json(ended))
    assert problems_of(told) == []
