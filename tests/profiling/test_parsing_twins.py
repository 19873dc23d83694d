"""The vectorised parser is the twin of the grammar: the same cells parse, to the same values, whatever is generated."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dq.profiling.cells.parsing import canonical_decimals
from dq.schema.definition import FieldType
from dq.schema.durations import Duration
from tests.reference.tables import TEXTS
from tests.unit.profiling.twins import FORMATS, MOMENTS, assert_twins

#: Characters that turn a value into nearly one.
CONFUSING = "0123456789+-.,eExX:TZ /_naif\n\t٣%p"

NEAR = {
    FieldType.INTEGER: st.integers(-(2**65), 2**65).map(str),
    FieldType.NUMBER: st.one_of(
        st.floats().map(repr), st.decimals(allow_nan=False, places=3).map(str), st.integers().map(str)
    ),
    FieldType.DECIMAL: st.decimals(allow_nan=False, allow_infinity=False).map(lambda one: format(one, "f")),
    FieldType.BOOLEAN: st.sampled_from(["true", "True", "TRUE", "1", "false", "False", "FALSE", "0"]),
    FieldType.DATE: st.dates().map(str),
    FieldType.DATETIME: st.one_of(
        st.datetimes().map(str),
        st.datetimes().map(lambda one: one.isoformat(timespec="milliseconds")),
        st.datetimes().map(lambda one: one.isoformat() + "+02:00"),
        st.datetimes().map(lambda one: one.isoformat(timespec="microseconds") + "789"),
        st.datetimes().map(lambda one: one.isoformat(timespec="microseconds") + "01Z"),
    ),
    FieldType.TIME: st.one_of(st.times().map(str), st.times().map(lambda one: f"{one:%H:%M:%S.%f}001")),
    FieldType.DURATION: st.one_of(
        st.integers(-(2**75), 2**75).map(lambda one: str(Duration(one))),
        st.integers(-(10**15), 10**15).map(lambda one: str(Duration(one))),
        st.from_regex(
            r"[+-]?P([0-9]{1,9}W|([0-9]{1,9}D)?(T([0-9]{1,12}H)?([0-9]{1,3}M)?([0-9]{1,2}(\.[0-9]{1,9})?S)?)?)",
            fullmatch=True,
        ),
    ),
    FieldType.OBJECT: st.sampled_from(['{"a": 1}', "{}", '{"a": {"b": [1, null]}}']),
    FieldType.ARRAY: st.sampled_from(["[1]", "[]", '["a", {"b": 1}]']),
    FieldType.STRING: st.text(),
    FieldType.ANY: st.text(),
}


@st.composite
def mutated(draw: st.DrawFn, near: st.SearchStrategy[str]) -> str:
    """A valid text, most often with a character more, less or changed."""
    text: str = draw(near)
    place: int = draw(st.integers(0, len(text)))
    gone: int = draw(st.sampled_from([0, 0, 1]))
    new: str = draw(st.sampled_from(["", "", *CONFUSING]))
    return text[:place] + new + text[place + gone :]


def texts_of(kind: FieldType) -> st.SearchStrategy[str]:
    pool = TEXTS.get(kind.value, [""])
    return st.one_of(st.sampled_from(pool), NEAR[kind], mutated(NEAR[kind]), st.text(CONFUSING, max_size=8))


@pytest.mark.parametrize("kind", list(FieldType))
@given(data=st.data())
def test_a_few_cells_parse_as_the_grammar_says(kind: FieldType, data: st.DataObject) -> None:
    assert_twins(data.draw(st.lists(texts_of(kind), max_size=12)), kind)


@pytest.mark.parametrize("kind", list(FieldType))
@given(data=st.data())
def test_each_cell_alone_parses_as_the_grammar_says(kind: FieldType, data: st.DataObject) -> None:
    """Alone it meets the quick conversion, which must not take more than the grammar does."""
    for text in data.draw(st.lists(texts_of(kind), min_size=1, max_size=5)):
        assert_twins([text], kind)


@st.composite
def written(draw: st.DrawFn, form: str) -> str:
    moment: datetime = draw(st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31)))  # noqa: DTZ001 - has no zone
    return moment.replace(tzinfo=timezone.utc).strftime(form)


@pytest.mark.parametrize("form", FORMATS)
@given(data=st.data())
def test_a_strptime_format_decides_as_python_does(form: str, data: st.DataObject) -> None:
    near = written(form)
    texts = data.draw(st.lists(st.one_of(near, near, mutated(near), st.sampled_from(TEXTS["date"])), max_size=8))
    for kind in MOMENTS:
        assert_twins(texts, kind, form)
        for text in texts[:2]:
            assert_twins([text], kind, form)


@given(st.lists(st.decimals(allow_nan=False, allow_infinity=False).map(lambda one: format(one, "f")), min_size=1))
def test_equal_decimals_are_written_alike(texts: list[str]) -> None:
    plain = canonical_decimals(pa.array(texts, pa.string())).to_pylist()
    for one, text in zip(plain, texts, strict=True):
        assert Decimal(one) == Decimal(text)
    for one, text in zip(plain, texts, strict=True):
        for other, second in zip(plain, texts, strict=True):
            assert (one == other) == (Decimal(text) == Decimal(second))
