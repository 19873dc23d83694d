"""The grammar of text cells, case by case."""

import math
from datetime import date, datetime, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dq.schema.cells import UNPARSABLE, parse_cell
from dq.schema.definition import FieldType
from dq.schema.durations import Duration
from dq.schema.fine_moments import FineMoment

at = datetime.fromisoformat

VALUES = [
    ("integer", "0", 0),
    ("integer", "+007", 7),
    ("integer", "-12", -12),
    ("integer", "9223372036854775807", 2**63 - 1),
    ("integer", "-9223372036854775808", -(2**63)),
    ("integer", "0" * 5000 + "1", 1),
    ("number", "1.", 1.0),
    ("number", ".5", 0.5),
    ("number", "+1", 1.0),
    ("number", "-1.5e-3", -0.0015),
    ("number", "1E5", 100000.0),
    ("decimal", "0.10", Decimal("0.10")),
    ("decimal", "-.5", Decimal("-0.5")),
    ("decimal", "1.", Decimal(1)),
    ("decimal", "123456789012345678901234567890.123456789", Decimal("123456789012345678901234567890.123456789")),
    ("boolean", "TRUE", True),
    ("boolean", "1", True),
    ("boolean", "False", False),
    ("date", "2024-02-29", date(2024, 2, 29)),
    ("datetime", "2024-02-29T23:59:59", at("2024-02-29T23:59:59")),
    ("datetime", "2024-02-29 00:00:00.5Z", at("2024-02-29T00:00:00.500000")),
    ("datetime", "2024-03-01T01:00:00+02:00", at("2024-02-29T23:00:00")),
    ("datetime", "2024-01-01T00:00:00.123456789", FineMoment(at("2024-01-01T00:00:00.123456"), 789)),
    ("datetime", "2024-01-01T01:00:00.0000001+01:00", FineMoment(at("2024-01-01T00:00:00"), 100)),
    ("datetime", "2024-01-01T00:00:00.123456000", at("2024-01-01T00:00:00.123456")),
    ("time", "23:59:59.999999999", FineMoment(time(23, 59, 59, 999999), 999)),
    ("duration", "42:00:00", Duration(42 * 3600 * 10**9)),
    ("duration", "-0:00:00.000000001", Duration(-1)),
    ("duration", "+100:00:00.5", Duration(360_000_500_000_000)),
    ("duration", "PT1H30M", Duration(5400 * 10**9)),
    ("duration", "P3DT2H", Duration(74 * 3600 * 10**9)),
    ("duration", "P2W", Duration(14 * 86400 * 10**9)),
    ("duration", "-PT0.5S", Duration(-500_000_000)),
    ("duration", "PT36H", Duration(36 * 3600 * 10**9)),
    ("time", "23:59:59.25", time(23, 59, 59, 250000)),
    ("object", '{"a": [1]}', {"a": [1]}),
    ("array", "[1, null]", [1, None]),
    ("string", " as it is ", " as it is "),
    ("any", "1", "1"),
]

NO_VALUES = [
    ("integer", ["", " 1", "1 ", "1.0", "1e3", "٣", "9223372036854775808", "1_000", "+", "--1", "1\n"]),
    ("number", ["", ".", "nan", "NaN", "inf", "-Infinity", "0x10", "1,000", "1e999", "1e", "1_0", " 1", "1\n"]),
    ("decimal", ["", ".", "1e3", "NaN", "1,5", "1 "]),
    ("boolean", ["", "yes", "tRue", "t", "2", "01", " true"]),
    ("date", ["2023-02-29", "2024-1-01", "2024-13-01", "0000-01-01", "2024-01-01 ", "20240101", "٢٠٢٤-01-01"]),
    ("datetime", ["2024-01-01", "2024-01-01T24:00:00", "2024-01-01T00:00:60", "2024-01-01t00:00:00"]),
    ("datetime", ["2024-01-01T00:00", "2024-01-01T00:00:00.", "2024-01-01T00:00:00+0100", "0001-01-01T00:00:00+01:00"]),
    ("datetime", ["2024-01-01T00:00:00+24:00", "2024-01-01T00:00:00z", "2024-01-01T00:00:00.1234567890"]),
    ("time", ["24:00:00", "1:00:00", "00:60:00", "00:00", "00:00:00Z", "00:00:00.1234567890"]),
    ("duration", ["1:00", "1:60:00", "1:00:60", "1:00:00.1234567890", "1:0:0", ":00:00", "--1:00:00", "1:00:00 ", ""]),
    ("duration", ["P", "PT", "P1DT", "P1Y", "P1M", "P1Y2DT3H", "P1W2D", "PT1.5H", "PT1,5S", "pt1h", "PT-1H", "PT1M1H"]),
    ("duration", ["P106751992D", "9" * 30 + ":00:00", "PT9223372036855S", "1:00:00Z", "P1H"]),
    ("object", ["[]", "{", "1", '{"a": NaN}', "[" * 100_000]),
    ("array", ["{}", "[1,]", ""]),
]


@pytest.mark.parametrize(("kind", "text", "value"), VALUES)
def test_a_text_of_the_grammar_has_its_value(kind: str, text: str, value: object) -> None:
    parsed = parse_cell(text, FieldType(kind))
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in NO_VALUES for text in texts])
def test_any_other_text_is_unparsable(kind: str, text: str) -> None:
    assert parse_cell(text, FieldType(kind)) is UNPARSABLE


@pytest.mark.parametrize(
    ("kind", "text", "pattern", "value"),
    [
        ("date", "1/2/2024", "%d/%m/%Y", UNPARSABLE),
        ("date", "01/02/2024", "%d/%m/%Y", date(2024, 2, 1)),
        ("date", "2024-01-01T23:00:00-0500", "%Y-%m-%dT%H:%M:%S%z", date(2024, 1, 1)),
        ("datetime", "2024-01-01T23:00:00-0500", "%Y-%m-%dT%H:%M:%S%z", at("2024-01-02T04:00:00")),
        ("datetime", "20240101 2300", "%Y%m%d %H%M", at("2024-01-01T23:00:00")),
        ("time", "11:30 PM", "%I:%M %p", time(23, 30)),
        ("date", "2024-01-01", "%d/%m/%Y", UNPARSABLE),
        ("date", "30/02/2024", "%d/%m/%Y", UNPARSABLE),
        ("datetime", "0001-01-01 00:00 +0100", "%Y-%m-%d %H:%M %z", UNPARSABLE),
    ],
)
def test_a_format_of_the_field_replaces_the_iso_form(kind: str, text: str, pattern: str, value: object) -> None:
    assert parse_cell(text, FieldType(kind), pattern) == value


@given(st.integers())
def test_every_integer_within_64_bits_reads_back(value: int) -> None:
    parsed = parse_cell(str(value), FieldType.INTEGER)
    assert parsed == (value if -(2**63) <= value < 2**63 else UNPARSABLE)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_float_reads_back(value: float) -> None:
    parsed = parse_cell(repr(value), FieldType.NUMBER)
    assert isinstance(parsed, float)
    assert math.isclose(parsed, value, rel_tol=0, abs_tol=0)


@given(st.text(max_size=12), st.sampled_from(list(FieldType)))
def test_no_text_makes_the_parser_raise(text: str, kind: FieldType) -> None:
    parse_cell(text, kind)


@given(st.text(max_size=12))
def test_no_text_makes_strptime_raise(text: str) -> None:
    parse_cell(text, FieldType.DATETIME, "%Y-%m-%dT%H:%M:%S.%f%z")


@pytest.mark.parametrize(
    ("text", "date_format", "is_value"),
    [
        ("20230113", "%Y%m%d", True),
        ("2023013", "%Y%m%d", False),
        ("1/2/1989", "%m/%d/%Y", False),
        ("01/02/1989", "%m/%d/%Y", True),
        ("01/02/89", "%m/%d/%y", True),
        ("5 Mar 2024", "%d %b %Y", False),
        ("05 Mar 2024", "%d %b %Y", True),
        ("2024-60", "%Y-%j", False),
        ("2024-060", "%Y-%j", True),
        ("2024-01-01 1:00", "%Y-%m-%d %H:%M", False),
        ("2024-01-01 01:00", "%Y-%m-%d %H:%M", True),
    ],
)
def test_directives_of_a_fixed_width_take_exactly_their_digits(text: str, date_format: str, is_value: bool) -> None:  # noqa: FBT001 - the expected answer
    kind = FieldType.DATETIME if "%H" in date_format else FieldType.DATE
    assert (parse_cell(text, kind, date_format) is not UNPARSABLE) is is_value
