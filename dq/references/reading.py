"""Reading the keys that files refer to, from the places that may be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from dq.profiling.tally.recipe import make_recipe
from dq.profiling.tally.row_batch import RowBatch
from dq.references.key_collector import MOST_BYTES, KeyCollector
from dq.references.schemes import LOCAL_FILE, OBJECT, SCHEMES, TABLE, schema_and_table
from dq.references.stored_file import keys_of_file
from dq.schema.definition import KeyDefinition, SchemaDefinition
from etl_core.errors import TerminalError
from etl_core.postgres.table_columns import read_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Engine

    from dq.formats.limits import Limits
    from dq.profiling.row_rules.reference_keys import ReferenceKeys
    from dq.schema.definition import WantedKeys
    from etl_core.objects.store import ObjectStore


class ReferenceRefusedError(TerminalError):
    """A definition names a place that the settings do not open to definitions."""


@dataclass(frozen=True, slots=True)
class KeyReader:
    """Reads keys from objects and tables.

    `allowed_buckets` empty: every bucket. `schemas` are those of the database whose tables definitions may name;
    `database` connects to it, None where there is none. `own_files`: files of this machine, for whoever wrote the
    definition sits at it. `most_bytes` bounds the memory that the keys of one place take in every task.
    """

    store: ObjectStore
    limits: Limits
    allowed_buckets: frozenset[str] = frozenset()
    schemas: frozenset[str] = frozenset()
    database: Callable[[], Engine | None] | None = None
    own_files: bool = False
    most_bytes: int = MOST_BYTES

    def __call__(self, wanted: WantedKeys) -> ReferenceKeys:
        """Read keys; raises a PipelineError that says why it cannot."""
        start = next(scheme.start for scheme in SCHEMES if wanted.source.startswith(scheme.start))
        return _READERS[start](self, wanted.source[len(start) :], wanted)


def _of_object(reader: KeyReader, place: str, wanted: WantedKeys) -> ReferenceKeys:
    bucket, _, key = place.partition("/")
    if reader.allowed_buckets and bucket not in reader.allowed_buckets:
        raise ReferenceRefusedError(f"bucket {bucket} is not among ALLOWED_BUCKETS")
    return keys_of_file(reader.store, bucket, key, wanted, reader.limits, reader.most_bytes)


def _of_local_file(reader: KeyReader, place: str, wanted: WantedKeys) -> ReferenceKeys:
    if not reader.own_files:
        raise ReferenceRefusedError("files of a machine are read by check_file alone; expected an s3:// address")
    return keys_of_file(reader.store, None, place, wanted, reader.limits, reader.most_bytes)


def _of_table(reader: KeyReader, place: str, wanted: WantedKeys) -> ReferenceKeys:
    schema, table = schema_and_table(place)
    if schema not in reader.schemas:
        raise ReferenceRefusedError(f"schema {schema} is not among REFERENCE_SCHEMAS")
    database = reader.database() if reader.database else None
    if database is None:
        raise ReferenceRefusedError("there is no database here; expected DATABASE_URL")
    names = tuple(column.name for column in wanted.columns)
    definition = SchemaDefinition(fields=wanted.columns, keys=(KeyDefinition(names),), missing_values=())
    collector = KeyCollector(make_recipe(names, definition), reader.most_bytes)
    for rows in read_columns(database, schema, table, names):
        columns = [pa.array([row[at] for row in rows], pa.string()) for at in range(len(names))]
        collector.add(RowBatch(columns, len(rows)))
    return collector.keys()


_READERS: Final[Mapping[str, Callable[[KeyReader, str, WantedKeys], ReferenceKeys]]] = {
    OBJECT: _of_object,
    TABLE: _of_table,
    LOCAL_FILE: _of_local_file,
}
