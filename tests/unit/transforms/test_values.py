"""Steps that read values, held against plain Python."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from fractions import Fraction

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.transforms.normalize import tried
from pipelines.transforms.steps import STEPS
from pipelines.transforms.values.unit_tables import SPELLINGS, UNITS, Unit

NUMBERS = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str),
    st.from_regex(r"[+-]?[0-9]{1,18}(\.[0-9]{0,8})?", fullmatch=True),
    st.from_regex(r"[+-]?(\.[0-9]{1,4}|[0-9]{1,3}[eE][+-]?[0-9]{1,2})", fullmatch=True),
).filter(str.isascii)
FACTORS = st.one_of(
    st.sampled_from(["0.01", "100", "0.000001", "-1", "1", "1E+20", "0.123456789012345678", "60"]),
    st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-1000, max_value=1000).map(str),
).filter(lambda text: Decimal(text) != 0)


@given(texts=st.lists(NUMBERS, min_size=1, max_size=5), factor=FACTORS)
def test_a_scaled_number_is_the_exact_product_in_its_one_spelling(texts: list[str], factor: str) -> None:
    for text, scaled in zip(texts, tried({"scale": Decimal(factor)}, *texts), strict=True):
        assert scaled is not None
        assert Fraction(scaled) == Fraction(text) * Fraction(factor)
        assert "E" not in scaled.upper()
        assert not scaled.startswith("+")
        assert "." not in scaled or not scaled.endswith(("0", "."))
        assert scaled.lstrip("-").split(".", maxsplit=1)[0] == str(int(scaled.lstrip("-").split(".", maxsplit=1)[0]))


@pytest.mark.parametrize("text", ["", " 1", "1,5", "1_000", "0x10", "nan", "inf", "\uff11", "1e9999", "--1", "9" * 201])
def test_what_is_no_number_is_not_scaled(text: str) -> None:
    assert tried({"scale": 10}, text) == [text]


@pytest.mark.parametrize("form", ["%d.%m.%Y", "%Y%m%d", "%d %b %Y", "%m/%d/%Y %H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f"])
@given(moments=st.lists(st.datetimes(min_value=datetime(1000, 1, 1)), min_size=1, max_size=4))  # noqa: DTZ001 - naive as text
def test_a_day_is_the_one_that_strptime_reads(form: str, moments: list[datetime]) -> None:
    texts = [moment.strftime(form) for moment in moments]
    for text, iso in zip(texts, tried({"date": form}, *texts), strict=True):
        assert iso is not None
        read = datetime.strptime(text, form)  # noqa: DTZ007 - naive as text
        assert datetime.fromisoformat(iso) == read
        assert ("T" in iso) == ("%H" in form)


def test_an_offset_is_applied() -> None:
    assert tried({"date": "%Y-%m-%d %H:%M %z"}, "2026-01-31 23:30 -0200") == ["2026-02-01T01:30:00"]


@pytest.mark.parametrize("wished", UNITS.values(), ids=lambda unit: unit.symbol)
@given(number=st.decimals(min_value=-10_000, max_value=10_000, places=3), data=st.data())
def test_a_quantity_is_as_much_in_another_unit(wished: Unit, number: Decimal, data: st.DataObject) -> None:
    spelling, given_unit = data.draw(st.sampled_from(sorted(SPELLINGS[wished.kind].items(), key=lambda one: one[0])))
    (text,) = tried({"unit": wished.symbol}, f"{number} {spelling}")
    exactly = (Fraction(number) * given_unit.factor + given_unit.offset - wished.offset) / wished.factor
    assert text is not None
    assert abs(Fraction(text) - exactly) <= abs(exactly) * Fraction(1, 10**14)
    if not set(_primes(exactly.denominator)) - {2, 5}:
        assert Fraction(text) == exactly


def _primes(number: int) -> list[int]:
    found = []
    for prime in (2, 3, 5, 7, 11, 13, 127):
        while number % prime == 0:
            found.append(prime)
            number //= prime
    return [*found, number] if number > 1 else found


@pytest.mark.parametrize(
    ("unit", "text"),
    [
        *(("kg", text) for text in ("", "kg", "12 stone", "1.2.3 kg", "12 kg 5 g", "1,250 kg", "twelve kg", "3 m")),
        *(("m2", text) for text in ("5 m", "m2", "5 2")),
        ("C", "warm"),
    ],
)
def test_what_is_no_quantity_of_that_kind_stays(unit: str, text: str) -> None:
    assert tried({"unit": unit}, text) == [text]


@pytest.mark.parametrize(
    ("text", "area"), [("5 m2", "5"), ("5m²", "5"), ("5 sq. m", "5"), ("5 SQM", "5"), ("1 ha.", "10000")]
)
def test_units_are_spelled_in_many_ways(text: str, area: str) -> None:
    assert tried({"unit": "m2"}, text) == [area]


@pytest.mark.parametrize(
    ("region", "text", "number"),
    [
        ("US", "1-800-FLOWERS", "+18003569377"),
        ("US", "tel:+1-415-555-2671", "+14155552671"),
        ("US", "416 555 2671", "+14165552671"),  # Toronto has the same code of the country
        ("US", "+1 (415) 555-2671", "+14155552671"),
        ("DE", "0171/2345678", "+491712345678"),
        ("DE", "+49 (0)30 901820", "+4930901820"),
        ("IT", "06 698 12345", "+390669812345"),
        ("GB", "+1 415 555 2671", "+14155552671"),
    ],
)
def test_a_telephone_number_is_read_as_in_its_region(region: str, text: str, number: str) -> None:
    assert tried({"phone": region}, text) == [number]


@pytest.mark.parametrize("text", ["", "n/a", "12", "999 999 9999", "415-555-2671 x5", "415-555-2671/415-555-2672"])
def test_what_is_no_telephone_number_stays(text: str) -> None:
    assert tried({"phone": "US"}, text) == [text]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("MARIE-CLAIRE DE LA TOUR", "Marie-Claire de la Tour"),
        ("von der LEYEN", "von der Leyen"),
        ("leonardo da vinci", "Leonardo da Vinci"),
        ("D'ANGELO", "D'Angelo"),
        ("d\u2019angelo", "D\u2019Angelo"),
        ("GERARD 'T HOOFT", "Gerard 't Hooft"),
        ("MCDONALD-O'NEIL", "McDonald-O'Neil"),
        ("mc", "Mc"),
        ("MACHADO", "Machado"),
        ("McDonald", "McDonald"),
        ("LaToya Jackson", "LaToya Jackson"),
        ("JR Smith", "JR Smith"),
        ("john Smith", "John Smith"),
        ("Jean-Luc PICARD", "Jean-Luc Picard"),
        ("HENRY VIII", "Henry VIII"),
        ("VI NGUYEN", "Vi Nguyen"),
        ("ÖZGÜR ÇELİK", "Özgür Çelik"),
        ("ABD AL-RAHMAN", "Abd al-Rahman"),
        ("李 小龍", "李 小龍"),
        ("", ""),
    ],
)
def test_a_name_has_its_capitals_where_they_belong(text: str, name: str) -> None:
    assert tried("name", text) == [name]


@pytest.mark.parametrize(
    ("region", "text", "address"),
    [
        ("US", "123 st james ave", "123 St James Avenue"),
        ("US", "45 DR MARTIN LUTHER KING JR BLVD", "45 Dr Martin Luther King Jr Boulevard"),
        ("US", "12 E St NW", "12 E Street NW"),
        ("US", "1 MAIN ST, SPRINGFIELD, IL 62701", "1 Main Street, Springfield, IL 62701"),
        ("US", "7 McAllister rd #3", "7 McAllister Road #3"),
        ("US", "221B BAKER STREET", "221B Baker Street"),
        ("US", "PO BOX 5", "PO Box 5"),
        ("DE", "HAUPTSTRASSE 1", "Hauptstraße 1"),
        ("DE", "Karl-Marx-Str. 3", "Karl-Marx-Straße 3"),
        ("DE", "str. des 17. Juni 135", "Straße des 17. Juni 135"),
        ("DE", "unter den linden 77", "Unter den Linden 77"),
    ],
)
def test_an_address_has_the_type_of_its_street_in_full(region: str, text: str, address: str) -> None:
    assert tried({"address": region}, text) == [address]


def test_every_step_takes_a_column_of_nothing_but_nulls() -> None:
    nulls = pa.nulls(3, pa.string())
    for name, argument in {"scale": Decimal(2), "date": "%Y", "phone": "US", "unit": "kg", "address": "US"}.items():
        assert STEPS[name].apply(nulls, argument).equals(nulls)
