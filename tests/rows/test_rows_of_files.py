"""Findings are what the verdict counts, to the row, in every file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dq.definitions import load_definition
from dq.formats.limits import Limits
from tests.reference.tables import Case, csv_tables, json_lines_tables
from tests.rows.found import failed_of, rows_of, summary_of

if TYPE_CHECKING:
    from pathlib import Path

MANY = settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
LIMITS = st.builds(Limits, split=st.sampled_from([7, 61, 1 << 20]), block=st.sampled_from([16, 1 << 20]))


def check_case(case: Case, folder: Path, limits: Limits) -> None:
    path = folder / f"table.{case.kind}"
    path.write_bytes(case.data)
    definition = load_definition(case.definition)
    summary = summary_of(path, definition)
    if summary.unreadable is not None or summary.no_header:
        return
    found = rows_of(path, definition, limits)
    assert len(found.failing) + len(found.malformed) == summary.rows_read
    assert len(found.malformed) == summary.rows_malformed
    seen = {column.name for column in summary.columns}
    counts = {
        key: count for key, count in found.counted().items() if set(key[1].split(", ")) <= seen and key[0] != "digits"
    }
    assert counts == failed_of(summary, definition)
    for findings, failing in zip(found.findings, found.failing, strict=True):
        blamed = [one for one in findings or () if not one["tolerated"] and one["severity"] != "warning"]
        assert bool(blamed) == failing


@given(csv_tables(), LIMITS)
@MANY
def test_csv(tmp_path: Path, case: Case, limits: Limits) -> None:
    check_case(case, tmp_path, limits)


@given(json_lines_tables(), LIMITS)
@MANY
def test_json_lines(tmp_path: Path, case: Case, limits: Limits) -> None:
    check_case(case, tmp_path, limits)


def test_a_condition_on_a_column_of_another_type_is_unknown_however_the_rows_are_cut(tmp_path: Path) -> None:
    """Where all cells of a batch were numbers, a column that should be true or false was taken for true."""
    path = tmp_path / "table.jsonl"
    path.write_bytes(b'{"open": 1}\n{"open": 2}\n{"open": null}\n{"open": true}\n')
    rule = {"rule": "never", "expression": "open is null", "when": "open"}
    definition = load_definition({"fields": [{"name": "open", "type": "boolean"}], "rows": [rule]})
    for block in (16, 1 << 20):
        found = rows_of(path, definition, Limits(split=7, block=block))
        rules = [[one["rule"] for one in findings or ()] for findings in found.findings]
        assert rules == [["type"], ["type"], [], ["never"]]
