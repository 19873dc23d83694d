"""Whatever a definition asks for, findings are what the verdict counts: tables of any kind, and files with types."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import orc

from dq import check_frame, split_rows
from dq.definitions import load_definition
from dq.formats.limits import Limits
from tests.rows.found import counted, failed_of, rows_of, summary_of
from tests.rows.test_frames import CELLS, KINDS, MADE, as_arrow

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MANY = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
REFERENCE = "s3://elsewhere/known.csv"
#: What may be said of a rule beside what it asks for.
TOLERATED: list[dict[str, Any]] = [{}, {"threshold": 0.5}, {"severity": "warning"}]
#: Cells of a Parquet or ORC column by its declared type, all of them of the type that the file has for it.
TYPED: dict[str, tuple[pa.DataType, list[Any]]] = {
    "integer": (pa.int64(), [0, 1, 2, -7, None]),
    "number": (pa.float64(), [0.0, 1.5, 2.0, float("nan"), None]),
    "decimal": (pa.decimal128(10, 2), [Decimal("1.00"), Decimal("-2.50"), None]),
    "string": (pa.string(), ["a", "ab", "", "ü", None]),
    "boolean": (pa.bool_(), [True, False, None]),
    "date": (pa.date32(), [dt.date(2024, 2, 29), dt.date(1, 1, 1), None]),
    "datetime": (pa.timestamp("us"), [dt.datetime(2024, 2, 29, 12), dt.datetime(2025, 1, 1), None]),  # noqa: DTZ001  as files have them
}


@st.composite
def constraints(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    """Draw constraints of a field: each may be tolerated to a share, or be a warning, or the end of all."""
    found: dict[str, Any] = {}

    def maybe(name: str, values: list[Any]) -> None:
        if not draw(st.booleans()):
            return
        rule: dict[str, Any] = {"value": draw(st.sampled_from(values))}
        if draw(st.booleans()):
            rule["threshold"] = draw(st.sampled_from([0, 0.1, 0.34, 0.5, 1]))
        if draw(st.booleans()):
            rule["severity"] = draw(st.sampled_from(["warning", "error", "critical"]))
        found[name] = rule if len(rule) > 1 else rule["value"]

    maybe("required", [True])
    if kind in {"integer", "number", "decimal"}:
        maybe("minimum", [0, 1])
        maybe("maximum", [1, 2])
    if kind == "string":
        maybe("pattern", ["[a-z]+"])
        maybe("maxLength", [1])
        maybe("enum", [["a", "ab"]])
    return found


@st.composite
def definitions(draw: st.DrawFn, kinds: list[str], *, refers: bool) -> dict[str, Any]:
    """Draw a definition of columns c0, c1, ... of these types."""
    fields = []
    for at, kind in enumerate(kinds):
        field: dict[str, Any] = {"name": f"c{at}", "type": kind, "constraints": draw(constraints(kind))}
        field |= draw(st.sampled_from([{}, {}, {"sensitive": True}, {"threshold": 0.5}, {"severity": "warning"}]))
        fields.append(field)
    names = [field["name"] for field in fields]
    found: dict[str, Any] = {"fields": fields}
    some = st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True)
    tolerated = st.sampled_from(TOLERATED)
    if draw(st.booleans()):
        found["uniqueKeys"] = [{"columns": draw(some), **draw(tolerated)}]
    if draw(st.booleans()):
        found["rows"] = [
            {"rule": "one of them", "expression": f"c0 is null or {names[-1]} is not null", **draw(tolerated)}
        ]
    if refers and draw(st.booleans()):
        found["references"] = {"fields": ["c0"], "in": REFERENCE, "on": ["k"], **draw(tolerated)}
    return found


@st.composite
def tables(draw: st.DrawFn) -> tuple[pa.Table, dict[str, Any]]:
    kinds = draw(st.lists(st.sampled_from(list(CELLS)), min_size=1, max_size=3))
    rows = draw(st.integers(0, 10))
    columns = {
        f"c{at}": pa.array(draw(st.lists(CELLS[kind], min_size=rows, max_size=rows)), pa.string())
        for at, kind in enumerate(kinds)
    }
    return pa.table(columns), draw(definitions(kinds, refers=True))


@given(tables(), st.sampled_from(KINDS), st.lists(st.sampled_from(["1", "a", "ab", "", "2024-02-29"]), max_size=2))
@MANY
def test_tables_of_every_kind(drawn: tuple[pa.Table, dict[str, Any]], kind: str, known: list[str]) -> None:
    table, definition = drawn
    given_tables = {REFERENCE: pa.table({"k": pa.array(known, pa.string())})} if "references" in definition else {}
    make = MADE[kind] if table.num_rows or kind != "batch" else MADE["table"]
    passed, failed = split_rows(make(table), definition, cells="text", references=given_tables)
    good, bad = (as_arrow(one)["_findings"].to_pylist() for one in (passed, failed))
    assert len(good) + len(bad) == table.num_rows
    verdict = check_frame(table, definition, cells="text", references=given_tables)
    told = counted([*good, *bad])
    for rule in verdict.failed_validation_rules:
        assert told[rule["rule"], rule["column"]] == rule["failed"], rule
    assert all(any(_blames(one) for one in row) for row in bad)
    assert not any(_blames(one) for row in good for one in row or ())
    secret = {field["name"] for field in definition["fields"] if field.get("sensitive")}
    shown = [one for row in (*good, *bad) for one in row or () if secret & set(one["column"].split(", "))]
    assert not [one for one in shown if one["value"] is not None]


def _blames(finding: dict[str, Any]) -> bool:
    return finding["severity"] != "warning" and not finding["tolerated"]


@st.composite
def typed_tables(draw: st.DrawFn) -> tuple[pa.Table, dict[str, Any]]:
    kinds = draw(st.lists(st.sampled_from(list(TYPED)), min_size=1, max_size=4))
    rows = draw(st.integers(1, 12))
    columns = {}
    for at, kind in enumerate(kinds):
        type_, cells = TYPED[kind]
        columns[f"c{at}"] = pa.array(draw(st.lists(st.sampled_from(cells), min_size=rows, max_size=rows)), type_)
    return pa.table(columns), draw(definitions(kinds, refers=False))


def _as_parquet(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path, row_group_size=3)


WRITTEN: dict[str, Callable[[pa.Table, Path], object]] = {
    "parquet": _as_parquet,
    "orc": lambda table, path: orc.write_table(table, str(path)),
}


@given(typed_tables(), st.sampled_from(list(WRITTEN)), st.sampled_from([1, 1 << 20]))
@MANY
def test_files_with_types(tmp_path: Path, drawn: tuple[pa.Table, dict[str, Any]], kind: str, split: int) -> None:
    table, raw = drawn
    path = tmp_path / f"table.{kind}"
    WRITTEN[kind](table, path)
    definition = load_definition(raw)
    found = rows_of(path, definition, Limits(split=split))
    assert len(found.failing) == table.num_rows
    counts = {key: count for key, count in found.counted().items() if key[0] != "digits"}
    assert counts == failed_of(summary_of(path, definition), definition)
    for findings, failing in zip(found.findings, found.failing, strict=True):
        assert any(_blames(one) for one in findings or ()) == failing  # type: ignore[arg-type]  # a mapping of the same
