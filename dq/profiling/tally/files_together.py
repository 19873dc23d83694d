"""Counting many small files of one layout in one go.

Every call of a kernel costs about the same for few cells as for many, and the columns of a few hundred rows are all
such calls. So the columns of the files are laid end to end, parsed, hashed and checked together; file by file only sums
and extremes of slices remain. The figures are those of `FileTally`, to the bit, whatever a file's neighbours are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import pyarrow as pa

from dq.profiling.cells.values import Cells, read_cells
from dq.profiling.figures.fine_numbers import plainest
from dq.profiling.figures.key_tally import KeyTally, SplitKeys
from dq.profiling.figures.row_sample import Places, Priorities, RowSample, priorities
from dq.profiling.figures.sampled_cells import SHOWN_ROWS, sampled_values, shown_texts
from dq.profiling.profile.file_profile import FileProfile
from dq.profiling.row_rules.reference_keys import NO_REFERENCES, KnownReferences
from dq.profiling.tally.column_of_files import Edges, profiles_of_column
from dq.profiling.tally.file_tally import malformed_offences
from dq.profiling.tally.null_tally import NullTally
from dq.profiling.tally.recipe import Recipe
from dq.profiling.tally.row_batch import RowBatch
from dq.profiling.tally.row_rule_tally import row_rules_of_files


def tally_small_files(
    recipe: Recipe, files: Sequence[RowBatch], references: KnownReferences = NO_REFERENCES
) -> list[tuple[FileProfile, list[SplitKeys]]]:
    """Count files that were each read in one batch, as `FileTally` counts each of them.

    All have at least one row and at most as many as a row sample, columns of the same types, and no extra ones.
    `references` are the keys that rows may refer to.
    """
    edges = np.cumsum([0, *(one.rows for one in files)])
    cells, figures = [], []
    for column in recipe.columns:
        together = pa.concat_arrays([one.columns[column.position] for one in files])
        read = read_cells(together, column, recipe.encoding, recipe.missing_values)
        cells.append(read)
        figures.append(profiles_of_column(recipe, column, together.type, read, edges, files))
    samples, shown = _samples(recipe, cells, edges)
    counted = []
    row_rules = row_rules_of_files(recipe, references, cells, edges, files)
    required = [at for at, column in enumerate(recipe.columns) if column.required]
    for at, one in enumerate(files):
        nulls = NullTally(recipe, 0)
        if any(figures[column][at].present < one.rows for column in required):
            own = [column.between(int(edges[at]), int(edges[at + 1])) for column in cells]
            nulls.add(own, one.rows, one.line_numbers)
        profile = FileProfile(
            rows=one.rows,
            malformed=one.malformed,
            malformed_rows=malformed_offences(one, 0, 0) if one.malformed_rows else (),
            reasons=dict(sorted(one.reasons.items())),
            incomplete=nulls.rows,
            null_cells=nulls.examples(),
            row_rules=row_rules[at],
            columns=tuple(column[at] for column in figures),
            sample=samples[at],
            shown=shown[at],
            lines={0: one.lines},
        )
        counted.append((profile, _keys(recipe, cells, one, int(edges[at]), int(edges[at + 1]))))
    return counted


def _samples(recipe: Recipe, cells: Sequence[Cells], edges: Edges) -> tuple[list[RowSample], list[RowSample]]:
    """Give each file's sample, which are all of its rows, and its first rows as text."""
    if not cells:
        return [RowSample.empty(recipe.row_sample)] * (len(edges) - 1), [RowSample.empty(SHOWN_ROWS)] * (len(edges) - 1)
    starts = edges[:-1].tolist()
    orders = [_order(rows) for rows in np.diff(edges).tolist()]
    all_rows = np.concatenate([order + start for start, (_, order) in zip(starts, orders, strict=True)])
    first = np.concatenate([order[:SHOWN_ROWS] + start for start, (_, order) in zip(starts, orders, strict=True)])
    values = {
        str(at): sampled_values(one, column.type, all_rows, len(all_rows))
        for at, (one, column) in enumerate(zip(cells, recipe.columns, strict=True))
    }
    texts = {str(at): shown_texts(one, first) for at, one in enumerate(cells)}
    return _dealt(values, orders, recipe.row_sample), _dealt(texts, orders, SHOWN_ROWS)


def _dealt(cells: Mapping[str, pa.Array], orders: Sequence[tuple[Priorities, Places]], size: int) -> list[RowSample]:
    """Give each file the rows it has in `cells`, end to end."""
    samples, begin = [], 0
    for priority, order in orders:
        rows = min(len(order), size)
        # Copied: of a slice Arrow would write bytes of its neighbours along, and equal samples give equal bytes.
        own = [pa.concat_arrays([column.slice(begin, rows)]) for column in cells.values()]
        table = plainest(pa.Table.from_arrays(own, names=list(cells)))
        samples.append(RowSample(size, priority[:rows], np.zeros(rows, np.int64), order[:rows], table))
        begin += rows
    return samples


@lru_cache(maxsize=256)
def _order(rows: int) -> tuple[Priorities, Places]:
    """Give the priorities of a file's rows, ascending, and whose they are: the same in all files of so many rows."""
    priority = priorities(0, np.arange(rows, dtype=np.int64))
    order = np.argsort(priority)
    return priority[order], order


def _keys(recipe: Recipe, cells: Sequence[Cells], file: RowBatch, start: int, stop: int) -> list[SplitKeys]:
    counts = []
    for key in recipe.keys:
        tally = KeyTally(recipe, key, 0)
        tally.add({at: cells[at].between(start, stop) for at in key}, file.rows, file.line_numbers)
        counts.append(tally.taken())
    return counts
