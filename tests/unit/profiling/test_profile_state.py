"""Stored profiles of different files merge by the names and types of their columns, without sensitive values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from dq.profiling.profile import profile_state
from dq.profiling.profile.profile_state import ProfileState, StateKey, state_of
from dq.profiling.profile.state_codec import decode_state, encode_state
from dq.profiling.summary.summarise_state import sensitive_columns, summarise_state
from dq.profiling.summary.summary import ColumnSummary, FileSummary, KeySummary
from dq.profiling.tally.offences import Offence
from dq.profiling.tally.recipe import CellEncoding
from tests.unit.profiling.profiled import Table, opened, profile, summary

FIELDS: list[dict[str, Any]] = [{"name": "id", "type": "integer", "max": 100}, {"name": "kind", "enum": ["a", "b"]}]


def state(table: Table, source: str = "s3://b/k 1", keys: tuple[StateKey, ...] = ()) -> ProfileState:
    settled = profile(table).settled()
    return state_of(settled, table.recipe, table.definition, source=source, size=10, keys=keys)


def columns(figures: FileSummary) -> dict[str, ColumnSummary]:
    return {column.name: column for column in figures.columns}


def test_the_state_of_one_file_has_the_figures_of_the_file() -> None:
    table = Table({"id": ["1", "x", "", "101"] * 50, "kind": ["a", "b", "c", "a"] * 50}, FIELDS)
    stored = columns(summarise_state(state(table)))
    fresh = columns(summary(table))
    for name, column in fresh.items():
        shown = stored[name]
        for figure in ("nulls", "unparsable", "distinct", "minimum", "maximum", "mean", "stddev", "quantiles"):
            assert getattr(shown, figure) == getattr(column, figure), figure
        assert shown.violations == column.violations
        assert shown.unparsable_examples == column.unparsable_examples
        assert shown.violation_examples == column.violation_examples
        assert shown.top_values == column.top_values
        assert shown.histogram == column.histogram


def test_files_of_one_layout_merge_to_the_figures_of_all_their_rows() -> None:
    one = Table({"id": ["1", "2", "x"], "kind": ["a", "b", "b"]}, FIELDS)
    other = Table({"id": ["2", "200"], "kind": ["", "z"]}, FIELDS)
    both = Table({"id": ["1", "2", "x", "2", "200"], "kind": ["a", "b", "b", "", "z"]}, FIELDS)
    merged = columns(summarise_state(state(one, "1") + state(other, "2")))
    for name, column in columns(summary(both)).items():
        for figure in ("rows", "nulls", "unparsable", "distinct", "minimum", "maximum", "mean", "stddev", "quantiles"):
            assert getattr(merged[name], figure) == getattr(column, figure), figure
        assert merged[name].violations == column.violations
        assert merged[name].top_values == column.top_values


def test_columns_are_known_by_name_wherever_they_stand() -> None:
    one = Table({"id": ["1"], "kind": ["a"]}, FIELDS)
    turned = Table({"kind": ["b"], "id": ["2"]}, FIELDS)
    merged = summarise_state(state(one, "1") + state(turned, "2"))
    assert encode_state(state(one, "1") + state(turned, "2")) == encode_state(state(turned, "2") + state(one, "1"))
    assert {name: column.maximum for name, column in columns(merged).items()} == {"id": 2, "kind": "b"}
    assert merged.sample_rows in (
        ((("1", "a"), ("2", "b"))), ((("2", "b"), ("1", "a"))), (("a", "1"), ("b", "2")), (("b", "2"), ("a", "1")),
    )  # fmt: skip


def test_a_file_without_a_column_adds_nulls_to_it() -> None:
    merged = summarise_state(state(Table({"id": ["1", "2"]}, FIELDS), "1") + state(Table({"kind": ["a"]}, FIELDS), "2"))
    found = columns(merged)
    assert (found["id"].rows, found["id"].nulls, found["id"].mean) == (3, 1, 1.5)
    assert (found["kind"].rows, found["kind"].nulls) == (3, 2)
    assert merged.rows_read == 3
    assert merged.bytes == 20
    assert found["id"].quantiles["p95"] == 2


def test_one_name_of_two_types_stays_two_columns() -> None:
    number = Table({"fare": ["1.5"]}, [{"name": "fare", "type": "number"}])
    text = Table({"fare": ["free"]}, [{"name": "fare", "type": "string"}])
    merged = summarise_state(state(number, "1") + state(text, "2"))
    assert [(column.name, column.type, column.nulls) for column in merged.columns] == [
        ("fare", "number", 1),
        ("fare", "string", 1),
    ]
    assert [column.maximum for column in merged.columns] == [1.5, "free"]


SECRET = "470-11-0815"


@pytest.mark.parametrize("bad", ["", "unparsable"])
def test_no_value_of_a_sensitive_column_is_stored(bad: str) -> None:
    kind = "integer" if bad else "string"
    field: dict[str, Any] = {"name": "ssn", "type": kind, "sensitive": True}
    table = Table({"ssn": [SECRET] * 5, "id": ["1"] * 5}, [field | ({} if bad else {"maxLength": 3}), *FIELDS])
    kept = state(table)
    assert SECRET.encode() not in opened(encode_state(kept))
    hashes = [] if kept.profile.columns is None else [one.distinct.hashes.tobytes() for one in kept.profile.columns]
    assert hashes[0] == b""
    found = columns(summarise_state(kept))["ssn"]
    assert (found.rows, found.nulls, found.unparsable) == (5, 0, 5 if bad else 0)
    assert (found.distinct, found.distinct_error) == (0, 1.0)
    assert (found.minimum, found.maximum, found.mean, found.top_values) == (None, None, None, ())
    assert sensitive_columns(kept) == {"ssn"}
    assert all(row[0] is None for row in summarise_state(kept).sample_rows)


def test_a_column_sensitive_in_one_file_is_hidden_in_the_merge() -> None:
    open_file = Table({"ssn": [SECRET], "id": ["1"]}, [{"name": "ssn"}, *FIELDS])
    closed_file = Table({"ssn": ["x"], "id": ["1"]}, [{"name": "ssn", "sensitive": True}, *FIELDS])
    merged = state(open_file, "1") + state(closed_file, "2")
    assert SECRET.encode() in opened(encode_state(state(open_file, "1")))
    assert SECRET.encode() not in opened(encode_state(merged))
    assert columns(summarise_state(merged))["ssn"].max_length == len(SECRET)


def test_the_text_of_malformed_rows_is_hidden_with_the_first_sensitive_column() -> None:
    """A row that could not be cut into cells may hold any of them."""
    for sensitive in (False, True):
        table = Table({"ssn": ["x"]}, [{"name": "ssn", "sensitive": sensitive}])
        broken = replace(profile(table), malformed=1, malformed_rows=(Offence(0, 2, f"{SECRET},,,"),))
        kept = state_of(broken, table.recipe, table.definition, source="1", size=1)
        for each in (kept, kept + kept):
            assert each.profile.malformed == each.files
            assert (SECRET.encode() in opened(encode_state(each))) != sensitive


def test_a_file_of_sensitive_columns_only_has_a_state() -> None:
    table = Table({"ssn": [SECRET] * 3}, [{"name": "ssn", "sensitive": True}])
    merged = state(table, "1") + state(table, "2")
    assert summarise_state(merged).rows_read == 6
    assert SECRET.encode() not in opened(encode_state(merged))


def test_lines_are_told_of_one_file_and_not_of_several() -> None:
    table = Table({"id": ["1", "x"]}, FIELDS)
    assert [found.line for found in columns(summarise_state(state(table)))["id"].unparsable_examples] == [2]
    merged = columns(summarise_state(state(table, "1") + state(table, "2")))["id"]
    assert [(found.line, found.text) for found in merged.unparsable_examples] == [(None, "x"), (None, "x")]


def test_the_repeats_of_keys_add_up_file_by_file() -> None:
    table = Table({"id": ["1", "2"]}, FIELDS)
    one = state(table, "1", (StateKey(("id",), 10, 1),))
    other = state(table, "2", (StateKey(("id",), 20, 2), StateKey(("id", "kind"), 5, 0)))
    assert summarise_state(one + other).keys == (KeySummary(("id",), 30, 3), KeySummary(("id", "kind"), 5, 0))


def test_a_declared_column_that_no_json_object_has_is_no_column() -> None:
    table = Table({"id": pa.array([1, 2]), "kind": pa.nulls(2)}, FIELDS, encoding=CellEncoding.JSON)
    assert list(columns(summarise_state(state(table)))) == ["id"]


def test_files_in_the_same_order_are_sampled_at_different_places() -> None:
    """Rows of one place have one priority in every file; drawn again for each file, they merge to a fair sample."""
    size, rows = 64, 2000
    table = Table({"id": [str(row) for row in range(rows)]}, FIELDS, small=size)
    whole = sum((state(table, f"s3://b/{at} v") for at in range(32)), ProfileState())
    assert whole.profile.sample is not None
    assert len(whole.profile.sample.priority) == size
    places = set(whole.profile.sample.row.tolist())
    assert len(places) > size / 2  # two rows of each file; the same two places in all files would be 2
    alone = state(table, "s3://b/0 v").profile.sample
    assert alone is not None
    assert np.array_equal(np.sort(alone.row), np.sort(profile(table).sample.row))  # type: ignore[union-attr]
    assert (np.diff(alone.priority.astype(np.float64)) >= 0).all()


def test_files_whose_columns_differ_every_time_merge_to_a_bounded_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile_state, "MOST_NAMES", 50)
    merged = ProfileState()
    for number in range(40):
        names = ["id", *(f"name {number} {at}" for at in range(7))]
        merged += state(Table({name: ["1", "2"] for name in names}, FIELDS), str(number))
        assert len(merged.columns) == min(1 + (number + 1) * 7, 50)
        assert merged.left_out == (number >= 7)
    found = columns(summarise_state(merged))
    assert (found["id"].rows, found["id"].nulls, found["id"].mean) == (80, 0, 1.5)
    assert {column.nulls for name, column in found.items() if name != "id"} == {78}
    assert decode_state(encode_state(merged)).left_out


def test_a_name_is_kept_with_all_of_its_types_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile_state, "MOST_NAMES", 2)
    files = [
        Table(
            {name: ["1"] for name in names},
            [{"name": "b", "type": kind}, *([{"name": "c", "sensitive": True}] if "c" in names else [])],
        )
        for names, kind in ((("c", "b"), "integer"), (("b", "a"), "string"), (("c",), "any"), (("b",), "any"))
    ]
    merged = sum((state(table, str(at)) for at, table in enumerate(files)), ProfileState())
    assert sorted(column.label for column in merged.columns) == ["any b", "integer b", "string a", "string b"]
    assert merged.left_out


def test_as_many_columns_as_there_may_be_are_all_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile_state, "MOST_NAMES", 2)
    table = Table({"id": ["1"], "kind": ["a"]}, FIELDS)
    merged = state(table, "1") + state(table, "2")
    assert (len(merged.columns), merged.left_out) == (2, False)


def test_many_columns_share_what_a_state_may_have() -> None:
    """Merged from many narrow files as in one wide file."""
    rows = 9000
    merged = ProfileState()
    for number in range(40):
        table = Table({f"c{number}": [str(row) for row in range(rows)]}, [{"name": f"c{number}", "type": "integer"}])
        merged += state(table, str(number))
    assert merged.profile.columns is not None
    assert merged.profile.sample is not None
    assert {len(one.distinct.hashes) for one in merged.profile.columns} == {8192}
    assert len(merged.profile.sample.priority) == 4096
    figures = columns(summarise_state(merged))["c7"]
    assert figures.distinct == pytest.approx(rows, rel=figures.distinct_error)
    assert figures.quantiles["p50"] == pytest.approx(rows / 2, abs=0.2 * rows)


def test_no_file_is_neutral() -> None:
    one = state(Table({"id": ["1", "x"]}, FIELDS))
    assert encode_state(ProfileState() + one) == encode_state(one) == encode_state(one + ProfileState())
    assert summarise_state(ProfileState()).rows_read == 0


def test_the_state_of_a_wide_file_is_bounded_and_says_what_that_costs() -> None:
    """Up to 32 columns it has all that the file's own profile has; then the columns share."""
    rows, wide = 9000, 100
    numbers = [str(number) for number in range(rows)]
    names = [f"c{at}" for at in range(wide)]
    table = Table(dict.fromkeys(names, numbers), [{"name": name, "type": "integer"} for name in names])
    kept = state(table)
    assert kept.profile.columns is not None
    assert kept.profile.sample is not None
    assert {len(one.distinct.hashes) for one in kept.profile.columns} == {4096}
    assert len(kept.profile.sample.priority) == 2048
    for each in (kept, decode_state(encode_state(kept))):
        figures = columns(summarise_state(each))["c7"]
        assert figures.distinct_error == pytest.approx(3 / 4094**0.5)
        assert figures.distinct == pytest.approx(rows, rel=figures.distinct_error)
        assert figures.quantile_error == pytest.approx(0.03)
        assert figures.quantiles["p50"] == pytest.approx(rows / 2, abs=figures.quantile_error * rows)
    narrow = state(Table({"c": numbers}, [{"name": "c", "type": "integer"}]))
    assert columns(summarise_state(narrow))["c"].distinct == rows
