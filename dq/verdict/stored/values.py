"""Sections of the profile payload that show values, and what was left out."""

from __future__ import annotations

from typing import Annotated, Literal

from typing_extensions import TypedDict

from dq.verdict.stored.numbers import Amount, Count


class Bin(TypedDict):
    """One bin of a histogram."""

    low: float | str | None
    high: float | str | None
    count: Annotated[Count, "Rows with low <= value < high; the last bin includes high."]


class Histogram(TypedDict):
    """How numbers or dates are distributed."""

    name: Annotated[str, "Column."]
    kind: Literal["histogram"]
    error: Annotated[Amount, "Error of the counts, as a share of the rows."]
    bins: Annotated[list[Bin], "Bins, ascending."]


class Frequent(TypedDict):
    """One frequent value."""

    value: Annotated[str, "Value as text."]
    count: Annotated[Count, "Rows."]


class TopValues(TypedDict):
    """The most frequent values of a column."""

    name: Annotated[str, "Column."]
    kind: Literal["topValues"]
    error: Annotated[Amount, "Error of the counts, as a share of the rows."]
    values: Annotated[list[Frequent], "The most frequent values first."]


class Masked(TypedDict):
    """A column whose values are hidden."""

    name: Annotated[str, "Column."]
    kind: Literal["masked"]


class ValueDistributions(TypedDict):
    """How values are distributed."""

    columns: Annotated[
        list[Histogram | TopValues | Masked],
        "A histogram of numbers and dates, otherwise the most frequent values; a sensitive column has neither.",
    ]


class SampleData(TypedDict):
    """Some rows."""

    columns: Annotated[list[str], "Names, in the order of the cells."]
    rows: Annotated[
        list[list[str | None]],
        "Up to 50 rows, the same every time; cells as text, null where they are null, `***` where they are sensitive.",
    ]


class LeftOut(TypedDict):
    """Something of which not all is shown."""

    code: Annotated[
        str,
        "What was cut, for programs: `values`, `examples`, `topValues`, `sampleData.rows`, `sampleData.columns`, "
        "`valueDistributions`, `columns`, `failedValidationRules`.",
    ]
    what: Annotated[str, "The same for people."]
    kept: Annotated[Count, "How many are there, or characters of a value."]
    of: Annotated[Count, "How many there were; of several cuts, in the one that took most."]
