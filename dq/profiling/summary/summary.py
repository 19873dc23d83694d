"""The figures a finished profile gives: plain frozen data, all that scoring and the payload read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from dq.profiling.summary.example_values import ExampleValue
    from dq.schema.durations import Duration
    from dq.schema.fine_moments import FineMoment

#: A typed cell value as it appears in a summary.
Scalar: TypeAlias = "int | float | Decimal | bool | date | datetime | time | FineMoment | Duration | str"


class Example(NamedTuple):
    """One offending cell or row: its line in the file and its text, cut to 200 characters.

    Lines count from 1; None where the reader cannot know. `reason` says why it is one, where its kind does not.
    `value` is what JSON has for it, of a key of several columns one each; None where that is the text.
    (A tuple, as the next two are: a file has hundreds of them, and tuples are made and travel in a fraction of the
    time of a dataclass.)
    """

    line: int | None
    text: str
    reason: str = ""
    value: ExampleValue | tuple[ExampleValue, ...] | None = None


class Bin(NamedTuple):
    """One histogram bin: low <= value < high (the last bin includes high); rows in it."""

    low: float | str
    high: float | str
    rows: int


class TopValue(NamedTuple):
    """One frequent value with the rows that hold it."""

    value: str
    rows: int


@dataclass(frozen=True, slots=True)
class ColumnSummary:
    """Figures of one column of the file, over all parsed rows.

    `physical` is "text" for text formats, else the Arrow type's name. `type` is the declared type,
    or the one inferred for an undeclared column. `wrong_type` is set when a typed format holds the
    declared field as another physical type altogether. `violations` counts non-null parsed cells
    by the exact set of bounds rules they break (never the empty set). `*_error` are the stated
    relative errors of estimates: 0.0 means exact. `quantiles` has keys p05 p25 p50 p75 p95.
    `with_offset` counts the datetimes that say where they are from UTC, which those without are taken to be in.
    """

    name: str
    type: str
    physical: str
    declared: bool
    rows: int
    nulls: int
    unparsable: int = 0
    wrong_type: bool = False
    null_examples: tuple[Example, ...] = ()
    unparsable_examples: tuple[Example, ...] = ()
    violations: Mapping[frozenset[str], int] = field(default_factory=dict)
    violation_examples: Mapping[str, tuple[Example, ...]] = field(default_factory=dict)
    distinct: int = 0
    distinct_error: float = 0.0
    minimum: Scalar | None = None
    maximum: Scalar | None = None
    mean: float | None = None
    stddev: float | None = None
    with_offset: int = 0
    quantiles: Mapping[str, Scalar] = field(default_factory=dict)
    quantile_error: float = 0.0
    min_length: int | None = None
    max_length: int | None = None
    histogram: tuple[Bin, ...] = ()
    histogram_error: float = 0.0
    top_values: tuple[TopValue, ...] = ()
    top_values_error: float = 0.0
    repeats: str | None = None


@dataclass(frozen=True, slots=True)
class KeySummary:
    """Exact uniqueness of one declared key.

    `full` counts rows without a null in the key, `repeated` those of them after the first of equal
    keys. `missing` is set when a column of the key is not in the file: nothing was counted then.
    """

    columns: tuple[str, ...]
    full: int = 0
    repeated: int = 0
    examples: tuple[Example, ...] = ()
    missing: bool = False


@dataclass(frozen=True, slots=True)
class RowRuleSummary:
    """What a rule over the cells of a row found: rows that break it, of those it could be asked of.

    `missing` is set when a column it names is not in the file: nothing was counted then, nor where `unanswered` says
    why nobody could tell.
    """

    name: str
    failed: int = 0
    checked: int = 0
    examples: tuple[Example, ...] = ()
    missing: bool = False
    unanswered: str = ""


@dataclass(frozen=True, slots=True)
class FileSummary:
    """Everything counted in one file. rows_read = parsed rows + malformed rows, always.

    `bytes` is the size of the file, None of a table in memory. `unreadable` is the reader's reason when the file could
    not be parsed at all (then everything else is empty). `malformed_reasons` counts the malformed rows by why they are,
    `rows_incomplete` the parsed ones that lack a value in a required field that is in the file (None: nobody counted).
    `no_header` says a headed format had none. `missing_columns` are declared fields not in the file, `extra_columns`
    the undeclared ones, `repeated_columns` names that occur more than once in the header (only their first
    column is the declared one). `sample_rows` are cells as text in the order of `sample_columns`, None for null.
    `origin` says which part of the file was read, such as a sheet, where it has others. `notes` are sentences on how
    the file was read, `hints` on what looks like a mistake; `unresolved` counts formulas whose result it does not hold.
    """

    bytes: int | None
    rows_read: int = 0
    rows_malformed: int = 0
    malformed_examples: tuple[Example, ...] = ()
    malformed_reasons: Mapping[str, int] = field(default_factory=dict)
    rows_incomplete: int | None = None
    columns: tuple[ColumnSummary, ...] = ()
    keys: tuple[KeySummary, ...] = ()
    row_rules: tuple[RowRuleSummary, ...] = ()
    missing_columns: tuple[str, ...] = ()
    extra_columns: tuple[str, ...] = ()
    repeated_columns: tuple[str, ...] = ()
    sample_columns: tuple[str, ...] = ()
    sample_rows: tuple[tuple[str | None, ...], ...] = ()
    no_header: bool = False
    unreadable: str | None = None
    reader: str = ""
    origin: str = ""
    notes: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    unresolved: int = 0

    def __post_init__(self) -> None:
        """Hold the equation: no parsed row is lost."""
        parsed = self.rows_read - self.rows_malformed
        if parsed < 0 or any(column.rows != parsed for column in self.columns):
            rows = sorted({column.rows for column in self.columns})
            message = f"rows were lost: {self.rows_read} read, {self.rows_malformed} malformed, columns hold {rows}"
            raise AssertionError(message)
