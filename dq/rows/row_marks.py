"""Which rows of a batch break which rules: the masks behind the counts of a verdict, before they are summed.

The cells are read, and held against their bounds, by the same kernels that count them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dq.checks.check import Check, CheckPlan
from dq.checks.dimensions import bounds, completeness, schema, uniqueness
from dq.checks.dimensions.row_rules import is_row_rule
from dq.profiling.cells.texts import as_text
from dq.profiling.cells.values import Cells, read_cells
from dq.profiling.figures.bounds import RULE_BITS, broken_rules
from dq.profiling.row_rules.evaluation import evaluate
from dq.profiling.row_rules.reference_keys import NO_REFERENCES, KnownReferences, ReferenceKeys, evaluate_reference
from dq.profiling.tally.recipe import ColumnRecipe, Recipe
from dq.profiling.tally.row_batch import RowBatch
from dq.profiling.tally.row_texts import row_texts
from dq.schema.definition import RowRule

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Mark:
    """One rule over the rows of a batch: the `rows` that break it, ascending, of so many that were `checked`.

    `values` gives the offending values as text, one for each of these rows, None where there is none to show.
    """

    check: Check
    rows: Rows
    checked: int
    values: Callable[[], pa.StringArray | None]


@dataclass(frozen=True, slots=True, eq=False)
class MarkedRows:
    """A batch of rows, its cells by column in the order of the recipe, and what is wrong with which of its rows."""

    batch: RowBatch
    cells: Sequence[Cells]
    marks: tuple[Mark, ...]


def read_rows(recipe: Recipe, batch: RowBatch) -> list[Cells]:
    """Parse the cells of a batch, column by column in the order of the recipe."""
    return [read_column(recipe, batch, at) for at in range(len(recipe.columns))]


def read_column(recipe: Recipe, batch: RowBatch, at: int) -> Cells:
    """Parse the cells of one column, named by its place in the recipe."""
    column = recipe.columns[at]
    return read_cells(batch.columns[column.position], column, recipe.encoding, recipe.missing_values)


def mark_rows(
    recipe: Recipe,
    plan: CheckPlan,
    batch: RowBatch,
    cells: Sequence[Cells],
    repeats: Mapping[tuple[str, ...], KeyRepeats],
    references: KnownReferences = NO_REFERENCES,
) -> MarkedRows:
    """Find the rows that break each rule about rows.

    Args:
        recipe: the definition, laid over the columns.
        plan: the checks of the definition.
        batch: the rows.
        cells: of these rows, from `read_rows`.
        repeats: of the keys that are in the file, by their columns, which of these rows repeat an earlier one.
        references: the keys that rows may refer to.
    """
    places = {column.name: at for at, column in enumerate(recipe.columns) if column.declared}
    marks: list[Mark] = []
    for column, checks in _by_column(plan).items():
        if column in places:
            at = places[column]
            marks += _marks_of_column(recipe.columns[at], cells[at], batch.rows, checks)
    for check in plan.of(bounds.KEY):
        if is_row_rule(check) and places.keys() >= set(check.columns):
            marks += _mark_of_rule(
                recipe, check, {name: cells[places[name]] for name in check.columns}, batch.rows, references
            )
    for check in plan.of(uniqueness.KEY):
        if check.columns in repeats:
            found = repeats[check.columns]
            key = [cells[places[name]] for name in check.columns]
            marks.append(Mark(check, found.rows, found.full, _key_texts(key, found.rows)))
    return MarkedRows(batch, cells, tuple(marks))


@dataclass(frozen=True, slots=True, eq=False)
class KeyRepeats:
    """The rows of a batch after the first of equal keys, ascending, of so many without a null in the key."""

    rows: Rows
    full: int


def marks_of_cells(
    recipe: Recipe, plan: CheckPlan, batch: RowBatch, columns: Collection[int]
) -> Mapping[int, tuple[Mark, ...]]:
    """Find the rows whose cells in some columns, named by their places in the recipe, break a rule about cells."""
    by_column = _by_column(plan)
    found = {}
    for at in columns:
        column, cells = recipe.columns[at], read_column(recipe, batch, at)
        found[at] = tuple(_marks_of_column(column, cells, batch.rows, by_column.get(column.name, ())))
    return found


def _by_column(plan: CheckPlan) -> Mapping[str, list[Check]]:
    found: dict[str, list[Check]] = {}
    for key in (schema.KEY, completeness.KEY, bounds.KEY):
        for check in plan.of(key):
            about_cells = check.rule in (schema.FIELD, completeness.REQUIRED)
            if key == bounds.KEY:
                about_cells = not is_row_rule(check)
            if about_cells and len(check.columns) == 1:
                found.setdefault(check.columns[0], []).append(check)
    return found


def _marks_of_column(column: ColumnRecipe, cells: Cells, rows: int, checks: Sequence[Check]) -> Iterator[Mark]:
    bits = broken_rules(cells.parsed, column.type, column.rules) if len(cells.parsed.cells) else None
    broken = np.empty(0, np.int64) if bits is None else np.flatnonzero(bits)  # few, as a rule: looked at one by one
    at = broken if cells.parsed.ok is None or not len(broken) else cells.parsed_positions()[broken]
    for check in checks:
        if check.rule == schema.FIELD:
            positions, checked = cells.unparsable_positions(), len(cells.present)
        elif check.rule == completeness.REQUIRED:
            yield Mark(check, _null_rows(cells, rows), rows, _no_values)
            continue
        else:
            positions = at if bits is None else at[RULE_BITS.breaking(bits[broken], check.rule)]
            checked = len(cells.parsed.cells)
        yield Mark(check, cells.row_of(positions), checked, texts_of(cells, positions))


def _mark_of_rule(
    recipe: Recipe, check: Check, columns: Mapping[str, Cells], rows: int, references: KnownReferences
) -> Iterator[Mark]:
    """Ask a rule over the cells of a row; nothing comes of one whose keys nobody could read."""
    rule = check.argument
    if isinstance(rule, RowRule):
        failing, checked = evaluate(rule, columns, rows)
    else:
        keys = references.get(rule.wanted)
        if not isinstance(keys, ReferenceKeys):
            return
        types = {column.name: column.type for column in recipe.columns}
        failing, checked = evaluate_reference(rule, keys, [types[name] for name in columns], columns, rows)
    found = np.flatnonzero(failing)
    yield Mark(check, found, int(np.count_nonzero(checked)), _row_texts(columns, found))


def _row_texts(columns: Mapping[str, Cells], rows: Rows) -> Callable[[], pa.StringArray | None]:
    return lambda: pa.array(row_texts(list(columns), list(columns.values()), rows), pa.string())


def _null_rows(cells: Cells, rows: int) -> Rows:
    if cells.rows is None:
        return np.empty(0, np.int64)
    null = np.ones(rows, np.bool_)
    null[cells.rows] = False
    return np.flatnonzero(null)


def _no_values() -> None:
    return None


def texts_of(cells: Cells, positions: Rows) -> Callable[[], pa.StringArray | None]:
    """Give the present cells at some positions as text, once somebody wants them."""
    return lambda: as_text(cells.present.take(pa.array(positions)))


def _key_texts(key: Sequence[Cells], rows: Rows) -> Callable[[], pa.StringArray | None]:
    def texts() -> pa.StringArray:
        parts = []
        for one in key:
            positions = rows if one.rows is None else np.searchsorted(one.rows, rows)
            parts.append(as_text(one.present.take(pa.array(positions))).to_pylist())
        return pa.array([", ".join(row) for row in zip(*parts, strict=True)], pa.string())

    return texts
