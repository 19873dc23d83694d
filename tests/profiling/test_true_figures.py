"""Every figure of a summary against DuckDB's exact SQL over the same table, as CSV text and as typed Arrow."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from dq.profiling.cells.number_line import as_number
from dq.profiling.summary.summary import ColumnSummary, FileSummary, TopValue
from dq.profiling.tally.recipe import CellEncoding
from tests.unit.profiling.profiled import Table, summary

if TYPE_CHECKING:
    from collections.abc import Iterator

DISTINCT, RANK, FLOATS = 0.03, 0.015, 1e-9
#: Brings the smallest squares into the range of doubles.
TINY = Fraction(1, 2**600)

#: A column each: its declared type and the SQL that makes its value in row i (r is uniform in 0..1, fixed by a hash).
COLUMNS = {
    "sequence": ("integer", "i::BIGINT"),
    "huge": ("integer", "9223372036854775807 - i * 1000003"),
    "few": ("integer", "(1 + r * 6)::INTEGER"),
    "price": ("number", "round(exp(r * 8), 2)::DOUBLE"),
    "centred": ("number", "1e9 + r"),
    "tiny": ("number", "(r - 0.5) * 1e-200"),
    "constant": ("number", "0.1::DOUBLE"),
    "skewed": ("number", "pow(r, 20) * 1e6"),
    "money": ("decimal", "(floor(r * 1e7) / 100)::DECIMAL(18, 2)"),
    "micros": ("decimal", "(floor(r * 50) / 1e8)::DECIMAL(20, 8)"),
    "flag": ("boolean", "r < 0.3"),
    "day": ("date", "DATE '1899-12-30' + (r * 60000)::INTEGER"),
    "moment": ("datetime", "TIMESTAMP '1960-01-01' + to_microseconds((r * 3e15)::BIGINT)"),
    "clock": ("time", "TIME '00:00:00' + to_microseconds((floor(r * 86399) * 1000000)::BIGINT)"),
    "word": ("string", "list_extract(['card', 'cash', 'ünknown', 'dispute', '1 or 2'], 1 + floor(pow(r, 3) * 5)::INT)"),
    "uuid": ("string", "md5(i::VARCHAR)"),
    "name": ("string", "'driver-' || (r * 30000)::INTEGER"),
}  # fmt: skip
NULL_SHARE = {"price": 0.1, "day": 0.01, "word": 0.5, "name": 0.9, "few": 0.001}
ROWS = [0, 1, 2, 1000, 60_000]
MANY = 10_000
PARAMS = [
    pytest.param((rows, lane), marks=pytest.mark.night if rows > MANY else ())
    for rows in ROWS
    for lane in ("text", "typed")
]


@dataclass(frozen=True)
class Case:
    """One generated table in both lanes, with DuckDB's connection to ask."""

    rows: int
    summary: FileSummary
    connection: duckdb.DuckDBPyConnection

    def ask(self, expression: str) -> Any:  # noqa: ANN401 - whatever SQL gives
        found = self.connection.execute(f"SELECT {expression} FROM t").fetchone()
        assert found is not None
        return found[0]

    def rows_of(self, expression: str) -> list[tuple[Any, ...]]:
        """Every value that is not null, ascending."""
        return self.connection.execute(
            f"SELECT {expression} FROM t WHERE {expression} IS NOT NULL ORDER BY 1"
        ).fetchall()

    def columns(self) -> list[tuple[ColumnSummary, str]]:
        return [(column, f'"{column.name}"') for column in self.summary.columns]


def generated(rows: int) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("SET threads = 1; SET TimeZone = 'UTC'")
    values = ", ".join(
        f"CASE WHEN hash(i, '{name}', 1) / 18446744073709551615.0 < {NULL_SHARE.get(name, 0)} THEN NULL"
        f' ELSE {sql} END AS "{name}"'
        for name, (_, sql) in COLUMNS.items()
    )
    connection.execute(
        f"CREATE TABLE t AS SELECT {values} FROM"
        f" (SELECT i, hash(i, 0) / 18446744073709551616.0 AS r FROM range({rows}) AS numbers(i))"
    )
    return connection


def as_texts(connection: duckdb.DuckDBPyConnection) -> dict[str, pa.Array]:
    """Every cell as the text that SQL writes for it: what stands in a CSV file."""
    columns = ", ".join(f'coalesce("{name}"::VARCHAR, \'\') AS "{name}"' for name in COLUMNS)
    table: pa.Table = connection.sql(f"SELECT {columns} FROM t").to_arrow_table()
    return {name: joined(table.column(name)).cast(pa.string()) for name in COLUMNS}


def as_typed(connection: duckdb.DuckDBPyConnection) -> dict[str, pa.Array]:
    table: pa.Table = connection.sql("SELECT * FROM t").to_arrow_table()
    return {name: joined(table.column(name)) for name in COLUMNS}


def joined(column: pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


@pytest.fixture(scope="module", params=PARAMS, ids=str)
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    rows, lane = request.param
    connection = generated(rows)
    cells = as_texts(connection) if lane == "text" else as_typed(connection)
    fields = [{"name": name, "type": kind} for name, (kind, _) in COLUMNS.items()]
    encoding = CellEncoding.TEXT if lane == "text" else CellEncoding.TYPED
    cuts = [rows // 3, rows // 2]
    yield Case(rows, summary(Table(cells, fields, encoding), cuts, batch=7000), connection)
    connection.close()


def test_counts_are_exact(case: Case) -> None:
    assert case.summary.rows_read == case.rows
    for column, name in case.columns():
        assert column.rows == case.rows
        assert column.nulls == case.ask(f"count(*) - count({name})"), name
        assert (column.unparsable, column.wrong_type) == (0, False), name


def test_extremes_are_exact(case: Case) -> None:
    for column, name in case.columns():
        if column.type == "boolean":
            continue
        assert column.minimum == case.ask(f"min({name})"), name
        assert column.maximum == case.ask(f"max({name})"), name


def test_means_and_deviations_are_exact(case: Case) -> None:
    for column, name in case.columns():
        if column.type not in {"integer", "number", "decimal"}:
            assert (column.mean, column.stddev) == (None, None), name
            continue
        values = [Fraction(row[0]) for row in case.rows_of(name)]
        mean, spread = mean_and_spread(values) if values else (None, Fraction(0))
        assert close(column.mean, None if mean is None else float(mean)), name
        scale = TINY if column.name == "tiny" else 1
        exact = math.sqrt(spread / (len(values) - 1) / scale**2) * float(scale) if len(values) > 1 else None
        assert close(column.stddev, exact), name
        sql = case.ask(f"stddev_samp({name}::DOUBLE)")
        if column.name not in {"huge", "tiny", "centred"}:  # where SQL's own sums of doubles lose digits
            assert close(column.stddev, sql, at_most=1e-12), name


def mean_and_spread(values: list[Fraction]) -> tuple[Fraction, Fraction]:
    """The mean and the sum of squared distances from it, both exact: all values over one denominator, which is
    a hundred times quicker than adding fractions one by one."""
    whole = math.lcm(*(value.denominator for value in values))
    numerators = [value.numerator * (whole // value.denominator) for value in values]
    count, total = len(values), sum(numerators)
    return Fraction(total, whole * count), Fraction(count * sum(n * n for n in numerators) - total**2, count * whole**2)


def close(found: float | None, expected: float | None, at_most: float = 0.0) -> bool:
    if found is None or expected is None:
        return found is expected
    return abs(found - expected) <= max(FLOATS * abs(expected), at_most)


def test_distinct_counts_are_exact_or_within_their_error(case: Case) -> None:
    for column, name in case.columns():
        exact = case.ask(f"count(DISTINCT {name})")
        if column.distinct_error == 0.0:
            assert column.distinct == exact, name
        else:
            assert exact > 10_000, name
            assert abs(column.distinct - exact) <= DISTINCT * exact, name
        assert exact > 16_384 or column.distinct_error == 0.0, name


def test_quantiles_are_values_within_their_error_of_the_rank(case: Case) -> None:
    for column, name in case.columns():
        wanted = {"p05": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}
        if column.type in {"string", "boolean"} or column.rows == column.nulls:
            assert not column.quantiles, name
            continue
        cells = f"{name}::DOUBLE" if column.type == "decimal" else name
        numbers = np.array([as_number(row[0]) for row in case.rows_of(cells)])
        for quantile, share in wanted.items():
            number = as_number(column.quantiles[quantile])
            below, upto = (
                np.searchsorted(numbers, [number, number], "left")[0],
                np.searchsorted(numbers, number, "right"),
            )
            assert upto > below, f"{name}: {quantile} is no value of the column"
            error = max(below / len(numbers) - share, share - upto / len(numbers), 0.0)
            assert error <= (RANK if column.quantile_error else 1 / len(numbers)), f"{name} {quantile}"
            if not column.quantile_error and column.type not in {"decimal", "time"}:
                assert column.quantiles[quantile] == case.ask(f"quantile_disc({name}, {share})"), f"{name} {quantile}"


def test_histograms_hold_every_value_once(case: Case) -> None:
    for column, name in case.columns():
        if column.type not in {"integer", "number", "decimal", "date", "datetime"}:
            assert not column.histogram, name
            continue
        assert sum(one.rows for one in column.histogram) == column.rows - column.nulls, name
        if column.histogram_error or not column.histogram or isinstance(column.histogram[0].low, str):
            continue
        last = column.histogram[-1]
        for one in column.histogram:
            upper = f"{name} <= {one.high!r}::DOUBLE" if one is last else f"{name} < {one.high!r}::DOUBLE"
            inside = case.ask(f"count(*) FILTER ({name}::DOUBLE >= {one.low!r}::DOUBLE AND {upper})")
            assert one.rows == inside, f"{name} {one}"


def test_histograms_of_dates_count_the_days_between_their_edges(case: Case) -> None:
    for column, name in case.columns():
        if column.type == "date" and not column.histogram_error:
            last = len(column.histogram) - 1
            for at, one in enumerate(column.histogram):
                upper = "<=" if at == last else "<"
                inside = case.ask(f"count(*) FILTER ({name} >= '{one.low}' AND {name} {upper} '{one.high}')")
                assert one.rows == inside, f"{name} {one}"


def test_sampled_histograms_are_within_their_error(case: Case) -> None:
    for column, name in case.columns():
        if not column.histogram_error or column.type not in {"integer", "number", "decimal"}:
            continue
        values = column.rows - column.nulls
        for one in column.histogram:
            upper = "<=" if one is column.histogram[-1] else "<"
            inside = case.ask(
                f"count(*) FILTER ({name}::DOUBLE >= {one.low!r} AND {name}::DOUBLE {upper} {one.high!r})"
            )
            assert abs(one.rows - inside) <= 2 * RANK * values, f"{name} {one}"


def test_lengths_are_exact(case: Case) -> None:
    for column, name in case.columns():
        if column.type == "string":
            assert column.min_length == case.ask(f"min(length({name}))"), name
            assert column.max_length == case.ask(f"max(length({name}))"), name


def test_top_values_are_exact_while_they_say_so(case: Case) -> None:
    for column, name in case.columns():
        if column.type != "string":
            continue
        distinct = case.ask(f"count(DISTINCT {name})")
        ranked = case.connection.execute(
            f"SELECT {name}, count(*) AS n FROM t WHERE {name} IS NOT NULL GROUP BY 1 ORDER BY n DESC, 1 LIMIT 20"
        ).fetchall()
        if distinct <= 1000:
            assert column.top_values_error == 0.0
            assert column.top_values == tuple(TopValue(*row) for row in ranked), name
        else:
            exact = dict(ranked)
            for top in column.top_values:
                assert abs(top.rows - exact[top.value]) <= 2 * RANK * (column.rows - column.nulls), name


def test_booleans_count_true_and_false(case: Case) -> None:
    found = {top.value: top.rows for column, _ in case.columns() if column.name == "flag" for top in column.top_values}
    assert found.get("true", 0) == case.ask("count(*) FILTER (flag)")
    assert found.get("false", 0) == case.ask("count(*) FILTER (NOT flag)")


def test_both_lanes_give_the_same_figures() -> None:
    connection = generated(20_000)
    fields = [{"name": name, "type": kind} for name, (kind, _) in COLUMNS.items()]
    text = summary(Table(as_texts(connection), fields))
    typed = summary(Table(as_typed(connection), fields, CellEncoding.TYPED))
    for one, other in zip(text.columns, typed.columns, strict=True):
        for figure in ("nulls", "minimum", "maximum", "mean", "stddev", "distinct", "quantiles", "histogram"):
            assert getattr(one, figure) == getattr(other, figure), f"{one.name} {figure}"
        assert (one.min_length, one.max_length) == (other.min_length, other.max_length), one.name
    assert json.dumps([one.name for one in text.columns]) == json.dumps(list(COLUMNS))
