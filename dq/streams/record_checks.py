"""What is wrong with each record of a batch: the same kernels that find what is wrong with rows of JSON files.

A record stands for itself: what a file would tolerate as a share of its rows, a record has or has not. Rules that
compare a record with others have no meaning here and are refused where the checks are made.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from dq.checks.plan import plan_checks
from dq.formats.json.rows import json_batch
from dq.formats.limits import Limits
from dq.profiling.cells.values import JSON_TOKENS
from dq.profiling.tally.file_tally import FileTally
from dq.profiling.tally.recipe import CellEncoding, Recipe, make_recipe
from dq.profiling.tally.row_batch import MalformedRow, RowBatch
from dq.rows.flat_columns import flat_column, flat_type
from dq.rows.framed import FramedChecks
from dq.rows.row_marks import read_rows
from dq.rows.split_rows import found_rows
from dq.schema.definition import FieldType, SchemaDefinition

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

#: Why there is nothing to read in a record whose value has no byte, or nothing but white space.
EMPTY_VALUE: Final = "an empty value: a record is a JSON object"
BLANK_VALUE: Final = "nothing but white space: a record is a JSON object"
#: Every record that cannot be read is told, not only the first of them.
_LIMITS: Final = replace(Limits(), malformed=sys.maxsize)
Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class CheckedRecords:
    """A batch of records.

    Attributes:
        rows: those that are JSON objects, as rows of a JSON file.
        at: where each of these stands among the values.
        findings: what is wrong with each of these.
        failing: which of these fail.
        columns: the declared fields in the types that tables have, null where a value is none of its type.
        tokens: of the declared fields that hold any JSON, their values as JSON.
        malformed: where the others stand, ascending, and why each is no object.
    """

    rows: RowBatch
    at: Places
    findings: pa.ListArray
    failing: npt.NDArray[np.bool_]
    columns: Mapping[str, pa.Array]
    tokens: Mapping[str, pa.StringArray]
    malformed: Sequence[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class RecordChecks:
    """A definition laid over records; travels to tasks."""

    framed: FramedChecks

    @property
    def definition(self) -> SchemaDefinition:
        """What a good record looks like."""
        return self.framed.definition

    @property
    def recipe(self) -> Recipe:
        """What is counted of records."""
        return self.framed.recipe

    def types(self) -> dict[str, pa.DataType]:
        """The types of `CheckedRecords.columns`."""
        return {field.name: flat_type(field.type) for field in self.definition.fields}

    def look(self, values: Sequence[bytes], tally: FileTally | None = None) -> CheckedRecords:
        """Check records by their values; they are counted where somebody counts."""
        names = [field.name for field in self.definition.fields]
        batch = json_batch(values, names, _LIMITS, blank_is_row=True)
        malformed = [(row.line - 1, _why(values[row.line - 1], row.reason)) for row in batch.malformed_rows]
        rows = _told(batch, malformed)
        counted = [] if tally is None else tally.add(rows)
        cells = counted or read_rows(self.recipe, rows)
        found = found_rows(self.framed, rows, cells, {}, frozenset(), typed=True)
        columns, tokens = {}, {}
        for column, own in zip(self.recipe.columns, cells, strict=True):
            came = rows.columns[column.position]
            columns[column.name] = flat_column(came, own, column.type)
            if column.type in (FieldType.OBJECT, FieldType.ARRAY, FieldType.ANY) and came.type == JSON_TOKENS:
                tokens[column.name] = came.field(0)
        at = np.array(rows.line_numbers(np.arange(rows.rows, dtype=np.int64)), np.int64) - 1
        return CheckedRecords(rows, at, found.findings, found.failing, columns, tokens, malformed)


def record_checks(definition: SchemaDefinition) -> RecordChecks:
    """Lay a definition over records; `unfit_for_records` says what of it has no meaning there."""
    names = [field.name for field in definition.fields]
    recipe = make_recipe(names, definition, encoding=CellEncoding.JSON)
    return RecordChecks(FramedChecks(definition, plan_checks(definition), recipe))


def unfit_for_records(definition: SchemaDefinition) -> list[str]:
    """Say what a definition asks that cannot be asked of records one by one."""
    found = [f"the key {', '.join(key.columns)} would have to be compared over all records" for key in definition.keys]
    found += [f"{rule.text}: records refer to no other table yet" for rule in definition.references]
    if definition.format is not None and not definition.format.startswith("json"):
        found.append(f"the format {definition.format}: the value of a record is a JSON object")
    return found


def _why(value: bytes, reason: str) -> str:
    """Name a value that a file would take for a line between two others."""
    if value.strip():
        return reason
    return BLANK_VALUE if value else EMPTY_VALUE


def _told(batch: RowBatch, malformed: Sequence[tuple[int, str]]) -> RowBatch:
    """Give the batch with these reasons."""
    if not malformed:
        return batch
    reasons: dict[str, int] = {}
    for _, reason in malformed:
        reasons[reason] = reasons.get(reason, 0) + 1
    rows = [
        MalformedRow(row.line, row.text, reason)
        for row, (_, reason) in zip(batch.malformed_rows, malformed, strict=True)
    ]
    return replace(batch, malformed_rows=rows, reasons=reasons)
