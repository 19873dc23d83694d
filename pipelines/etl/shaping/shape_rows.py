"""What becomes of the columns of rows that passed: texts normalised, columns derived, renamed and left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from dq import WRITTEN, CellEncoding, FieldType, flat_type
from pipelines.etl.errors import UnfitValueError
from pipelines.transforms.derive import derive, sources
from pipelines.transforms.normalize import normalized_column
from pipelines.transforms.silver_columns import SilverColumns

_RUN_DATE = "run_date"


@dataclass(frozen=True, slots=True)
class Shape:
    """How rows are shaped; travels to tasks.

    Attributes:
        columns: what the flow says of values and columns.
        types: of the declared fields, by their names.
        day: that the rows are of.
    """

    columns: SilverColumns
    types: Mapping[str, FieldType]
    day: date

    def schema(self, names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        """Give the columns that stay, each with the name it gets; derived ones come last and are texts."""
        return self.columns.arranged(names)

    def target(self, schema: pa.Schema) -> pa.Schema:
        """Give the columns of shaped rows; those of numbers that steps take are texts, which the warehouse reads.

        Raises:
            StepUnfitError: a column has a type that its steps do not take.
        """
        kinds = {field.name: self._steps_through(field.name, pa.array([], field.type)).type for field in schema}
        return pa.schema([(new, kinds.get(old, pa.string())) for old, new in self.schema(tuple(schema.names))])

    def shaped(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Shape the rows of a batch; as many come out, in their order.

        Raises:
            UnfitValueError: nothing can be derived from a value.
        """
        found = {name: self._steps_through(name, batch.column(at)) for at, name in enumerate(batch.schema.names)}
        found |= derive(self._sources(found, batch.num_rows), self.columns.derive)
        arranged = self.schema(tuple(batch.schema.names))
        return pa.RecordBatch.from_arrays([found[old] for old, _ in arranged], names=[new for _, new in arranged])

    def _steps_through(self, name: str, column: pa.Array) -> pa.Array:
        steps = self.columns.steps(name)
        if not steps:
            return column
        field = name, self.types.get(name, FieldType.STRING)
        done = normalized_column(column, field, CellEncoding.TYPED, steps)
        return done.field(0) if done.type == WRITTEN else done

    def _sources(self, found: Mapping[str, pa.Array], rows: int) -> dict[str, pa.Array]:
        """Give the columns that others are derived from, in the types that derivations know."""
        wanted = {name for one in self.columns.derive for name in sources(one)}
        typed = {name: _flat(name, found[name], self.types[name]) for name in wanted if name in self.types}
        if _RUN_DATE in wanted and _RUN_DATE not in typed:
            typed[_RUN_DATE] = pa.repeat(pa.scalar(self.day, pa.date32()), rows)
        return typed


def _flat(name: str, column: pa.Array, kind: FieldType) -> pa.Array:
    """Give a column in the type that tables have for a declared one; exact numbers stay as they are."""
    wanted = flat_type(kind)
    if column.type == wanted or (pa.types.is_decimal(column.type) and pa.types.is_floating(wanted)):
        return column
    try:
        return pc.cast(column, wanted)
    except pa.ArrowException:  # which shows the value
        raise UnfitValueError(
            f"the column {name}, from which others are derived, has a value that is no {kind.value}, as it came or as"
            " its steps leave it; mend silver.normalize or the query"
        ) from None
