"""Profiles are a commutative monoid: any parts, merged in any order, give the profile of the whole.

Exact states are compared byte for byte in the codec. Sketches of the same parts are so too, whatever the order; with
other parts another sample is drawn, and only its size and membership can be compared.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest import mock

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dq.profiling.profile import profile_state
from dq.profiling.profile.codec import decode_profile, encode_profile
from dq.profiling.profile.file_profile import FileProfile
from dq.profiling.profile.profile_state import ProfileState, state_of
from dq.profiling.profile.state_codec import decode_state, encode_state
from dq.profiling.tally.offences import MOST_EXAMPLES, Offence
from tests.reference.expressions import row_rules
from tests.reference.tables import TEXTS
from tests.unit.profiling.profiled import Table, parts, profile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dq.profiling.profile.column_profile import ColumnProfile

THOROUGH = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
RULES: dict[str, dict[str, Any]] = {
    "integer": {"min": 1, "max": 100, "enum": [1, 2, 3]},
    "number": {"min": 0, "max": 2},
    "decimal": {"min": "0.1", "enum": ["0.10", "12.34"]},
    "string": {"enum": ["card", "cash"], "minLength": 2, "maxLength": 4, "pattern": "[a-z]*"},
    "date": {"min": "2020-01-01"},
}


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Columns of every type with repeats, nulls and cells that do not parse; small sketches, so that they overflow."""
    kinds = draw(st.lists(st.sampled_from(sorted(TEXTS)), min_size=1, max_size=4))
    rows = draw(st.integers(0, 60))
    columns, fields = {}, []
    for at, kind in enumerate(kinds):
        pool = draw(st.sampled_from([[*TEXTS[kind], "-0.0", "0.00"], [*TEXTS[kind], *map(str, range(100))]]))
        columns[f"{kind} {at}"] = draw(st.lists(st.sampled_from(pool), min_size=rows, max_size=rows))
        fields.append({"name": f"{kind} {at}", "type": kind, **RULES.get(kind, {})})
    small = draw(st.sampled_from([0, 5, 16]))
    rules = draw(row_rules(fields)) if draw(st.booleans()) else []
    return Table(columns, fields, small=small, missing=draw(st.sampled_from([("",), ("", "NA")])), row_rules=rules)


@st.composite
def tables_in_parts(draw: st.DrawFn) -> tuple[Table, list[int], int]:
    table = draw(tables())
    return table, draw(st.lists(st.integers(0, 60), max_size=6)), draw(st.sampled_from([1, 7, 100]))


def merged_at_random(profiles: Sequence[FileProfile], seed: int) -> FileProfile:
    """Merge as a tree whose shape and order are drawn, with the empty profile in between."""
    left, chance = [*profiles, FileProfile()], random.Random(seed)
    while len(left) > 1:
        chance.shuffle(left)
        left.append(left.pop() + left.pop())
    return left[0]


@given(tables_in_parts(), st.integers())
@THOROUGH
def test_the_order_of_merging_changes_no_byte(case: tuple[Table, list[int], int], seed: int) -> None:
    table, cuts, batch = case
    profiles = [one.profile() for one in parts(table, cuts, batch=batch)]
    whole = encode_profile(sum(profiles, FileProfile()))
    assert encode_profile(merged_at_random(profiles, seed)) == whole
    assert encode_profile(decode_profile(whole)) == whole


def figures_of(column: ColumnProfile) -> tuple[float | None, float | None]:
    return column.moments.mean(), column.moments.stddev()


def without_rounding(one: FileProfile, other: FileProfile) -> FileProfile:
    """Take the moments of `other`, to which those of `one` are equal but for the rounding of a batch's sums."""
    assert one.columns is not None
    assert other.columns is not None
    columns = []
    for mine, theirs in zip(one.columns, other.columns, strict=True):
        assert mine.moments.count == theirs.moments.count
        for rounded, exact in zip(figures_of(mine), figures_of(theirs), strict=True):
            assert (rounded is None) == (exact is None)
            assert exact is None or rounded == pytest.approx(exact, rel=1e-9, abs=1e-9)
        columns.append(replace(mine, moments=theirs.moments))
    return replace(one, columns=tuple(columns))


@given(tables_in_parts())
@THOROUGH
def test_any_parts_give_the_exact_figures_of_the_whole(case: tuple[Table, list[int], int]) -> None:
    table, cuts, batch = case
    whole = profile(table).settled()
    merged = without_rounding(
        sum((one.profile() for one in parts(table, cuts, batch=batch)), FileProfile()).settled(), whole
    )
    assert replace(merged, sample=None, shown=None) == replace(whole, sample=None, shown=None)
    assert encode_profile(replace(merged, sample=None, shown=None)) == encode_profile(
        replace(whole, sample=None, shown=None)
    )
    for mine, theirs in ((merged.sample, whole.sample), (merged.shown, whole.shown)):
        assert mine is not None
        assert theirs is not None
        assert len(mine.priority) == len(theirs.priority) == min(table.rows, theirs.size)


@given(tables_in_parts())
@THOROUGH
def test_batches_of_one_part_change_nothing_but_rounding(case: tuple[Table, list[int], int]) -> None:
    table, _, batch = case
    whole = profile(table)
    assert encode_profile(without_rounding(profile(table, batch=batch), whole)) == encode_profile(whole)


def test_whole_numbers_are_summed_without_rounding() -> None:
    table = Table({"n": [str(number * 7919) for number in range(1000)]}, [{"name": "n", "type": "integer"}])
    whole = encode_profile(replace(profile(table).settled(), sample=None, shown=None))
    for cuts in ([1], [500, 501], [10, 20, 999]):
        merged = sum((one.profile() for one in parts(table, cuts, batch=13)), FileProfile()).settled()
        assert encode_profile(replace(merged, sample=None, shown=None)) == whole


@example(
    [
        Table({"a": cells}, [{"name": "a", "type": "any"}], small=small)
        for cells, small in (([], 5), ([""], 0), (["", "", "", "", "", "NA"], 0))
    ],
    [1, 2, 0, 3],
)
@given(st.lists(tables(), min_size=1, max_size=4), st.permutations(range(4)))
@THOROUGH
def test_states_of_different_files_merge_in_any_order(files: list[Table], order: list[int]) -> None:
    states = [
        state_of(profile(table).settled(), table.recipe, table.definition, source=str(at), size=at)
        for at, table in enumerate(files)
    ]
    whole = sum(states, ProfileState())
    shuffled = [states[at] for at in order if at < len(states)]
    assert encode_state(sum(shuffled, ProfileState())) == encode_state(whole)
    half = len(states) // 2
    tree = sum(states[:half], ProfileState()) + sum(states[half:], ProfileState())
    assert encode_state(tree) == encode_state(whole)
    read = decode_state(encode_state(whole))
    assert encode_state(read) == encode_state(whole)
    assert read.profile.columns == whole.profile.columns
    assert whole.profile.rows == sum(table.rows for table in files)
    assert whole.files == len(files)


#: Names of columns in files that have little in common.
NAMES = [f"{letter}{number}" for number in range(4) for letter in "abc"]


@st.composite
def unlike_files(draw: st.DrawFn) -> Table:
    """A file with some of the columns, each declared with a type, or sensitive, or not at all; and a malformed row."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=6, unique=True))
    rows = draw(st.integers(0, 30))
    fields = []
    for name in names:
        kind = draw(st.sampled_from(["", "string", "integer", "any"]))
        if kind:
            fields.append({"name": name, "type": kind, "sensitive": draw(st.integers(0, 9)) == 0})
    cells = st.lists(st.sampled_from([*map(str, range(40)), "x", ""]), min_size=rows, max_size=rows)
    return Table({name: draw(cells) for name in names}, fields, small=draw(st.sampled_from([0, 5, 16])))


@given(st.lists(unlike_files(), min_size=1, max_size=6), st.integers(1, 8), st.integers())
@THOROUGH
def test_states_with_too_many_columns_merge_in_any_order(files: list[Table], most: int, seed: int) -> None:
    """What is left out, and what the other columns may have each, depends on the files alone; none is half counted."""
    with (
        mock.patch.object(profile_state, "MOST_NAMES", most),
        mock.patch.multiple(profile_state, _HASHES=1 << 15, _SAMPLED_CELLS=1 << 14),
    ):
        states = [
            state_of(
                replace(profile(table), malformed=1, malformed_rows=(Offence(0, 1, f"row {at}"),)).settled(),
                table.recipe,
                table.definition,
                source=str(at),
                size=at,
            )
            for at, table in enumerate(files)
        ]
        whole = sum(states, ProfileState())
        assert encode_state(states_merged_at_random(states, seed)) == encode_state(whole)
        read = decode_state(encode_state(whole))
        assert encode_state(read) == encode_state(whole)
        assert read.left_out == whole.left_out
    present: Counter[tuple[str, str]] = Counter()
    for state in states:
        for column, figures in zip(state.columns, state.profile.columns or (), strict=True):
            present[column.name, column.label] += figures.present
    names = sorted({name for name, _ in present})
    if len(files) > 1:
        assert whole.left_out == (len(names) > most)
        assert {column.label for column in whole.columns} == {label for name, label in present if name in names[:most]}
        assert not (whole.left_out and whole.profile.malformed_rows)
    for column, figures in zip(whole.columns, whole.profile.columns or (), strict=True):
        assert figures.present == present[column.name, column.label]


def test_a_name_of_several_types_that_gives_way_leaves_no_trace() -> None:
    """What a column may have is told from the names: on the way there may be more columns than in the end."""

    def state(source: str, kinds: dict[str, str]) -> ProfileState:
        fields = [{"name": name, "type": kind} for name, kind in kinds.items()]
        table = Table({name: ["1", "2"] for name in kinds}, fields)
        return state_of(profile(table).settled(), table.recipe, table.definition, source=source, size=1)

    first, twice, before = (
        state("1", {"b": "any", "c": "any"}),
        state("2", {"c": "string"}),
        state("3", {"a": "any"}),
    )
    with mock.patch.multiple(profile_state, MOST_NAMES=2, _HASHES=1 << 13):
        assert encode_state((first + twice) + before) == encode_state((first + before) + twice)


def states_merged_at_random(states: Sequence[ProfileState], seed: int) -> ProfileState:
    """Merge as a tree whose shape and order are drawn, with the empty state in between."""
    left, chance = [*states, ProfileState()], random.Random(seed)
    while len(left) > 1:
        chance.shuffle(left)
        left.append(left.pop() + left.pop())
    return left[0]


def test_examples_are_the_first_of_the_file_however_it_is_cut() -> None:
    texts = ["x" if row % 3 == 0 else str(row) for row in range(300)]
    table = Table({"n": texts}, [{"name": "n", "type": "integer", "max": 50}])
    expected = [3 * at + 1 for at in range(MOST_EXAMPLES)]
    for cuts in ([], [1, 2, 3], [100, 200], [299]):
        merged = sum((one.profile() for one in parts(table, cuts, batch=11)), FileProfile()).settled()
        assert merged.columns is not None
        assert [found.line for found in merged.columns[0].unparsable_cells] == expected
        found = merged.columns[0].violating_cells["max"]
        assert [int(one.text) for one in found] == [row for row in range(51, 300) if row % 3][:MOST_EXAMPLES]
        assert all(one.line == int(one.text) + 1 for one in found)


def test_the_codec_keeps_arrow_batches_readable() -> None:
    table = Table({"a": pa.array([1.5, None, 2.5])}, [{"name": "a", "type": "number"}])
    found = decode_profile(encode_profile(profile(table)))
    assert found.sample is not None
    assert found.sample.cells is not None
    assert found.sample.cells.num_rows == 3


def test_nothing_of_undeclared_columns_is_kept_where_a_sensitive_field_is_missing() -> None:
    """Any of them may be that one under another name, and so may its name be a value."""
    table = Table(
        {"id": ["1", "2"], "Ssn": ["SECRETA", "SECRETB"], "ssn [3]": ["SECRETC", "SECRETD"]},
        [{"name": "id", "type": "integer"}, {"name": "ssn", "sensitive": True}],
    )
    state = state_of(profile(table).settled(), table.recipe, table.definition, source="1", size=1)
    assert [column.name for column in state.columns] == ["id"]
    other = Table({"id": ["3"], "ssn": ["SECRETE"]}, table.fields)
    merged = state + state_of(profile(other).settled(), other.recipe, other.definition, source="2", size=1)
    for one in (state, merged, decode_state(encode_state(merged))):
        assert "SECRET" not in repr(one)
        assert "Ssn" not in repr(one)
        assert one.profile.sample is None or "SECRET" not in str(one.profile.sample.cells)
