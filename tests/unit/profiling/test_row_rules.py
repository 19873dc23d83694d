"""Rules over rows: counted in batches and parts as a naive evaluation answers them row by row."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dq.profiling.cells.values import JSON_TOKENS
from dq.profiling.profile.codec import decode_profile, encode_profile
from dq.profiling.row_rules.exact_numbers import (
    ExactNumbers,
    added,
    as_doubles,
    compared,
    from_decimal_text,
    multiplied,
)
from dq.profiling.tally.files_together import tally_small_files
from dq.profiling.tally.offences import MOST_EXAMPLES
from dq.profiling.tally.recipe import CellEncoding
from dq.profiling.tally.row_batch import RowBatch
from tests.reference.expressions import asked, row_rules
from tests.reference.grammar import BAD, value_of_text
from tests.reference.tables import TEXTS
from tests.unit.profiling.profiled import Table, profile, summary

if TYPE_CHECKING:
    from collections.abc import Sequence

THOROUGH = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
NULL = object()
MORE = {
    "integer": ["9223372036854775807", "-9223372036854775808", "3037000500", "4294967296"],
    "number": ["1e308", "-1e308", "1e-300", "0.1", "0.3", "9007199254740993"],
    "decimal": [
        "0.3", "9" * 38, "0." + "0" * 37 + "1", "9" * 39, "1" + "0" * 30 + ".5", "-9223372036854775808", "100",
        "0." + "0" * 38 + "1",
    ],
    "datetime": ["0001-01-01T00:00:00", "9999-12-31T23:59:59.999999999"],
    "date": ["0001-01-01", "9999-12-31", "2024-03-01"],
}  # fmt: skip


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Columns of types that can be compared, with nulls and cells that do not parse, and rules over them."""
    kinds = draw(st.lists(st.sampled_from(sorted(TEXTS)), min_size=1, max_size=4))
    rows = draw(st.integers(1, 12))
    columns, fields = {}, []
    for at, kind in enumerate(kinds):
        pool = st.sampled_from([*TEXTS[kind], *MORE.get(kind, [])])
        columns[f"{kind} {at}"] = draw(st.lists(pool, min_size=rows, max_size=rows))
        fields.append({"name": f"{kind} {at}", "type": kind})
    return Table(columns, fields, missing=("", "NA"), row_rules=draw(row_rules(fields)))


def naive(table: Table) -> list[tuple[int, int]]:
    """Failing and checked rows of each rule."""
    kinds = {field["name"]: field["type"] for field in table.fields}
    rows = [
        {
            name: NULL if text in table.missing else value_of_text(str(text), kinds[name], None)
            for name, text in zip(table.columns, texts, strict=True)
        }
        for texts in zip(*table.columns.values(), strict=True)
    ]
    counts = []
    for rule in table.row_rules:
        tree, when = json.loads(rule["comment"])
        held = [row for row in rows if when is None or asked(when, row, NULL, BAD) is True]
        answers = [asked(tree, row, NULL, BAD) for row in held]
        counts.append((answers.count(False), len(answers) - answers.count(None)))
    return counts


@given(tables(), st.lists(st.integers(0, 12), max_size=4), st.sampled_from([1, 3, 100]))
@THOROUGH
def test_rules_are_answered_as_row_by_row_however_a_file_is_cut(table: Table, cuts: list[int], batch: int) -> None:
    expected = naive(table)
    for found in (summary(table), summary(table, cuts, batch=batch)):
        assert [(one.failed, one.checked) for one in found.row_rules] == expected
        assert [len(one.examples) for one in found.row_rules] == [min(failed, MOST_EXAMPLES) for failed, _ in expected]
    assert summary(table).row_rules == summary(table, cuts, batch=batch).row_rules


@given(tables(), st.lists(st.integers(1, 12), max_size=4))
@THOROUGH
def test_small_files_counted_together_are_counted_as_alone(table: Table, cuts: list[int]) -> None:
    edges = sorted({0, *(cut for cut in cuts if cut < table.rows), table.rows})
    files = [
        RowBatch(
            [column.slice(start, end - start) for column in table.arrays],
            end - start,
            lines=end - start,
            line_numbers=lambda found: (found + 1).tolist(),
        )
        for start, end in pairwise(edges)
    ]
    together = [one.row_rules for one, _ in tally_small_files(table.recipe, files)]
    alone = [profile(table, start=start, end=end).row_rules for start, end in pairwise(edges)]
    assert together == alone


@given(tables(), st.lists(st.integers(0, 12), max_size=3))
@THOROUGH
def test_figures_travel_between_tasks(table: Table, cuts: list[int]) -> None:
    for end in (table.rows, *cuts):
        found = profile(table, end=min(end, table.rows))
        assert decode_profile(encode_profile(found)).row_rules == found.row_rules


def counts(rule: str, kind: str, a: Any, b: Any, encoding: CellEncoding = CellEncoding.TEXT) -> tuple[int, int]:  # noqa: ANN401
    """Failing and checked rows of a rule over two columns of a type."""
    fields = [{"name": "a", "type": kind}, {"name": "b", "type": kind}]
    table = Table({"a": a, "b": b}, fields, encoding, row_rules=[{"rule": "r", "expression": rule}])
    (found,) = summary(table).row_rules
    return found.failed, found.checked


@pytest.mark.parametrize(
    ("rule", "kind", "a", "b", "expected"),
    [
        ("a + b > 0", "integer", "9223372036854775807", "1", (0, 0)),
        ("a * b > 0", "integer", "3037000500", "3037000500", (0, 0)),
        ("-a > 0", "integer", "-9223372036854775808", "0", (0, 0)),
        ("a - b = 9223372036854775807", "integer", "9223372036854775806", "-1", (0, 1)),
        ("a / b > 0", "integer", "1", "0", (0, 0)),
        ("a = 0 or a / b > 0", "integer", "0", "0", (0, 1)),
        ("a * 10 = b", "decimal", "0.1", "1", (0, 1)),
        ("a + b = 0.3", "decimal", "0.1", "0.2", (0, 1)),
        ("a + b = 0.3", "number", "0.1", "0.2", (1, 1)),
        ("a = b", "decimal", "1.0", "1.000", (0, 1)),
        ("a < b", "decimal", "99999999999999999999.01", "99999999999999999999.02", (0, 1)),
        ("a * b > 0", "decimal", "9" * 38, "10", (0, 0)),
        ("a * b > 0", "number", "1e308", "10", (0, 0)),
        ("a = b", "number", "-0.0", "0", (0, 1)),
        ("a < b", "string", "Z", "a", (0, 1)),
        ("a = b", "string", "", "a", (0, 0)),
        ("a is null or a = b", "string", "", "a", (0, 1)),
        ("a = b or not a = b", "integer", "x", "1", (0, 0)),
        ("a is null", "integer", "x", "1", (1, 1)),
        ("b - a = 1", "date", "2024-02-28", "2024-02-29", (0, 1)),
        ("b - a = duration '24:00:00'", "datetime", "2024-02-29T00:00:00+01:00", "2024-02-29T23:00:00Z", (0, 1)),
        ("a < b", "datetime", "2020-01-01 00:00:00.000000001", "2020-01-01 00:00:00.000000002", (0, 1)),
        ("a < datetime '2020-01-01'", "date", "2019-12-31", "", (0, 1)),
        ("length(a) = 1 and lower(a) = 'é'", "string", "É", "", (0, 1)),
    ],
)
def test_what_a_rule_says_of_one_row(rule: str, kind: str, a: str, b: str, expected: tuple[int, int]) -> None:
    assert counts(rule, kind, [a], [b]) == expected
    # Large neighbours take another way of computing, and change nothing.
    large = {"integer": "9223372036854775807", "decimal": "9" * 38}.get(kind)
    if large:
        alone, among = (
            np.array(counts(rule, kind, [large], [large])),
            np.array(counts(rule, kind, [a, large], [b, large])),
        )
        assert tuple(among - alone) == expected


def test_typed_cells_are_compared_as_what_they_are() -> None:
    moments = pa.array([datetime(2024, 1, 1, tzinfo=timezone.utc), None], pa.timestamp("ms", "UTC"))
    later = pa.array([1704067200000000001, 0], pa.timestamp("ns"))
    assert counts("a < b", "datetime", moments, later, CellEncoding.TYPED) == (0, 1)
    exact = pa.array([Decimal("1.10"), Decimal("-0.01")], pa.decimal128(10, 2))
    assert counts("a = b * 1.0", "decimal", exact, pa.array([Decimal("1.1"), Decimal(0)], pa.decimal256(50, 3)),
                  CellEncoding.TYPED) == (1, 2)  # fmt: skip
    truths = pa.array([True, False, None])
    assert counts("a or b", "boolean", truths, pa.array([False, False, True]), CellEncoding.TYPED) == (1, 3)


def test_json_cells_of_another_kind_are_unknown() -> None:
    tokens = pa.StructArray.from_arrays([pa.array(["1", '"1"', None, "2.5"])], fields=list(JSON_TOKENS))
    assert counts("a >= b", "number", tokens, pa.array([1.0, 1.0, 1.0, 3.0]), CellEncoding.JSON) == (1, 2)


def test_a_column_of_another_type_leaves_a_rule_unanswered() -> None:
    texts, numbers = pa.array(["x", "y"]), pa.array([1, 2])
    assert counts("a > b", "integer", texts, numbers, CellEncoding.TYPED) == (0, 0)
    assert counts("a > b", "decimal", texts, numbers, CellEncoding.TYPED) == (0, 0)
    assert counts("a > b", "number", texts, numbers, CellEncoding.TYPED) == (0, 0)


def test_examples_show_the_columns_a_rule_names() -> None:
    fields = [{"name": "a", "type": "integer"}, {"name": "b"}, {"name": "c"}]
    rules = [{"rule": "r", "expression": "a > 1", "when": "b is null or b != 'z'"}]
    table = Table({"a": ["2", "0", "1", "0"], "b": ["", "", "y", "z"], "c": list("1234")}, fields, row_rules=rules)
    (found,) = summary(table, [2]).row_rules
    assert [(one.line, one.text) for one in found.examples] == [(2, "a=0, b=null"), (3, "a=1, b=y")]


def test_a_rule_over_a_missing_column_is_not_asked() -> None:
    fields = [{"name": "a", "type": "integer"}, {"name": "b", "type": "integer"}]
    rules = [{"rule": "one", "expression": "a > b"}, {"rule": "two", "expression": "a > 1"}]
    found = summary(Table({"a": ["1", "2"]}, fields, row_rules=rules)).row_rules
    assert [(one.name, one.failed, one.checked, one.missing) for one in found] == [
        ("one", 0, 0, True),
        ("two", 1, 2, False),
    ]


def test_a_file_without_rows_breaks_no_rule() -> None:
    fields = [{"name": "a", "type": "integer"}]
    (found,) = summary(Table({"a": []}, fields, row_rules=[{"rule": "r", "expression": "a > 1"}])).row_rules
    assert (found.failed, found.checked, found.missing) == (0, 0, False)


INTEGERS = st.lists(
    st.tuples(*[st.integers(-(2**63), 2**63 - 1) | st.sampled_from([0, 1, -1, 2**31, 2**53 + 1])] * 2), min_size=1
)


@given(INTEGERS, st.integers(0, 20), st.integers(0, 20))
@THOROUGH
def test_exact_numbers_compute_as_pythons_do(pairs: Sequence[tuple[int, int]], places: int, more: int) -> None:
    left = ExactNumbers(np.array([one for one, _ in pairs], np.int64), places)
    right = ExactNumbers(np.array([other for _, other in pairs], np.int64), more)
    scaled = [(one * 10**more, other * 10**places) for one, other in pairs]
    total, product = added(left, right), multiplied(left, right)
    assert [int(one) for one in total.at(places + more)] == [one + other for one, other in scaled]
    assert product.places == places + more
    assert [int(one) for one in product.units] == [one * other for one, other in pairs]
    assert compared("<", left, right).tolist() == [one < other for one, other in scaled]
    assert as_doubles(left).tolist() == [one / 10**places for one, _ in pairs]


@given(st.lists(st.sampled_from([*TEXTS["decimal"], *MORE["decimal"], "+1.50", "-.25", "000", "-0.0"]), min_size=1))
@THOROUGH
def test_decimals_are_read_exactly(texts: list[str]) -> None:
    written = [text for text in texts if value_of_text(text, "decimal", None).__class__ is Decimal]
    found, fits = from_decimal_text(pa.array(written, pa.string()))
    for at, text in enumerate(written):
        if fits is None or fits[at]:
            assert Fraction(int(found.units[at]), 10**found.places) == Fraction(text)
        else:
            whole, _, behind = text.partition(".")
            assert max(len(whole.lstrip("0")), len(behind.rstrip("0"))) > 38
