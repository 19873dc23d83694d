"""The columns of a table: what readers see, and what its files hold.

A column is called in files what readers call it, as long as that is a plain name. For the first name that is not, the
table's columns are mapped (Delta's column mapping, by name): the odd one has another name in files, those before it
keep theirs, so the files written before stay as they are. Tables that need no mapping have none, because not every
reader knows it; and the columns that tables are partitioned by always have plain names, because some that know it
look those up by the wrong name.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import orjson
import pyarrow as pa

from pipelines.lake.errors import TableAlteredError
from pipelines.lake.schema.column_names import folded, free_name
from pipelines.lake.schema.column_types import DeltaType, arrow_type, delta_field, delta_type
from pipelines.lake.schema.system_columns import PARTITION_COLUMNS, SYSTEM_COLUMNS

_ID, _PHYSICAL = "delta.columnMapping.id", "delta.columnMapping.physicalName"
#: Ours: the name files have for a column.
_SOURCE = "pipeline.sourceName"
#: The entry of an Arrow field by which Parquet's writer numbers columns.
_FIELD_ID = b"PARQUET:field_id"
#: Names that Delta, Parquet and SQL take as they are.
_PLAIN = re.compile(r"[\w-]{1,120}")


@dataclass(frozen=True, slots=True)
class TableColumn:
    """One column.

    Attributes:
        name: as readers call it.
        source: as files call it.
        type: of its values.
        physical: its name in the table's files.
        field: its entry in the log.
    """

    name: str
    source: str
    type: pa.DataType
    physical: str
    field: Mapping[str, Any]

    @property
    def own_metadata(self) -> dict[str, Any]:
        """What we remember of the column in the log, beside what Delta does."""
        return {name: value for name, value in self.field["metadata"].items() if name == _SOURCE}

    @property
    def stored(self) -> pa.Field:
        """The column as it stands in files: mapped names and numbers, in nested types too."""
        return _stored_field(self.physical, self.field, self.name)


@dataclass(frozen=True, slots=True)
class TableSchema:
    """All columns of a table.

    Attributes:
        columns: in the table's order.
        newest_id: the highest number a column has or had, or a part of one.
        mapped: the log says what columns are called in files.
    """

    columns: tuple[TableColumn, ...]
    newest_id: int
    mapped: bool = False

    def __post_init__(self) -> None:
        names = [folded(column.name) for column in self.columns]
        if len(set(names)) < len(names):
            raise ValueError(f"two columns have the same name but for case: {names}")

    @property
    def data(self) -> tuple[TableColumn, ...]:
        """What comes from files, in the table's order."""
        return tuple(column for column in self.columns if column.name not in SYSTEM_COLUMNS)

    @property
    def in_files(self) -> tuple[TableColumn, ...]:
        """What stands in files: all but what partitions them."""
        return tuple(column for column in self.columns if column.name not in PARTITION_COLUMNS)

    def of_source(self, source: str) -> TableColumn | None:
        """The column that files call so."""
        return next((column for column in self.data if column.source == source), None)

    def physical_of(self, name: str) -> str:
        """The name in files of what readers call so."""
        return next(column.physical for column in self.columns if column.name == name)

    def with_columns(self, added: Mapping[str, pa.DataType]) -> TableSchema:
        """The schema with more columns at its end, by the names files have for them.

        Raises:
            ColumnTypeError: one has a type no table holds.
        """
        columns, number, mapped = [*self.columns], self.newest_id, self.mapped
        taken = {folded(column.name) for column in columns} | {folded(name) for name in SYSTEM_COLUMNS}
        in_files = {column.physical for column in columns}
        for source, arrow in added.items():
            name = free_name(source, taken)
            taken.add(folded(name))
            remembered = {} if source == name else {_SOURCE: source}
            entry = delta_field(name, delta_type(arrow, source), remembered)
            # Where columns are mapped one may have been dropped: its name in files must not come to life again.
            physical = name if _PLAIN.fullmatch(name) and not self.mapped else _fresh_name(number + 1, in_files)
            in_files.add(physical)
            mapped = mapped or physical != name
            field, number = _numbered(entry, number, physical)
            columns.append(_column(field))
        return TableSchema(tuple(columns), number, mapped)

    def to_json(self) -> str:
        """The schema as the log's `schemaString`."""
        fields = [column.field if self.mapped else _without_mapping(column.field) for column in self.columns]
        return orjson.dumps({"type": "struct", "fields": fields}).decode()

    def partition_values(self, values: Mapping[str, str]) -> dict[str, str]:
        """Partition values by the names the log has for them."""
        return {self.physical_of(name): value for name, value in values.items()}


def new_schema(columns: Mapping[str, pa.DataType]) -> TableSchema:
    """A schema of the system's columns and those of files.

    Raises:
        ColumnTypeError: one has a type no table holds.
    """
    number, made = 0, []
    for name, arrow in SYSTEM_COLUMNS.items():
        field, number = _numbered(delta_field(name, delta_type(arrow, name)), number, name)
        made.append(_column(field))
    return TableSchema(tuple(made), number).with_columns(columns)


def read_schema(schema_string: str, *, mapped: bool, newest_id: int = 0) -> TableSchema:
    """A schema from the log's `schemaString`.

    Args:
        schema_string: JSON.
        mapped: whether the table's columns are mapped; they are numbered here if not.
        newest_id: the highest number there was, where columns are mapped.

    Raises:
        TableAlteredError: it lacks a column of ours.
        ColumnTypeError: a column has a type that is not written here.
    """
    fields, number = list[dict[str, Any]](), newest_id if mapped else 0
    for field in cast("Sequence[dict[str, Any]]", orjson.loads(schema_string)["fields"]):
        if not mapped:
            field, number = _numbered(field, number, field["name"])  # noqa: PLW2901 - the same field, numbered
        fields.append(field)
    newest = max([number, *map(_highest_id, fields)])
    schema = TableSchema(tuple(_column(field) for field in fields), newest, mapped)
    found = {column.name: column.type for column in schema.columns}
    for name, arrow in SYSTEM_COLUMNS.items():
        if found.get(name) != arrow:
            raise TableAlteredError(
                f"the table's column {name} is {found.get(name, 'missing')}, expected {arrow}; restore a version of the"
                " table that has it (RESTORE TABLE), or write to another table"
            )
    return schema


def _column(field: dict[str, Any]) -> TableColumn:
    name, metadata = field["name"], field["metadata"]
    return TableColumn(name, metadata.get(_SOURCE, name), arrow_type(field["type"], name), metadata[_PHYSICAL], field)


def _fresh_name(number: int, taken: Collection[str]) -> str:
    name = f"column-{number}"
    while name in taken:
        name += "-"
    return name


def _numbered(field: Mapping[str, Any], number: int, physical: str) -> tuple[dict[str, Any], int]:
    """A field, and those within it, with the numbers after `number` and the names they have in files."""
    number += 1
    metadata = {**field["metadata"], _ID: number, _PHYSICAL: physical}
    inner, number = _numbered_type(field["type"], number)
    return {**field, "type": inner, "metadata": metadata}, number


def _numbered_type(delta: DeltaType, number: int) -> tuple[DeltaType, int]:
    if isinstance(delta, str):
        return delta, number
    if delta["type"] == "array":
        element, number = _numbered_type(delta["elementType"], number)
        return {**delta, "elementType": element}, number
    fields = []
    for one in delta["fields"]:
        field, number = _numbered(one, number, one["name"])
        fields.append(field)
    return {**delta, "fields": fields}, number


def _without_mapping(field: Mapping[str, Any]) -> dict[str, Any]:
    metadata = {name: value for name, value in field["metadata"].items() if name not in {_ID, _PHYSICAL}}
    return {**field, "type": _type_without_mapping(field["type"]), "metadata": metadata}


def _type_without_mapping(delta: DeltaType) -> DeltaType:
    if isinstance(delta, str):
        return delta
    if delta["type"] == "array":
        return {**delta, "elementType": _type_without_mapping(delta["elementType"])}
    return {**delta, "fields": [_without_mapping(one) for one in delta["fields"]]}


def _highest_id(field: Mapping[str, Any]) -> int:
    inner = field["type"]
    while isinstance(inner, dict) and inner["type"] == "array":
        inner = inner["elementType"]
    within = [_highest_id(one) for one in inner["fields"]] if isinstance(inner, dict) else []
    return max([int(field["metadata"].get(_ID, 0)), *within])


def _stored_field(name: str, field: Mapping[str, Any], column: str) -> pa.Field:
    number = str(field["metadata"][_ID]).encode()
    return pa.field(name, _stored_type(field["type"], column), metadata={_FIELD_ID: number})


def _stored_type(delta: DeltaType, column: str) -> pa.DataType:
    if isinstance(delta, str):
        return arrow_type(delta, column)
    if delta["type"] == "array":
        return pa.list_(_stored_type(delta["elementType"], column))
    return pa.struct([_stored_field(one["metadata"][_PHYSICAL], one, column) for one in delta["fields"]])
