"""The figures of a stored profile, of one file or of many: in the same shape as those of a fresh one."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from dq.profiling.cells.parsing import sample_type
from dq.profiling.figures.row_sample import RowSample
from dq.profiling.profile.profile_state import ProfileState, StateColumn
from dq.profiling.summary.summarise import FileFacts, summarise
from dq.profiling.summary.summary import ColumnSummary, FileSummary, KeySummary
from dq.profiling.tally.recipe import CellEncoding, ColumnRecipe, Recipe

#: The stated relative error of a distinct count that is not known.
_UNKNOWN = 1.0


def summarise_state(state: ProfileState) -> FileSummary:
    """Give the figures of a state; rows of files without a column count as its nulls.

    A name that had two types stands there twice. The distinct values of a sensitive column are not known: 0 with an
    error of 1. `sensitive_columns` says which these are.
    """
    recipe = Recipe(
        columns=tuple(
            ColumnRecipe(column.name, at, column.type, declared=column.declared)
            for at, column in enumerate(state.columns)
        ),
        width=len(state.columns),
        encoding=CellEncoding.JSON,  # a column that no file had is left out
    )
    profile = replace(
        state.profile,
        columns=state.profile.columns or (),
        sample=_positional(state.profile.sample, state.columns),
        shown=_positional(state.profile.shown, state.columns),
    )
    facts = FileFacts(tuple(column.name for column in state.columns), state.bytes, "stored")
    summary = summarise(profile, recipe, None, facts)
    hidden = sensitive_columns(state)
    return replace(
        summary,
        columns=tuple(_unknown(column) if column.name in hidden else column for column in summary.columns),
        keys=tuple(KeySummary(key.columns, key.full, key.repeated) for key in state.keys),
        repeated_columns=(),
    )


def sensitive_columns(state: ProfileState) -> frozenset[str]:
    """Name the columns whose values a state does not hold."""
    return frozenset(column.name for column in state.columns if column.sensitive)


def _positional(sample: RowSample | None, columns: tuple[StateColumn, ...]) -> RowSample | None:
    """Put the sampled cells into the order of the columns, empty where they are hidden."""
    if sample is None or sample.cells is None:
        return sample
    known = dict(zip(sample.cells.column_names, sample.cells.columns, strict=True))
    rows = len(sample.priority)
    cells = [known.get(column.label, pa.nulls(rows, sample_type(column.type))) for column in columns]
    return replace(sample, cells=pa.table(cells, names=[str(at) for at in range(len(cells))]))


def _unknown(column: ColumnSummary) -> ColumnSummary:
    return replace(column, distinct=0, distinct_error=_UNKNOWN)
