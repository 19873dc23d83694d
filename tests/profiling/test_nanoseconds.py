"""What is measured in time is exact to the nanosecond, in any encoding, unit and year, in every figure of a column."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dq.checks.plan import plan_checks
from dq.profiling.cells.texts import as_text
from dq.profiling.cells.values import JSON_TOKENS
from dq.profiling.figures.fine_numbers import FINE
from dq.profiling.profile.codec import decode_profile, encode_profile
from dq.profiling.profile.profile_state import state_of
from dq.profiling.profile.state_codec import decode_state, encode_state
from dq.profiling.summary.summarise_state import summarise_state
from dq.profiling.tally.recipe import CellEncoding
from dq.schema.durations import Duration
from dq.schema.fine_moments import FineMoment
from dq.verdict.judge import judge
from tests.unit.profiling.profiled import Table, column, profile, summary

MOMENT = datetime(2024, 2, 29, 23, 59, 59, 123456)  # noqa: DTZ001 - UTC, without saying so
TEXTS = ["2024-02-29T23:59:59.123456789", "2024-02-29 23:59:59.123456790", "2024-03-01T00:59:59.123456789+01:00"]
#: The same instants, in an encoding each.
COLUMNS = [
    (TEXTS, CellEncoding.TEXT),
    (pa.array(TEXTS), CellEncoding.JSON),
    (pa.array([1709251199123456789, 1709251199123456790, 1709251199123456789], pa.timestamp("ns")), CellEncoding.TYPED),
    (
        pa.array([1709251199123456789, 1709251199123456790, 1709251199123456789], pa.timestamp("ns", "Asia/Tokyo")),
        CellEncoding.TYPED,
    ),
]


def table(cells: Any, encoding: CellEncoding, **rules: Any) -> Table:  # noqa: ANN401
    return Table({"t": cells}, [{"name": "t", "type": "datetime", **rules}], encoding=encoding, keys=[["t"]])


@pytest.mark.parametrize(("cells", "encoding"), COLUMNS)
def test_instants_a_nanosecond_apart_are_two(cells: Any, encoding: CellEncoding) -> None:  # noqa: ANN401
    found = summary(table(cells, encoding))
    (figures,) = found.columns
    assert (figures.distinct, figures.unparsable) == (2, 0)
    assert (found.keys[0].full, found.keys[0].repeated) == (3, 1)
    assert (figures.minimum, figures.maximum) == (FineMoment(MOMENT, 789), FineMoment(MOMENT, 790))
    assert figures.quantiles["p50"] == FineMoment(MOMENT, 789)
    assert figures.quantiles["p95"] == FineMoment(MOMENT, 790)
    assert [(one.low, one.high, one.rows) for one in figures.histogram] == [
        ("2024-02-29T23:59:59.123456789", "2024-02-29T23:59:59.123456790", 3)
    ]


@pytest.mark.parametrize(("cells", "encoding"), COLUMNS)
@pytest.mark.parametrize(
    ("rules", "breaking"),
    [
        ({"max": "2024-02-29T23:59:59.123456789"}, [2]),
        ({"max": "2024-02-29T23:59:59.123456"}, [1, 2, 3]),
        ({"min": "2024-02-29T23:59:59.12345679Z"}, [1, 3]),
        ({"min": "2024-02-29T23:59:59.123456"}, []),
        ({"enum": ["2024-02-29T23:59:59.123456790", "2024-02-29T23:59:59.123456"]}, [1, 3]),
    ],
)
def test_limits_and_allowed_values_are_nanoseconds_too(
    cells: Any,  # noqa: ANN401
    encoding: CellEncoding,
    rules: dict[str, Any],
    breaking: list[int],
) -> None:
    figures = column(table(cells, encoding, **rules))
    assert sum(figures.violations.values()) == len(breaking)
    assert [one.line for one in figures.violation_examples.get(next(iter(rules)), ())] == breaking


def test_limits_with_nanoseconds_hold_for_columns_without() -> None:
    whole = ["2024-02-29T23:59:59.123456", "2024-02-29T23:59:59.123457"]
    figures = column(table(whole, CellEncoding.TEXT, min="2024-02-29T23:59:59.123456001"))
    assert [one.line for one in figures.violation_examples["min"]] == [1]


def test_ten_digits_are_a_type_issue() -> None:
    for kind, text in (
        ("datetime", f"{TEXTS[0]}1"),
        ("time", "00:00:00.1234567891"),
        ("duration", "0:00:00.0000000001"),
    ):
        assert column(Table({"a": [text]}, [{"name": "a", "type": kind}])).unparsable == 1


def test_the_first_and_the_last_nanosecond_of_the_calendar_are_values() -> None:
    figures = column(table(["0001-01-01T00:00:00.000000001", "9999-12-31T23:59:59.999999999"], CellEncoding.TEXT))
    assert figures.minimum == FineMoment(datetime.min, 1)  # noqa: DTZ901 - has no zone
    assert figures.maximum == FineMoment(datetime.max, 999)  # noqa: DTZ901 - has no zone


@pytest.mark.parametrize(
    ("kind", "texts", "least", "largest"),
    [
        ("time", ["00:00:00.000000002", "00:00:00.000000001"], FineMoment(time(), 1), FineMoment(time(), 2)),
        ("duration", ["-0:00:00.000000001", "PT0.000000001S", "0:00:00"], Duration(-1), Duration(1)),
        ("duration", ["42:00:00", "P1DT18H", "PT42H"], Duration(42 * 3600 * 10**9), Duration(42 * 3600 * 10**9)),
    ],
)
def test_times_and_durations_are_so_as_well(kind: str, texts: list[str], least: Any, largest: Any) -> None:  # noqa: ANN401
    found = summary(Table({"a": texts}, [{"name": "a", "type": kind}], keys=[["a"]]))
    (figures,) = found.columns
    assert (figures.minimum, figures.maximum) == (least, largest)
    assert figures.distinct == len(texts) - found.keys[0].repeated == (1 if least == largest else len(texts))


def test_a_duration_has_limits_in_either_spelling_and_a_histogram() -> None:
    rules = {"min": "PT0S", "max": "24:00:00"}
    figures = column(Table({"a": ["-0:00:01", "P1D", "PT24H0.5S"]}, [{"name": "a", "type": "duration", **rules}]))
    assert figures.violations == {frozenset({"min"}): 1, frozenset({"max"}): 1}
    assert figures.quantiles["p50"] == Duration(86_400 * 10**9)
    assert (figures.histogram[0].low, figures.histogram[-1].high) == ("-0:00:01", "24:00:00.500000")


def test_texts_of_a_frequent_time_are_times_where_values_are_too_many_to_be_counted() -> None:
    texts = [f"{at // 3600:02}:{at // 60 % 60:02}:{at % 60:02}" for at in range(1500)] + ["12:00:00.000000001"] * 1500
    figures = column(Table({"a": texts}, [{"name": "a", "type": "time"}]))
    assert [one.value for one in figures.top_values] == ["12:00:00.000000001"]


@pytest.mark.parametrize("kind", ["datetime", "time", "duration"])
def test_a_stored_profile_keeps_nanoseconds(kind: str) -> None:
    cells = {"datetime": TEXTS, "time": ["12:00:00.000000001", "12:00:00"], "duration": ["-PT0.000000001S", "P3D"]}[
        kind
    ]
    made = Table({"t": cells}, [{"name": "t", "type": kind}])
    counted = profile(made).settled()
    assert decode_profile(encode_profile(counted)).columns == counted.columns
    state = state_of(counted, made.recipe, made.definition, source="a", size=1)
    stored = decode_state(encode_state(state))
    assert stored.profile.columns == counted.columns
    fresh, kept = column(made), summarise_state(stored).columns[0]
    assert (kept.minimum, kept.maximum, kept.distinct) == (fresh.minimum, fresh.maximum, fresh.distinct)
    assert (kept.quantiles, kept.histogram) == (fresh.quantiles, fresh.histogram)


def test_a_sample_holds_nanoseconds_only_while_it_has_such_a_row() -> None:
    """Otherwise the bytes of a profile would tell which of its parts was merged first."""
    plain = ["2024-01-01T00:00:00"] * 40
    kinds = set()
    for at in range(0, 40, 5):
        small = replace(table([*plain[:at], TEXTS[0], *plain[at:]], CellEncoding.TEXT), small=4)
        cells = profile(small).sample.cells  # type: ignore[union-attr]
        assert cells is not None
        (kind,) = cells.schema.types
        assert (kind == FINE) == any(one % 1 for one in cells.column(0).to_pylist())
        kinds.add(kind)
        first, last = (profile(small, start=begin, end=end, split=begin) for begin, end in ((0, 20), (20, 41)))
        assert encode_profile(first + last) == encode_profile(last + first)
    assert kinds == {pa.int64(), FINE}


@given(st.lists(st.integers(-3000, 3000), min_size=1, max_size=12), st.integers(-3000, 3000), st.data())
@settings(deadline=None)
def test_values_have_one_outcome_whatever_carries_them(near: list[int], limit: int, data: st.DataObject) -> None:
    """As nanoseconds, as microseconds where there is no rest, as text: the same figures, keys and broken limits."""
    kind, arrow = data.draw(st.sampled_from([("datetime", pa.timestamp), ("duration", pa.duration)]))
    start = data.draw(st.sampled_from([0, 1709251199123456000, -(10**18)]))
    cells = pa.array([start + one for one in near], arrow("ns"))
    bound = as_text(pa.array([start + limit], arrow("ns")))[0].as_py()
    carried = [(cells, CellEncoding.TYPED), (as_text(cells), CellEncoding.TEXT), (as_text(cells), CellEncoding.JSON)]
    if not any(one % 1000 for one in near):
        carried.append((cells.cast(arrow("us")), CellEncoding.TYPED))
    outcomes = []
    for column_of, encoding in carried:
        rules = {"min": bound, "enum": [bound]}
        found = summary(Table({"t": column_of}, [{"name": "t", "type": kind, **rules}], encoding, keys=[["t"]]), [3, 7])
        (one,) = found.columns
        figures = (one.minimum, one.maximum, one.distinct, one.quantiles, one.histogram)
        outcomes.append((*figures, one.violations, found.keys))
    assert outcomes.count(outcomes[0]) == len(outcomes)
    assert outcomes[0][2] == len(set(near)) == len(near) - outcomes[0][-1][0].repeated
    below = sum(count for broken, count in outcomes[0][5].items() if "min" in broken)
    assert below == sum(one < limit for one in near)


OFFSETS = ["2024-01-01T00:00:00", "2024-01-01T00:00:00Z", "2024-01-01T01:00:00+01:00", "x"]


@pytest.mark.parametrize("cells", [OFFSETS, [f'"{text}"' for text in OFFSETS]])
def test_a_column_that_mixes_offsets_and_none_says_how_many_have_which(cells: list[str]) -> None:
    """All of them are one instant: what says nothing is in UTC."""
    tokens = cells[0].startswith('"')
    made: Any = pa.StructArray.from_arrays([pa.array([*cells, "1"])], fields=list(JSON_TOKENS)) if tokens else cells
    encoding = CellEncoding.JSON if tokens else CellEncoding.TEXT
    figures = column(table(made, encoding))
    assert (figures.with_offset, figures.distinct) == (2, 1)
    assert written_column(table(made, encoding))["offsets"] == {"with": 2, "without": 1}


@pytest.mark.parametrize("cells", [[OFFSETS[0]], OFFSETS[1:], pa.array([0], pa.timestamp("us", "UTC"))])
def test_a_column_that_does_not_mix_them_says_nothing(cells: Any) -> None:  # noqa: ANN401
    typed = table(cells, CellEncoding.TYPED if isinstance(cells, pa.Array) else CellEncoding.TEXT)
    assert "offsets" not in written_column(typed)
    assert column(typed).with_offset in (0, column(typed).rows - column(typed).unparsable)


def written_column(typed: Table) -> dict[str, Any]:
    payload: Any = judge(summary(typed), plan_checks(typed.definition)).profile_payload
    (written,) = payload["statisticalSummary"]["columns"]
    return dict(written)
