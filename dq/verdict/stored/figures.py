"""Sections of the profile payload with the figures of every column."""

from __future__ import annotations

from typing import Annotated

from typing_extensions import NotRequired, TypedDict

from dq.verdict.stored.numbers import Amount, Count, Scalar, Share, Some
from dq.verdict.stored.rules import Example

Offsets = TypedDict(
    "Offsets",
    {
        "with": Annotated[Some, "Values with `Z` or an offset."],
        "without": Annotated[Some, "Values without."],
    },
)


class ColumnFigures(TypedDict):
    """The figures of one column."""

    name: Annotated[
        str,
        "Name in the header; where that is blank or an earlier column has it, with the place: `year [3]`, `[4]`.",
    ]
    type: Annotated[str, "Declared type, or the one its values suggest."]
    physicalType: Annotated[str, "`text`, or the type the file stores."]
    declared: Annotated[bool, "The definition names it."]
    sensitive: Annotated[bool, "Its values are masked."]
    count: Annotated[Count, "Cells that are not null."]
    nulls: Annotated[Count, "Null cells."]
    unparsable: Annotated[Count, "Cells that are not of the type."]
    distinct: Annotated[Count, "Different values."]
    distinctError: Annotated[Amount, "Relative error of `distinct`; 0 is exact."]
    min: Annotated[
        Scalar,
        "A value of the column's type; dates and times as ISO text, decimals as text where a number would round.",
    ]
    max: Annotated[
        Scalar,
        "A value of the column's type; dates and times as ISO text, decimals as text where a number would round.",
    ]
    mean: Annotated[float | None, "Mean of a number column."]
    stddev: Annotated[float | None, "Standard deviation of the population."]
    minLength: Annotated[Count | None, "Shortest text."]
    maxLength: Annotated[Count | None, "Longest text."]
    quantileError: Annotated[Amount, "Error of the quantiles in ranks, as a share of the rows; 0 is exact."]
    p05: Annotated[
        Scalar,
        "A value of the column's type; dates and times as ISO text, decimals as text where a number would round.",
    ]
    p25: Annotated[
        Scalar,
        "A value of the column's type; dates and times as ISO text, decimals as text where a number would round.",
    ]
    p50: Annotated[
        Scalar,
        "A value of the column's type; dates and times as ISO text, decimals as text where a number would round.",
    ]
    p75: Annotated[
        Scalar,
        "A value of the column's type; dates and times as ISO text, decimals as text where a number would round.",
    ]
    p95: Annotated[
        Scalar,
        "A value of the column's type; dates and times as ISO text, decimals as text where a number would round.",
    ]
    offsets: NotRequired[
        Annotated[
            Offsets,
            "Of a datetime column that mixes them: values with an offset from UTC, and values without, which are "
            "taken to be in UTC. Left out of others.",
        ]
    ]


class StatisticalSummary(TypedDict):
    """The figures of the file and of each column."""

    rows: Annotated[Count, "Rows read: parsed and malformed ones."]
    parsedRows: Annotated[Count, "Rows that could be parsed."]
    malformedRows: Annotated[Count, "Rows that could not."]
    columnCount: Annotated[Count, "Columns of the file."]
    bytes: Annotated[Count | None, "Size of the object; null of a table in memory."]
    reader: Annotated[str, "`direct` (byte ranges) or `spark`."]
    columns: Annotated[list[ColumnFigures], "One entry a column."]


class ColumnNulls(TypedDict):
    """The nulls of one column."""

    name: Annotated[str, "Column."]
    required: Annotated[bool, "Nulls are not allowed."]
    rows: Annotated[Count, "Parsed rows."]
    nulls: Annotated[Count, "Null cells."]
    rate: Annotated[Share, "nulls / rows."]


class CompletenessOverview(TypedDict):
    """Nulls."""

    cells: Annotated[Count, "Cells of all columns."]
    nulls: Annotated[Count, "Null ones."]
    rate: Annotated[Share, "nulls / cells."]
    columns: Annotated[list[ColumnNulls], "One entry a column."]


class KeyRepeats(TypedDict):
    """One declared key."""

    columns: Annotated[list[str], "Columns of the key."]
    missing: Annotated[bool, "A column of it is not in the file."]
    rows: Annotated[Count, "Rows without a null in the key."]
    repeated: Annotated[Count, "Those after the first of equal keys."]
    rate: Annotated[Share, "repeated / rows."]
    exact: Annotated[bool, "Always true where it could be counted."]
    examples: Annotated[list[Example], "The first offences."]


class ColumnDistinct(TypedDict):
    """The different values of one column."""

    name: Annotated[str, "Column."]
    distinct: Annotated[Count, "Different values."]
    distinctError: Annotated[Amount, "Relative error."]
    distinctRate: Annotated[Share, "distinct / cells that are not null."]


class UniquenessOverview(TypedDict):
    """Repeats."""

    keys: Annotated[list[KeyRepeats], "Declared keys, counted exactly."]
    columns: Annotated[list[ColumnDistinct], "One entry a column."]
