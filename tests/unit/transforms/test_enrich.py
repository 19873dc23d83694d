"""Rows get columns of one partner each, found as a loop over both tables finds it; never more rows than there were."""

from __future__ import annotations

import pickle
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dq import FieldDefinition, FieldType, Problems
from pipelines.transforms.enriched.enrich import enrich, enriched
from pipelines.transforms.enriched.enrichment import Enrichment, TakenColumn, Validity
from pipelines.transforms.enriched.partners import AmbiguousReferenceError, Partners
from pipelines.transforms.enriched.read_enrich import read_enrich

FIELDS = {"station": FieldType.STRING, "n": FieldType.INTEGER, "day": FieldType.DATE, "things": FieldType.ARRAY}
SAID = {"from": "s3://ref/stations.csv", "on": {"station": "code"}, "take": {"station_name": "name"}}
DAYS = [date(2026, 1, day) for day in range(1, 7)]

texts = st.sampled_from(["A", "B", "C", "", "é", None])
numbers = st.sampled_from([1, 2, 3, None])
days = st.sampled_from([*DAYS, None])


def of_two(valid: Validity | None = None) -> Enrichment:
    on = (("station", FieldDefinition("code")), ("n", FieldDefinition("number", FieldType.INTEGER)))
    return Enrichment("s3://ref/x.csv", on, (TakenColumn("name", "name"),), valid)


def columns(rows: list[tuple[Any, ...]], *kinds: tuple[str, pa.DataType]) -> dict[str, pa.Array]:
    return {name: pa.array([row[at] for row in rows], kind) for at, (name, kind) in enumerate(kinds)}


@given(
    st.lists(st.tuples(texts, numbers, days), max_size=20),
    st.lists(st.tuples(texts, numbers, days, days), max_size=12),
)
def test_partners_are_those_that_a_loop_over_both_tables_finds(
    rows: list[tuple[Any, ...]], others: list[tuple[Any, ...]]
) -> None:
    """Where two count at a time the reference is refused, and only there."""
    theirs = [(*one, f"row {at}") for at, one in enumerate(others)]
    kinds = (("code", pa.string()), ("number", pa.int64()), ("since", pa.date32()), ("till", pa.date32()))
    reference = pa.table(columns(theirs, *kinds, ("name", pa.string())))
    ours = columns(rows, ("station", pa.string()), ("n", pa.int64()), ("day", pa.date32()))

    def counts(one: tuple[Any, ...], day: date) -> bool:
        return None not in one[:2] and (one[2] or date.min) <= day < (one[3] or date.max)

    many = any(
        first[:2] == second[:2] and any(counts(first, day) and counts(second, day) for day in DAYS)
        for at, first in enumerate(theirs)
        for second in theirs[:at]
    )
    enrichment = of_two(Validity("day", "since", "till"))
    if many:
        with pytest.raises(AmbiguousReferenceError, match="has two rows for code"):
            Partners.of(enrichment, reference)
        return
    made = pickle.loads(pickle.dumps(Partners.of(enrichment, reference)))  # noqa: S301 - as Spark sends it
    found = enrich(ours, [made])
    expected = [
        next((one[4] for one in theirs if one[:2] == row[:2] and row[2] and counts(one, row[2])), None) for row in rows
    ]
    assert found.columns["name"].to_pylist() == expected
    ((_, missing),) = found.without_partner
    assert missing.tolist() == [name is None for name in expected]


def test_a_key_with_two_rows_is_named_and_so_is_what_to_do() -> None:
    reference = pa.table({"code": ["A", "B", "B", "C", "C"], "number": [1, 2, 2, 1, 1], "name": ["x"] * 5})
    with pytest.raises(AmbiguousReferenceError) as caught:
        Partners.of(of_two(), reference)
    assert str(caught.value) == (
        's3://ref/x.csv has two rows for code "B", number "2" (and 1 more), so that nobody can say which one is meant;'
        ' keep one, or say which counts when, as in "valid": {"at": "service_date", "from": "valid_from", "to":'
        ' "valid_to"}'
    )


def test_keys_are_equal_as_values_and_taken_values_have_the_type_that_is_said() -> None:
    on = (("amount", FieldDefinition("at", FieldType.DECIMAL)),)
    taken = (TakenColumn("rank", "rank", FieldType.INTEGER), TakenColumn("own", "at"))
    enrichment = Enrichment("s3://ref/x.csv", on, taken)
    kind = pa.decimal128(38, 18)
    reference = pa.table({"at": pa.array([Decimal("1.1"), None], kind), "rank": pa.array([7, 8], pa.int64())})
    found = enrich(
        {"amount": pa.array([Decimal("1.10"), Decimal(2), None], kind)}, [Partners.of(enrichment, reference)]
    )
    assert found.columns["rank"].to_pylist() == [7, None, None]
    assert found.columns["own"].to_pylist() == [Decimal("1.1"), None, None]
    assert enrichment.types == {"rank": FieldType.INTEGER, "own": FieldType.DECIMAL}


def test_what_one_reference_gives_the_next_one_is_looked_up_by() -> None:
    said = [
        {"from": "s3://ref/a.csv", "on": {"station": "code"}, "take": {"zone": "zone"}},
        {"from": "s3://ref/b.csv", "on": "zone", "take": {"price": "price"}},
    ]
    problems = Problems()
    first, second = read_enrich(said, FIELDS, problems)
    assert problems == Problems()
    references = [
        Partners.of(first, pa.table({"code": ["A", "B"], "zone": ["1", "2"]})),
        Partners.of(second, pa.table({"zone": ["2"], "price": ["9"]})),
    ]
    found = enrich({"station": pa.array(["A", "B", "C"])}, references)
    assert found.columns["price"].to_pylist() == [None, "9", None]
    assert [missing.tolist() for _, missing in found.without_partner] == [[False, False, True], [True, False, True]]


def test_a_reference_without_a_row_leaves_every_row_without_a_partner() -> None:
    said = {"on": "station", "take": {"name": "name"}}
    assert enriched(said, {"station": [], "name": []}, station=["A", None]) == {"name": [None, None]}


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"from": None}, "does not say from what; expected from as s3://bucket/key or table:schema.name"),
        ({"from": "stations.csv"}, 'from is "stations.csv"; expected s3://bucket/key'),
        ({"on": {}}, 'on is {}; expected columns of both sides such as {"station": "code"}'),
        ({"on": {"statoin": "code"}}, 'on names "statoin", which is no column that is there (did you mean station?)'),
        ({"on": {"things": "code"}}, 'on names "things", whose type array cannot be compared'),
        ({"on": {"station": "code", "n": "code"}}, "expected each column of the reference once"),
        ({"take": None}, 'take is null; expected new columns such as {"station_name": "name"}'),
        ({"take": {"n": "name"}}, 'take, "n": is a column already; expected another name'),
        ({"take": {"x": 3}}, 'take, "x": is 3; expected a column, or {"column": "name", "type": "integer"}'),
        ({"take": {"x": {"type": "list"}}}, 'take, "x": type is "list"; expected integer, number'),
        ({"missing": "drop"}, 'missing is "drop"; expected "null" or "quarantine"'),
        ({"valid": {"at": "day"}}, 'valid is {"at": "day"}; expected an object such as {"at": "service_date"'),
        (
            {"valid": {"at": "n", "from": "a", "to": "b"}},
            'valid, at names "n", which is of type integer',
        ),
    ],
)
def test_what_is_wrong_with_a_reference_is_told_with_its_place(changed: dict[str, Any], problem: str) -> None:
    problems = Problems()
    assert read_enrich({**SAID, **changed}, FIELDS, problems) == ()
    assert problem in str(problems.found), problems.found
    assert all(one.startswith("silver, enrich") for one in problems.found)
