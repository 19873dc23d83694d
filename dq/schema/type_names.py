"""The names a type may be given by, from other schema languages and databases."""

from __future__ import annotations

import re
from typing import Final

from dq.schema.definition import FieldType

SYNONYMS: Final[dict[str, FieldType]] = {
    name: field_type
    for field_type, names in {
        FieldType.STRING: (
            "string str text varchar nvarchar varchar2 char nchar bpchar character clob uuid guid email uri url "
            "citext large_string utf8 category enum inet|character varying"
        ),
        FieldType.INTEGER: (
            "integer int bigint smallint tinyint mediumint hugeint long short byte serial bigserial int2 int4 int8 "
            "int16 int32 int64 uint8 uint16 uint32 uint64 year"
        ),
        FieldType.NUMBER: "number float double real float4 float8 float16 float32 float64 half|double precision",
        FieldType.DECIMAL: "decimal numeric dec money decimal128 decimal256 bignumeric",
        FieldType.BOOLEAN: "boolean bool logical",
        FieldType.DATE: "date date32 date64",
        FieldType.DATETIME: (
            "datetime timestamp timestamptz timestamp_ntz timestamp_ltz timestamp_tz datetime2 datetime64 "
            "smalldatetime|timestamp with time zone|timestamp without time zone"
        ),
        FieldType.TIME: "time time32 time64 timetz|time without time zone",
        FieldType.DURATION: "duration timedelta interval|interval day to second",
        FieldType.OBJECT: "object struct map record json jsonb dict row",
        FieldType.ARRAY: "array list",
        FieldType.ANY: "any variant unknown mixed",
    }.items()
    for index, group in enumerate(names.split("|"))
    for name in (group.split() if index == 0 else (group,))
}

#: A name, then a length, a unit or element types in brackets, then perhaps more words: `timestamp(6) with time zone`.
_PARAMETERS: Final = re.compile(r"\s*(?:\([^()]*\)|\[[^\[\]]*\]|<.*>)")
_LONGEST_NAME: Final = 200
_SIZED: Final = frozenset({FieldType.STRING, FieldType.INTEGER, FieldType.NUMBER, FieldType.DECIMAL})


def find_type(name: str) -> FieldType | None:
    """Give the type a name stands for, whatever its case and parameters; None when it is not known.

    >>> find_type("VARCHAR(20)"), find_type("timestamp(6) with time zone"), find_type("text[]")
    (<FieldType.STRING: 'string'>, <FieldType.DATETIME: 'datetime'>, <FieldType.ARRAY: 'array'>)
    """
    if len(name) > _LONGEST_NAME:
        return None
    folded = " ".join(name.lower().split())
    if folded.endswith("[]"):
        return FieldType.ARRAY if find_type(folded[:-2]) else None
    plain = " ".join(_PARAMETERS.sub("", folded, count=1).split())
    return SYNONYMS.get(plain.removesuffix(" unsigned"))


def has_unchecked_size(name: str, field_type: FieldType) -> bool:
    """Tell whether a type name carries a length or precision, which is read but not checked."""
    return field_type in _SIZED and bool(_PARAMETERS.search(name))
