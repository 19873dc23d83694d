"""Sections of the payload that show values: distributions and the sample."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from dq.checks.wording import MASK
from dq.verdict.payload.values import finite, stated_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dq.profiling.summary.summary import Bin, ColumnSummary, FileSummary
    from dq.verdict.payload.cuts import Cutter
    from dq.verdict.stored.values import Bin as StoredBin
    from dq.verdict.stored.values import Frequent, Histogram, Masked, SampleData, TopValues, ValueDistributions


def value_distributions(summary: FileSummary, cutter: Cutter) -> ValueDistributions:
    """Write a histogram or the most frequent values of every column; a sensitive one has neither."""
    shown = [column for column in summary.columns if column.histogram or column.top_values]
    if not cutter.caps.distributions:
        cutter.note("valueDistributions", "columns with their distribution", 0, len(shown))
        shown = []
    return {"columns": [_distribution(column, cutter) for column in cutter.columns(shown)]}


def _distribution(column: ColumnSummary, cutter: Cutter) -> Histogram | TopValues | Masked:
    name = cutter.name(column.name)
    if cutter.masking.hides(column.name):
        return {"name": name, "kind": "masked"}
    if column.histogram:
        bins: list[StoredBin] = [
            {"low": low, "high": high, "count": rows} for low, high, rows in _bins(column.histogram, cutter)
        ]
        return {"name": name, "kind": "histogram", "error": stated_error(column.histogram_error), "bins": bins}
    top = column.top_values[: cutter.caps.top_values]
    cutter.note("topValues", "most frequent values of a column", len(top), len(column.top_values))
    values: list[Frequent]
    if cutter.passes([each.value for each in top]):
        values = [{"value": value, "count": rows} for value, rows in top]
    else:
        values = [{"value": cutter.text(value), "count": rows} for value, rows in top]
    return {"name": name, "kind": "topValues", "error": stated_error(column.top_values_error), "values": values}


def _bins(bins: Sequence[Bin], cutter: Cutter) -> Sequence[tuple[float | str | None, float | str | None, int]]:
    """Give bins with edges that JSON has; those of numbers are nearly always finite."""
    if all(type(low) is type(high) is float and isfinite(low) and isfinite(high) for low, high, _ in bins):
        return bins
    return [(_edge(low, cutter), _edge(high, cutter), rows) for low, high, rows in bins]


def _edge(edge: float | str, cutter: Cutter) -> float | str | None:
    return cutter.text(edge) if isinstance(edge, str) else finite(edge)


def sample_data(summary: FileSummary, cutter: Cutter) -> SampleData:
    """Write the sample rows, cells as text, null where they are null, masked where they are sensitive."""
    columns = cutter.columns(summary.sample_columns)[: cutter.caps.sample_columns]
    cutter.note(
        "sampleData.columns", "columns of the sample, the first ones", len(columns), len(summary.sample_columns)
    )
    hidden = [cutter.masking.hides(name) for name in columns]
    rows = summary.sample_rows[: cutter.caps.sample_rows]
    cutter.note("sampleData.rows", "rows in the sample", len(rows), summary.rows_read - summary.rows_malformed)
    names = [cutter.name(name) for name in columns]
    if not any(hidden) and cutter.passes([cell for row in rows for cell in row if cell is not None]):
        return {"columns": names, "rows": [list(row[: len(names)]) for row in rows]}
    return {
        "columns": names,
        "rows": [
            [_cell(cell, cutter, hide=hide) for cell, hide in zip(row, hidden, strict=False)]  # cut to the columns
            for row in rows
        ],
    }


def _cell(cell: str | None, cutter: Cutter, *, hide: bool) -> str | None:
    if cell is None:
        return None
    return MASK if hide else cutter.text(cell)
