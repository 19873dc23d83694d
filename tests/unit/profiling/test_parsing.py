"""The vectorised parser is the twin of the grammar: the same cells parse, to the same values."""

from __future__ import annotations

from datetime import datetime, timezone

import pyarrow as pa
import pytest

from dq.profiling.cells.parsing import canonical_decimals
from dq.schema.definition import FieldType
from tests.reference.tables import TEXTS
from tests.unit.profiling.twins import FORMATS, MOMENTS, assert_twins

LONG = {
    FieldType.INTEGER: ([str(number) for number in range(300)], ["1.0", "9223372036854775808", "", "++1", "+7", "-"]),
    FieldType.NUMBER: ([f"{number}.25" for number in range(300)], ["nan", "1e999", "inf", "+1", ".", "0x1", "1 "]),
    FieldType.DECIMAL: ([f"{number}.10" for number in range(300)], ["1e3", "+.5", "nan", "9" * 400, "-", "1.2.3"]),
    FieldType.BOOLEAN: (["true", "0"] * 150, ["yes", "", "tRue"]),
    FieldType.DATE: ([f"2024-01-{day % 31 + 1:02}" for day in range(300)], ["2024-02-30", "0000-01-01", "9999-99-99"]),
    FieldType.DATETIME: (
        [f"2024-01-01T00:{one // 60:02}:{one % 60:02}" for one in range(300)],
        [
            "2024-01-01T24:00:00", "0000-01-01 00:00:00", "2024-01-01 00:00:60", "2024-01-01T00:00:00Z", "2024-01-01",
            "2024-01-01T00:00:00.", "2024-01-01T00:00:00.1234567", "0001-01-01T00:00:00+01:00", "2024-01-01T00:00:00,5",
        ],
    ),
    FieldType.DURATION: (
        [f"{one}:00:01" for one in range(300)],
        ["PT1H", "P1Y", "1:60:00", "1:00:00.1234567", "-1:00:00", "P999999999D", "PT", "9" * 12 + ":00:00", "P1DT0.1S"],
    ),
    FieldType.TIME: ([f"00:{one // 60:02}:{one % 60:02}" for one in range(300)], ["24:00:00", "00:60:00", "0:00:00"]),
}  # fmt: skip


@pytest.mark.parametrize("kind", LONG)
def test_one_odd_cell_in_a_long_column_is_found_wherever_it_stands(kind: FieldType) -> None:
    good, odd = LONG[kind]
    for number, text in enumerate(odd):
        place = (number * 97) % len(good)
        assert_twins([*good[:place], text, *good[place:]], kind)


@pytest.mark.parametrize("kind", LONG)
def test_odd_cells_all_over_a_long_column_are_found(kind: FieldType) -> None:
    good, odd = LONG[kind]
    assert_twins([odd[at // 3 % len(odd)] if at % 3 == 0 else text for at, text in enumerate(good)], kind)


def test_many_different_cells_that_only_look_right_are_found() -> None:
    """More of them than are searched for one after the other."""
    texts = [f"2024-{month:02}-{day:02}" for month in range(100) for day in range(0, 100, 7)]
    assert_twins(texts, FieldType.DATE)


@pytest.mark.parametrize("text", ["0", "-0", "+0", "00", "0.", ".0", "-.00", "+00.000"])
def test_there_is_one_decimal_zero(text: str) -> None:
    assert canonical_decimals(pa.array([text])).to_pylist() == ["0"]


@pytest.mark.parametrize("kind", list(FieldType))
def test_known_texts_and_near_misses_parse_as_the_grammar_says(kind: FieldType) -> None:
    texts = sorted({text for pool in TEXTS.values() for text in pool})
    assert_twins(texts, kind)
    for text in texts:  # alone it meets the quick conversion, which must not take more than the grammar does
        assert_twins([text], kind)


@pytest.mark.parametrize("form", FORMATS)
def test_a_strptime_format_decides_as_python_does(form: str) -> None:
    moments = [f"{year}-{month:02}-{day:02} 0{day % 10}:05:0{month % 10}" for year, month, day in DAYS]
    written = [datetime.fromisoformat(moment).replace(tzinfo=timezone.utc).strftime(form) for moment in moments]
    for kind in MOMENTS:
        assert_twins(written, kind, form)
        assert_twins([*written, "", "31/02/2024", "00000000", "1/2/2024", f" {written[0]}", "25:00"], kind, form)


def test_the_clock_of_a_date_is_read_too() -> None:
    texts = [f"2024-01-02 {clock}" for clock in ("00:00", "23:59", "24:00", "30:00", "00:60", "0:0", "12:00 ")]
    for kind in MOMENTS:
        assert_twins(texts, kind, "%Y-%m-%d %H:%M")
        for text in texts:
            assert_twins([text], kind, "%Y-%m-%d %H:%M")


DAYS = [(1970, 1, 1), (1999, 12, 31), (2024, 2, 29), (1000, 10, 1), (9999, 11, 12)]


@pytest.mark.parametrize(
    "odd", [[], ["soon"], ["2024-01-01T10:00:00ZZ", "2024-01-01Z", "Z", "2023-02-29T00:00:00Z", "0000-01-01T00:00:00Z"]]
)
@pytest.mark.parametrize("plain", [[], ["2024-01-01T10:00:00", "0001-01-01 00:00:00.5"]])
def test_datetimes_that_end_in_z_are_read_a_column_at_a_time(odd: list[str], plain: list[str]) -> None:
    zulu = [
        f"2024-02-{day % 29 + 1:02}T23:59:59{fraction}Z" for day in range(100) for fraction in ("", ".5", ".123456789")
    ]
    assert_twins([*zulu, *odd, *plain], FieldType.DATETIME)
