"""Values made to fit columns, and what goes into columns nobody told us about."""

from __future__ import annotations

from datetime import date, datetime, time, timezone
from uuid import UUID

import pytest

from dq.reporting.catalogue.column import Column
from dq.reporting.catalogue.empty_values import empty_value, has_empty_value
from dq.reporting.catalogue.fitting import fit

NOW = datetime(2026, 1, 4, 12, 30, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("value", "column", "expected"),
    [
        (None, Column("c", "text"), None),
        (None, Column("c", "text", nullable=False), ""),
        (None, Column("c", "int8", nullable=False), 0),
        (None, Column("c", "jsonb", nullable=False), "{}"),
        (True, Column("c", "bool"), True),
        (40_000, Column("c", "int2"), 32_767),
        (2**31, Column("c", "int4"), 2**31 - 1),
        (2**31, Column("c", "int8"), 2**31),
        (2**40, Column("c", "numeric"), 2**40),
        ("abcdef", Column("c", "varchar", max_length=6), "abcdef"),
        ("abcdefg", Column("c", "varchar", max_length=6), "abcde…"),
        ("a\x00", Column("c", "text"), "a␀"),
        ({"a": [1]}, Column("c", "jsonb"), '{"a":[1]}'),
        ((), Column("c", "jsonb"), "[]"),
        ([{"a": 1}], Column("c", "text"), '[{"a":1}]'),
        ("text", Column("c", "json"), '"text"'),
        (date(2026, 1, 4), Column("c", "date"), date(2026, 1, 4)),
    ],
)
def test_a_value_fits_its_column(value: object, column: Column, expected: object) -> None:
    assert fit(value, column, NOW) == expected


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (Column("c", "varchar"), ""),
        (Column("c", "bool"), False),
        (Column("c", "float8"), 0),
        (Column("c", "array"), "{}"),
        (Column("c", "date"), date(2026, 1, 4)),
        (Column("c", "time"), time(12, 30)),
        (Column("c", "timestamptz"), NOW),
        (Column("c", "interval"), "0"),
        (Column("c", "range"), "empty"),
        (Column("c", "uuid"), UUID(int=0)),
        (Column("c", "enum", labels=("low", "high")), "low"),
    ],
)
def test_every_known_type_has_its_empty_value(column: Column, expected: object) -> None:
    assert has_empty_value(column)
    assert empty_value(column, NOW) == expected


def test_a_unique_uuid_is_made_by_the_server() -> None:
    assert "gen_random_uuid" in str(empty_value(Column("c", "uuid", unique=True), NOW))


@pytest.mark.parametrize("type_name", ["point", "composite", "enum"])
def test_other_types_have_none(type_name: str) -> None:
    assert not has_empty_value(Column("c", type_name))
