"""A flow's file is read into frozen data, or everything that is wrong with it is said at once."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from etl_core.yaml_document import read_yaml
from pipelines.etl.errors import FlowError
from pipelines.etl.flow.bound_query import BoundQuery
from pipelines.etl.flow.read_flow import read_flow
from tests.pipelines.etl.etl_world import SHIPPED

if TYPE_CHECKING:
    from pathlib import Path

_FIVE_MISTAKES = """
flow: orders
source: {url: "postgresql://me:hunter2@host/db", query: orders.sql, partition_on: id}
definition: {fields: [{name: id, type: integer}, {name: total, type: colour}]}
silver: {derive: {segment: {band: total, edges: [0, 10], labels: [low]}}}
load: {url: WAREHOUSE_URL, table: orders, key: [id], mode: merge}
gate: {max_failed_share: 2}
"""


def _flow(folder: Path, text: str, query: str = "SELECT 1") -> None:
    (folder / "orders.yaml").write_text(text, encoding="utf-8")
    (folder / "orders.sql").write_text(query, encoding="utf-8")


def _problems(folder: Path, text: str, query: str = "SELECT 1") -> tuple[str, ...]:
    _flow(folder, text, query)
    with pytest.raises(FlowError) as caught:
        read_flow("orders", folder)
    return caught.value.problems


def test_the_shipped_flow_is_read() -> None:
    flow = read_flow("user_analytics", SHIPPED)
    assert (flow.source.partition_on, flow.target.name, flow.target.key) == ("id", "analytics.user_analytics", ("id",))
    assert (flow.gate.max_failed_share, flow.gate.min_score, flow.target.mode) == (Fraction(0), 80, "upsert")
    assert flow.source.query.binds == ("since", "until")


def test_all_mistakes_are_named_at_once_and_an_address_is_not_shown(tmp_path: Path) -> None:
    problems = _problems(tmp_path, _FIVE_MISTAKES, "SELECT * FROM orders WHERE at > :from")
    said = "\n".join(problems)
    for words in (
        "source: url is an address; expected the name of a setting",
        "orders.sql binds :from; expected :since and :until",
        "colour",
        'table is "orders"; expected schema.table',
        'mode is "merge"; expected one of upsert, replace_day, append_once',
        "max_failed_share is 2; expected a share from 0 to 1",
    ):
        assert words in said, words
    assert "hunter2" not in said
    assert 'silver, derive, "segment"' in said, "a definition that cannot be used hides nothing of what follows it"
    assert "total is" not in said, "nor is anything made of a type that is not known"


@pytest.mark.parametrize(
    ("part", "instead", "problem"),
    [
        ("flow: orders", "flow: order", 'flow: is "order"; expected "orders"'),
        ("query: orders.sql", "query: ../orders.sql", "expected the name of a file beside this one"),
        ("query: orders.sql", "query: none.sql", "the query none.sql cannot be read: No such file"),
        ("unique: true", "unique: false", "which may repeat by the definition; declare it by unique: true"),
        ("mode: upsert", "mode: append_once", "append_once compares no rows"),
        ("mode: upsert", "mode: replace_day", "day is null; expected the column of a row's day"),
        ("key: [id]", "keys: [id]", "load: key is missing"),
        ("gate: {", "gate: {min: 3, ", '"min" is not known and has no effect'),
        ("gate: {", "gate: {min_score: 101, ", "min_score is 101; expected a whole number from 0 to 100"),
        ("partition_on: id", "partitions: 3", "partitions is given, and partition_on is not"),
        ("band: total", "band: agency", "agency"),
        ("load: {", "load: {table: a.b, ", "line 6: 'table' is given twice"),
        ("gate: {", "gate: [", "line"),
    ],
)
def test_each_mistake_is_told_with_what_was_expected(part: str, instead: str, problem: str, tmp_path: Path) -> None:
    good = """
flow: orders
source: {url: SOURCE_DATABASE_URL, query: orders.sql, partition_on: id}
definition: {fields: [{name: id, type: integer, unique: true}, {name: total, type: number}]}
silver: {derive: {segment: {band: total, edges: [0], labels: [all]}}}
load: {url: WAREHOUSE_URL, table: shop.orders, key: [id], mode: upsert}
gate: {max_failed_share: 0.1}
"""
    _flow(tmp_path, good)
    assert read_flow("orders", tmp_path).gate.max_failed_share == Fraction(1, 10)
    assert part in good
    assert any(problem in one for one in _problems(tmp_path, good.replace(part, instead)))


def test_words_numbers_and_days_are_what_they_look_like() -> None:
    written = (
        "{on: no, at: 12:30:00, day: 2026-01-01, code: 010, many: -3, share: 0.1, far: 1e3, is: true, none: null, x: }"
    )
    assert read_yaml(written) == {
        "on": "no", "at": "12:30:00", "day": "2026-01-01", "code": "010", "many": -3, "share": 0.1, "far": 1000.0,
        "is": True, "none": None, "x": None,
    }  # fmt: skip


def test_a_flow_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(FlowError, match=r"did you mean user_analytics\?"):
        read_flow("user_analytic", SHIPPED)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("a >= :since", "a >= (SELECT current_setting('etl.since', true)::timestamptz)"),
        ("':since' || \":until\"", "':since' || \":until\""),
        ("a::text -- :since", "a::text -- :since"),
        ("/* :since */ E'\\':since' $x$ :since $x$", "/* :since */ E'\\':since' $x$ :since $x$"),
        ("a ? 'b?'", "a ? 'b?'"),
    ],
)
def test_a_window_is_bound_where_sql_has_a_value_and_nowhere_else(written: str, text: str) -> None:
    assert BoundQuery(written).text == text
