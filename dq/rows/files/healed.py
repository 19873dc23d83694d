"""Rows that preparing their cells has mended."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from dq.rows.files.file_rows import FileRows
from dq.rows.framed import FramedChecks
from dq.rows.row_marks import Mark, marks_of_cells
from dq.schema.definition import Severity


def healed_rows(rows: FileRows, checks: FramedChecks) -> int:
    """Count the rows with a cell that broke a rule as it stood in the file and keeps to all as it was prepared."""
    prepared = rows.found.marked.batch
    changed = [
        at
        for at, column in enumerate(checks.recipe.columns)
        if column.declared and prepared.columns[column.position] is not rows.raw.columns[column.position]
    ]
    if not changed:
        return 0
    before = marks_of_cells(checks.recipe, checks.plan, rows.raw, changed)
    healed = np.zeros(prepared.rows, np.bool_)
    for at in changed:
        name = checks.recipe.columns[at].name
        after = [mark for mark in rows.found.marked.marks if mark.check.columns == (name,)]
        healed |= _failing(before[at], prepared.rows) & ~_failing(after, prepared.rows)
    return int(np.count_nonzero(healed))


def _failing(marks: Iterable[Mark], rows: int) -> npt.NDArray[np.bool_]:
    failing = np.zeros(rows, np.bool_)
    for mark in marks:
        if mark.check.severity is not Severity.WARNING:
            failing[mark.rows] = True
    return failing
