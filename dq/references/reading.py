"""Reading what files refer to, from the places that may be read: its keys, or its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from dq.formats.typed.columns import families, typed_batch
from dq.profiling.figures.row_keys import RowKeys
from dq.profiling.row_rules.reference_keys import ReferenceKeys
from dq.profiling.tally.recipe import CellEncoding, make_recipe
from dq.profiling.tally.row_batch import RowBatch
from dq.references.key_collector import MOST_BYTES, KeyCollector
from dq.references.schemes import LOCAL_FILE, OBJECT, SCHEMES, SILVER, TABLE, schema_and_table
from dq.references.stored_file import UnfitReferenceError, rows_of_file
from dq.schema.definition import KeyDefinition, SchemaDefinition
from etl_core.errors import TerminalError
from etl_core.postgres.table_columns import read_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Engine

    from dq.formats.limits import Limits
    from dq.profiling.tally.recipe import Recipe
    from dq.schema.definition import WantedKeys
    from etl_core.objects.store import ObjectStore


class ReferenceRefusedError(TerminalError):
    """A definition names a place that the settings do not open to definitions."""


@dataclass(frozen=True, slots=True)
class ReferenceReader:
    """Reads objects, tables of the database and tables of the lake.

    `allowed_buckets` empty: every bucket. `schemas` are those of the database whose tables definitions may name;
    `database` connects to it, None where there is none. `silver` gives the columns of a table of the lake by its name
    and theirs, None where there is no lake. `own_files`: files of this machine, for whoever wrote the
    definition sits at it. `most_bytes` bounds the memory that the keys of one place take in every task.
    """

    store: ObjectStore
    limits: Limits
    allowed_buckets: frozenset[str] = frozenset()
    schemas: frozenset[str] = frozenset()
    database: Callable[[], Engine | None] | None = None
    silver: Callable[[str, tuple[str, ...]], pa.RecordBatchReader] | None = None
    own_files: bool = False
    most_bytes: int = MOST_BYTES

    def __call__(self, wanted: WantedKeys) -> ReferenceKeys:
        """Read keys; raises a PipelineError that says why it cannot."""
        names = tuple(column.name for column in wanted.columns)
        collector: KeyCollector | None = None
        for recipe, batch in self._read(wanted, (KeyDefinition(names),)):
            if not recipe.keys:
                raise UnfitReferenceError(f"it has no column {', '.join(names)}")
            if collector is None:
                collector = KeyCollector(recipe, self.most_bytes)
            collector.add(batch)
        return NO_KEYS if collector is None else collector.keys()

    def rows(self, wanted: WantedKeys) -> Iterator[tuple[Recipe, RowBatch]]:
        """Read rows, each batch with how its columns are read; raises a PipelineError that says why it cannot."""
        return self._read(wanted, ())

    def _read(self, wanted: WantedKeys, keys: tuple[KeyDefinition, ...]) -> Iterator[tuple[Recipe, RowBatch]]:
        start = next(scheme.start for scheme in SCHEMES if wanted.source.startswith(scheme.start))
        definition = SchemaDefinition(fields=wanted.columns, keys=keys)
        return _READERS[start](self, wanted.source[len(start) :], definition)


#: Of what has no rows at all.
NO_KEYS: Final = ReferenceKeys.of(RowKeys())


def _of_object(reader: ReferenceReader, place: str, definition: SchemaDefinition) -> Iterator[tuple[Recipe, RowBatch]]:
    bucket, _, key = place.partition("/")
    if reader.allowed_buckets and bucket not in reader.allowed_buckets:
        raise ReferenceRefusedError(f"bucket {bucket} is not among ALLOWED_BUCKETS")
    return rows_of_file(reader.store, bucket, key, definition, reader.limits)


def _of_local_file(
    reader: ReferenceReader, place: str, definition: SchemaDefinition
) -> Iterator[tuple[Recipe, RowBatch]]:
    if not reader.own_files:
        raise ReferenceRefusedError("files of a machine are read by check_file alone; expected an s3:// address")
    return rows_of_file(reader.store, None, place, definition, reader.limits)


def _of_table(reader: ReferenceReader, place: str, definition: SchemaDefinition) -> Iterator[tuple[Recipe, RowBatch]]:
    schema, table = schema_and_table(place)
    if schema not in reader.schemas:
        raise ReferenceRefusedError(f"schema {schema} is not among REFERENCE_SCHEMAS")
    database = reader.database() if reader.database else None
    if database is None:
        raise ReferenceRefusedError("there is no database here; expected DATABASE_URL")
    names = tuple(column.name for column in definition.fields)
    recipe = make_recipe(names, replace(definition, missing_values=()))
    for rows in read_columns(database, schema, table, names):
        columns = [pa.array([row[at] for row in rows], pa.string()) for at in range(len(names))]
        yield recipe, RowBatch(columns, len(rows))


def _of_silver(reader: ReferenceReader, place: str, definition: SchemaDefinition) -> Iterator[tuple[Recipe, RowBatch]]:
    if reader.silver is None:
        raise ReferenceRefusedError("there is no lake here; expected LAKE_ROOT")
    names = tuple(column.name for column in definition.fields)
    found = reader.silver(place, names)
    recipe = make_recipe(names, definition, encoding=CellEncoding.TYPED, inferred=families(found.schema))
    for batch in found:
        yield recipe, typed_batch(batch)


_READERS: Final[Mapping[str, Callable[[ReferenceReader, str, SchemaDefinition], Iterator[tuple[Recipe, RowBatch]]]]] = {
    OBJECT: _of_object,
    TABLE: _of_table,
    SILVER: _of_silver,
    LOCAL_FILE: _of_local_file,
}
