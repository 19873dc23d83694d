"""Good rows apart from bad ones, and the findings of each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from dq.checks.check import Check
from dq.profiling.cells.values import Cells
from dq.profiling.tally.row_batch import RowBatch
from dq.rows.columns.typed_columns import typed_columns, unfit_marks
from dq.rows.findings import FINDINGS_TYPE, findings_column
from dq.rows.framed import CellsAs, FramedChecks, definition_of, framed, is_of_spark
from dq.rows.frames import Mask, frame_of
from dq.rows.referred.reference_frames import NO_TABLES, known_frames
from dq.rows.repeats import KeyRepeatFinder
from dq.rows.row_marks import KeyRepeats, MarkedRows, mark_rows, read_rows
from dq.rows.rule_counts import RuleCounts, tolerates


@dataclass(frozen=True, slots=True, eq=False)
class FoundRows:
    """A batch of rows with its findings, null for a row without any, and which of its rows fail."""

    marked: MarkedRows
    findings: pa.ListArray
    failing: Mask


def row_findings(batch: pa.RecordBatch, definition: Any, *, cells: CellsAs = "auto") -> pa.ListArray:  # noqa: ANN401
    """Find what is wrong with each row of an Arrow batch, which is taken for the whole of its file.

    Args:
        batch: columns of text, or typed ones.
        definition: in any form that `definition_of` takes.
        cells: how its cells are taken, see `CellsAs`.

    Returns:
        A list for each row of `{rule, dimension, column, severity, tolerated, message, value}`, null for a row that has
        none. A row fails where one of them is of severity `error` or `critical` and not tolerated.

    Raises:
        DefinitionError: the definition is broken.
    """
    frame = frame_of(batch)
    parts = [one.findings for one in find_rows(framed(frame.schema, definition, cells), frame.batches)]
    return pa.concat_arrays(parts) if parts else pa.nulls(0, FINDINGS_TYPE)


def split_rows(
    frame: Any,  # noqa: ANN401 - of any library
    definition: Any,  # noqa: ANN401 - in any form
    *,
    cells: CellsAs = "auto",
    references: Mapping[str, Any] = NO_TABLES,
) -> tuple[Any, Any]:
    """Split a table into the rows that passed and those that failed, both of the kind that came in.

    Both have a column `_findings`; one of that name from before is replaced. Passed rows have the declared types,
    failed ones are as they came. A table of PySpark has no order: the first of equal keys is the row that sorts first
    over all its columns. Nothing of it is read before the result is, but for rules with a threshold, whose failing
    rows have to be counted at once. Tables that the definition refers to are given as in `check_frame`; a rule whose
    table is not given finds nothing.

    Raises:
        DefinitionError: the definition is broken.
        UsageError: the table, or the definition, is nothing that can be read.
    """
    known = definition_of(definition)
    keys = known_frames(known, references)
    if is_of_spark(frame):
        from dq.rows.spark.frames import split_spark_frame  # noqa: PLC0415 - loads Spark

        return split_spark_frame(frame, known, cells, keys)
    table = frame_of(frame)
    checks = framed(table.schema, known, cells, keys)
    typed, findings, failing = [], [], []
    for found in find_rows(checks, table.batches, typed=True):
        findings.append(found.findings)
        failing.append(found.failing)
        typed.append(typed_columns(checks.recipe, found.marked.batch, found.marked.cells))
    fails = np.concatenate(failing)
    told = pa.chunked_array(findings, FINDINGS_TYPE)
    good = pa.array(~fails)
    columns = {at: pa.chunked_array([batch[at] for batch in typed]).filter(good) for at in typed[0]}
    split = table.some(~fails, columns, told.filter(good)), table.some(fails, {}, told.filter(pa.array(fails)))
    require_all(len(fails), int((~fails).sum()), int(fails.sum()))
    return split


def require_all(rows: int, passed: int, failed: int) -> None:
    """Hold the equation: every row is with those that passed or with those that failed."""
    if rows != passed + failed:
        raise AssertionError(f"rows were lost: {rows} read, {passed} passed, {failed} failed")


def find_rows(
    checks: FramedChecks, batches: Callable[[], Iterable[RowBatch]], *, typed: bool = False, unique: bool = False
) -> Iterator[FoundRows]:
    """Find what is wrong with the rows of all batches, which `batches` gives twice where that is needed.

    With `typed`, decimals that have no place in a typed column count as findings, too. `unique`: somebody knows that no
    row repeats a key.

    Raises:
        NoTemporarySpaceError: the keys are too many for memory, and the disk is full.
    """
    with closing(KeyRepeatFinder(checks.recipe)) as finder:
        tolerated: frozenset[Check] = frozenset()
        of_keys = {check for check in checks.plan.checks if check.columns in _keys(checks)}
        counted = tolerates(checks.plan.checks)
        if of_keys and not unique:
            for batch in batches():
                finder.collect(batch)
        if counted:
            tolerated = sum(map(RuleCounts.of_marks, _marks(checks, finder, batches())), RuleCounts()).tolerated()
            finder.again()
        for batch in batches():
            cells = read_rows(checks.recipe, batch)
            yield found_rows(checks, batch, cells, finder.repeats(cells, batch.rows), tolerated, typed=typed)


def found_rows(
    checks: FramedChecks,
    batch: RowBatch,
    cells: Sequence[Cells],
    repeats: Mapping[tuple[str, ...], KeyRepeats],
    tolerated: Collection[Check],
    *,
    typed: bool,
) -> FoundRows:
    """Find what is wrong with the rows of one batch.

    Args:
        checks: what they are held against.
        batch: the rows.
        cells: of these rows, from `read_rows`.
        repeats: which of them repeat a key of an earlier row, by the columns of the key.
        tolerated: rules that no larger share of the file breaks than they tolerate.
        typed: decimals that have no place in a typed column count as findings, too.
    """
    marked = mark_rows(checks.recipe, checks.plan, batch, cells, repeats, checks.references)
    extra = unfit_marks(checks.recipe, cells) if typed else ()
    findings, failing = findings_column((*marked.marks, *extra), batch.rows, tolerated, checks.plan.sensitive)
    return FoundRows(marked, findings, failing)


def _keys(checks: FramedChecks) -> set[tuple[str, ...]]:
    return {tuple(checks.recipe.columns[at].name for at in key) for key in checks.recipe.keys}


def _marks(checks: FramedChecks, finder: KeyRepeatFinder, batches: Iterable[RowBatch]) -> Iterator[Any]:
    for batch in batches:
        cells = read_rows(checks.recipe, batch)
        yield mark_rows(
            checks.recipe, checks.plan, batch, cells, finder.repeats(cells, batch.rows), checks.references
        ).marks
