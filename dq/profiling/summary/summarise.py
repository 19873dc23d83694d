"""From mergeable states to figures: quantiles, histograms, top values and estimates with their errors."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dq.profiling.cells.number_line import from_numbers, text_of
from dq.profiling.figures.bounds import rules_of
from dq.profiling.figures.fine_numbers import FINE, parts_of
from dq.profiling.profile.column_profile import ColumnProfile
from dq.profiling.profile.file_profile import FileProfile
from dq.profiling.row_rules.outcome import RowFigures
from dq.profiling.summary.example_values import value_of_example
from dq.profiling.summary.histogram import histogram
from dq.profiling.summary.summary import (
    Bin,
    ColumnSummary,
    Example,
    FileSummary,
    KeySummary,
    RowRuleSummary,
    Scalar,
    TopValue,
)
from dq.profiling.tally.column_figures import COUNTED
from dq.profiling.tally.offences import Offence
from dq.profiling.tally.recipe import SAMPLE_ROWS, CellEncoding, ColumnRecipe, Recipe
from dq.schema.definition import FieldType, SchemaDefinition

#: Quantiles by the lower value of the rank, as `percentile_disc` in SQL.
QUANTILES = {"p05": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}
#: The stated error of a rank, or of a share of rows, taken from a sample of SAMPLE_ROWS; of fewer it is more.
SAMPLE_ERROR = 0.015
MOST_TOP_VALUES = 20


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What is known of the file beside its rows. `header` holds the trimmed names in file order.

    `origin` says which part of the file was read, where it has others; `notes` how it was read, `hints` what looks like
    a mistake; `unresolved` is the number of formulas without a stored result.
    """

    header: tuple[str, ...]
    bytes: int | None
    reader: str
    origin: str = ""
    notes: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    unresolved: int = 0


@dataclass(frozen=True, slots=True)
class KeyFigures:
    """Exact counts of one declared key."""

    full: int
    repeated: int
    examples: tuple[Offence, ...] = ()


def summarise(
    profile: FileProfile,
    recipe: Recipe,
    definition: SchemaDefinition | None,
    facts: FileFacts,
    keys: Sequence[KeyFigures] = (),
) -> FileSummary:
    """Give the figures of one file, its lines settled; `keys` are in the order of the recipe's keys."""
    parts = _columns(profile, recipe)
    error = _sample_error(profile)
    present = {column.name for column, _, _ in parts}
    declared = dict.fromkeys(field.name for field in definition.fields) if definition else {}
    names = Counter(facts.header)
    required = [column.name for column in recipe.columns if column.required]
    nulls = {recipe.columns[at].name: _examples(cells) for at, cells in profile.null_cells.items()}
    return FileSummary(
        bytes=facts.bytes,
        rows_read=profile.rows + profile.malformed,
        rows_malformed=profile.malformed,
        malformed_examples=_examples(profile.malformed_rows),
        malformed_reasons=profile.reasons,
        rows_incomplete=profile.incomplete if present.issuperset(required) else None,
        columns=tuple(
            replace(one, null_examples=nulls[one.name]) if one.name in nulls else one
            for one in (_column(state, column, profile.rows, sample, error) for column, state, sample in parts)
        ),
        keys=_keys(definition, recipe, keys, present),
        row_rules=_row_rules(definition, recipe, profile, present),
        missing_columns=tuple(name for name in declared if name not in present),
        extra_columns=tuple(column.name for column, _, _ in parts if definition and _is_extra(column, declared)),
        repeated_columns=tuple(sorted(name for name, count in names.items() if count > 1 and name)),
        sample_columns=tuple(column.name for column in recipe.columns if column.name in present),
        sample_rows=_shown_rows(profile, [column.name in present for column in recipe.columns]),
        reader=facts.reader,
        origin=facts.origin,
        notes=facts.notes,
        hints=facts.hints,
        unresolved=facts.unresolved,
    )


def _is_extra(column: ColumnRecipe, declared: Collection[str]) -> bool:
    """Tell whether nobody declared a column: one that repeats a declared name is a fault of that field instead."""
    return not column.declared and column.repeats not in declared


def _sample_error(profile: FileProfile) -> float:
    """Give the stated error of this profile's sample: it grows with one over the root of its rows."""
    rows = SAMPLE_ROWS if profile.sample is None else min(profile.sample.size, SAMPLE_ROWS)
    return SAMPLE_ERROR * math.sqrt(SAMPLE_ROWS / max(rows, 1))


def _columns(profile: FileProfile, recipe: Recipe) -> list[tuple[ColumnRecipe, ColumnProfile, pa.ChunkedArray | None]]:
    """Pair every column of the file with its state and its part of the row sample.

    In JSON a declared field may occur in no row at all: then the file does not have it.
    """
    sample = profile.sample.cells if profile.sample is not None else None
    states = profile.columns or ()
    known = [
        (column, state, None if sample is None else sample.column(at))
        for at, (column, state) in enumerate(zip(recipe.columns, states, strict=True))
        if state.seen or not profile.rows or recipe.encoding is not CellEncoding.JSON
    ]
    extras = [(ColumnRecipe(name, -1, FieldType.ANY), state, None) for name, state in profile.extras.items()]
    return known + extras


def _keys(
    definition: SchemaDefinition | None,
    recipe: Recipe,
    figures: Sequence[KeyFigures],
    present: set[str],
) -> tuple[KeySummary, ...]:
    if definition is None:
        return ()
    counted = {tuple(recipe.columns[at].name for at in key): one for key, one in zip(recipe.keys, figures, strict=True)}
    types = {column.name: column.type for column in recipe.columns}
    summaries = []
    for key in definition.keys:
        one = counted.get(key.columns)
        if one is None or not present.issuperset(key.columns):
            summaries.append(KeySummary(key.columns, missing=True))
        else:
            examples = _examples(one.examples, *(types[name] for name in key.columns))
            summaries.append(KeySummary(key.columns, one.full, one.repeated, examples))
    return tuple(summaries)


def _row_rules(
    definition: SchemaDefinition | None, recipe: Recipe, profile: FileProfile, present: set[str]
) -> tuple[RowRuleSummary, ...]:
    # Of a file without a part nobody counted anything.
    rules = recipe.rules_over_rows
    figures = profile.row_rules or (RowFigures(),) * len(rules)
    counted = {rule.name: one for rule, one in zip(rules, figures, strict=True)}
    summaries = []
    for rule in definition.rules_over_rows if definition else ():
        one = counted.get(rule.name)
        if one is None or not present.issuperset(rule.columns):
            summaries.append(RowRuleSummary(rule.name, missing=True))
        else:
            found = _examples(one.examples)
            summaries.append(RowRuleSummary(rule.name, one.failed, one.checked, found, unanswered=one.unanswered))
    return tuple(summaries)


def _examples(offences: Sequence[Offence], *kinds: FieldType) -> tuple[Example, ...]:
    """Give examples, which are values of these types where they are of any."""
    return tuple(
        Example(found.line or None, found.text, found.reason, value_of_example(found, kinds)) for found in offences
    )


def _shown_rows(profile: FileProfile, present: Sequence[bool]) -> tuple[tuple[str | None, ...], ...]:
    shown = profile.shown
    if shown is None or shown.cells is None:
        return ()
    columns = [_texts(column) for column, there in zip(shown.cells.columns, present, strict=True) if there]
    rows = list(zip(*columns, strict=True))
    return tuple(rows[at] for at in shown.file_order().tolist()) if rows else ()


def _texts(column: pa.ChunkedArray) -> list[str | None]:
    """As `to_pylist`, in half the time; a column without a type has no text at all."""
    texts: list[str | None] = column.to_numpy().tolist() if pa.types.is_string(column.type) else column.to_pylist()
    return texts


def _column(
    state: ColumnProfile, recipe: ColumnRecipe, rows: int, sampled: pa.ChunkedArray | None, sample_error: float
) -> ColumnSummary:
    kind = recipe.type
    values = state.present - state.unparsable
    sample = sampled if sampled is None or not sampled.null_count else sampled.drop_null()
    exact = sample is None or len(sample) >= values
    quantiles: dict[str, Scalar] = {}
    bins: tuple[Bin, ...] = ()
    if sample is not None and len(sample) and not pa.types.is_string(sample.type) and kind is not FieldType.BOOLEAN:
        numbers, rests = _ascending(sample)
        quantiles = _quantiles(numbers, rests, kind)
        bins = () if kind in COUNTED else histogram(numbers, state, values, kind)
    top, top_error = _top_values(state, sample, values, kind, sample_error)
    return ColumnSummary(
        name=recipe.name,
        type=kind.value,
        physical=state.physical,
        declared=recipe.declared,
        rows=rows,
        nulls=rows - state.present,
        unparsable=state.unparsable,
        wrong_type=state.wrong_type,
        unparsable_examples=_examples(state.unparsable_cells),
        violations={rules_of(bits): count for bits, count in state.violations.items()},
        violation_examples={rule: _examples(found, kind) for rule, found in state.violating_cells.items()},
        distinct=state.distinct.estimate(),
        distinct_error=state.distinct.error(),
        minimum=state.minimum,
        maximum=state.maximum,
        mean=state.moments.mean(),
        stddev=state.moments.stddev(),
        with_offset=state.with_offset,
        quantiles=quantiles,
        quantile_error=0.0 if exact or not quantiles else sample_error,
        min_length=state.min_length,
        max_length=state.max_length,
        histogram=bins,
        histogram_error=0.0 if exact or not bins else sample_error,
        top_values=top,
        top_values_error=top_error,
        repeats=recipe.repeats,
    )


def _ascending(sample: pa.ChunkedArray) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64] | None]:
    """Give the sampled numbers in their order, and the nanoseconds beyond where there are any."""
    if sample.type != FINE:
        return np.sort(sample.to_numpy()), None
    numbers, rests = parts_of(sample)
    order = np.lexsort((rests, numbers))
    return numbers[order], rests[order]


def _quantiles(numbers: npt.NDArray[Any], rests: npt.NDArray[np.int64] | None, kind: FieldType) -> dict[str, Scalar]:
    ranks = [max(math.ceil(share * len(numbers)) - 1, 0) for share in QUANTILES.values()]
    behind = None if rests is None else rests[ranks].tolist()
    return dict(zip(QUANTILES, from_numbers(numbers[ranks].tolist(), kind, behind), strict=True))


def _sampled_texts(values: pa.Array, kind: FieldType) -> list[str]:
    """Write sampled values for people: those that are numbers in a sample are no numbers for them."""
    if pa.types.is_string(values.type):
        return values.to_pylist()  # type: ignore[no-any-return]
    numbers, rests = parts_of(values) if values.type == FINE else (values.to_numpy(zero_copy_only=False), None)
    found = from_numbers(numbers.tolist(), kind, None if rests is None else rests.tolist())
    return [text_of(value) for value in found]


def _top_values(
    state: ColumnProfile, sample: pa.ChunkedArray | None, values: int, kind: FieldType, sample_error: float
) -> tuple[tuple[TopValue, ...], float]:
    if kind not in COUNTED:
        return (), 0.0
    if state.frequencies.counts is not None:
        return tuple(TopValue(*pair) for pair in state.frequencies.top(MOST_TOP_VALUES)), 0.0
    if sample is None or not len(sample):
        return (), 0.0
    counted = pc.value_counts(sample)
    pairs = sorted(
        zip(_sampled_texts(counted.field("values"), kind), counted.field("counts").to_pylist(), strict=True),
        key=lambda pair: (-pair[1], pair[0]),
    )
    scale = values / len(sample)
    # Below the stated error a count says nothing: a column of unique values has no top values.
    frequent = [pair for pair in pairs[:MOST_TOP_VALUES] if pair[1] > sample_error * len(sample)]
    return tuple(TopValue(text, round(count * scale)) for text, count in frequent), sample_error
