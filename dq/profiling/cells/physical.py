"""Which declared type a physical type of Arrow stands for."""

from __future__ import annotations

import pyarrow as pa

from dq.profiling.cells.written_moments import is_moment
from dq.schema.definition import FieldType

#: The type of a column of a typed file whose cells were written anew as texts: they are read as those of a text file.
#: `strange` cells are values of other types, which no text stands for. Nobody's own column has such names.
WRITTEN = pa.struct([("\ue000text", pa.string()), ("\ue000strange", pa.bool_())])


def type_family(kind: pa.DataType) -> FieldType:
    """Name the declared type that a physical Arrow type stands for, `any` for binary and unknown ones."""
    tests = (
        (pa.types.is_boolean, FieldType.BOOLEAN),
        (pa.types.is_integer, FieldType.INTEGER),
        (pa.types.is_floating, FieldType.NUMBER),
        (pa.types.is_decimal, FieldType.DECIMAL),
        (is_moment, FieldType.DATETIME),
        (pa.types.is_date, FieldType.DATE),
        (pa.types.is_time, FieldType.TIME),
        (pa.types.is_duration, FieldType.DURATION),
        (pa.types.is_string, FieldType.STRING),
        (pa.types.is_struct, FieldType.OBJECT),
        (pa.types.is_map, FieldType.OBJECT),
        (pa.types.is_list, FieldType.ARRAY),
        (pa.types.is_large_list, FieldType.ARRAY),
    )
    return next((family for test, family in tests if test(kind)), FieldType.ANY)
