"""Walking through a series: step by step is as at once, levels are accepted once they held, histories survive."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from operations.observations.files.cadence import cadence_of
from operations.observations.files.history import (
    ColumnHistory,
    FileHistory,
    UnknownLayoutError,
    decode_history,
    encode_history,
)
from operations.observations.files.reference import MOST_KNOWN, CategoryReference, NumberReference
from operations.observations.statistics.walk import Judged, Rules, Walked, rewalked_from, walk

_SERIES = st.lists(
    st.one_of(st.floats(9.0, 11.0), st.sampled_from([1.0, 10.0, 20.0, float("nan")])), min_size=1, max_size=45
)


def _rules(hold: int = 3, side: int = 0) -> Rules:
    one = np.ones(1, np.int64)
    return Rules(np.array([1e-3]), np.zeros(1, np.bool_), side * one, hold * one, 60)


def _walk(values: list[float], states: np.ndarray[tuple[int, int], np.dtype[np.int8]] | None, first: int) -> Walked:
    series = np.array([values])
    known = np.zeros(series.shape, np.int8) if states is None else states
    seasons = np.arange(len(values))[None, :] % 7
    return walk(series, seasons, known, np.array([first]), _rules(), np.full(series.shape, 0.1))


@given(_SERIES)
def test_step_by_step_is_as_at_once(values: list[float]) -> None:
    at_once = _walk(values, None, 0)
    states = np.zeros((1, 0), np.int8)
    for place in range(len(values)):
        states = np.pad(states, ((0, 0), (0, 1)))
        step = _walk(values[: place + 1], states, place)
        states = step.states
        for name in ("low", "high", "unusual"):
            one, other = getattr(step, name)[0, place], getattr(at_once, name)[0, place]
            assert one == other or (np.isnan(one) and np.isnan(other))
    assert states.tolist() == at_once.states.tolist()


@given(_SERIES, st.data())
def test_told_again_from_any_place_it_is_the_same(values: list[float], data: st.DataObject) -> None:
    at_once = _walk(values, None, 0)
    place = data.draw(st.integers(0, len(values) - 1))
    again = _walk(values, at_once.states, rewalked_from(at_once.states[0], place))
    assert again.states.tolist() == at_once.states.tolist()


def test_what_is_not_unusual_for_long_never_gets_into_the_baseline() -> None:
    usual = [10.0, 10.1, 9.9] * 10
    found = _walk([*usual, 1.0, 1.0, 10.0, 1.0, 1.0, 10.0], None, 0)
    assert found.states[0, 30:].tolist() == [
        Judged.LOW,
        Judged.LOW,
        Judged.NORMAL,
        Judged.LOW,
        Judged.LOW,
        Judged.NORMAL,
    ]


def test_a_level_that_held_is_accepted_and_the_old_one_is_unusual_then() -> None:
    usual = [10.0, 10.1, 9.9] * 10
    found = _walk([*usual, 20.0, 20.1, 19.9, 20.0, 20.1, 10.0], None, 0)
    assert found.unusual[0, 30:].tolist() == [True, True, True, False, False, True]
    assert found.states[0, 30:33].tolist() == [Judged.NEW_LEVEL, Judged.ON_NEW_LEVEL, Judged.ON_NEW_LEVEL]


def test_what_is_only_to_be_high_may_be_low() -> None:
    values = np.array([[1.0] * 20 + [-50.0]])
    nothing = np.zeros(values.shape, np.int64)
    found = walk(values, nothing, nothing.astype(np.int8), np.array([0]), _rules(side=1), np.full(values.shape, 0.1))
    assert not found.unusual.any()


@given(st.lists(st.integers(0, 10**6), unique=True, max_size=30), st.integers(0, 5), st.integers(0, 3))
def test_histories_survive_as_bytes(windows: list[int], series: int, runs: int) -> None:
    random = np.random.default_rng(series)
    history = FileHistory()
    for window in windows:
        history.put(window, f"run {window}", window, (float("nan"), float(window), 99.0))
    history.columns = ColumnHistory(
        np.arange(runs, dtype=np.int64),
        [("mean", f"column {at}") for at in range(series)],
        np.where(random.random((series, runs)) < 0.3, np.nan, random.normal(1e6, 1.0, (series, runs))),
        np.ones((series, runs), np.int8),
        {
            "a": NumberReference.of(np.sort(random.normal(size=100))),
            "b": CategoryReference({"x": 1.0, "y": 0.0}, {"x": 1, "y": 2}, 2),
        },
    )
    again = decode_history(encode_history(history))
    assert again.windows.tolist() == sorted(windows)
    assert again.runs == [f"run {window}" for window in sorted(windows)]
    np.testing.assert_array_equal(again.numbers, history.numbers)
    np.testing.assert_allclose(again.columns.values, history.columns.values, atol=1e-5)
    assert again.columns.references["b"] == history.columns.references["b"]
    assert encode_history(again) == encode_history(decode_history(encode_history(again)))


@given(st.binary(max_size=200))
def test_other_bytes_are_no_history(data: bytes) -> None:
    try:
        decode_history(data)
    except UnknownLayoutError:
        return
    raise AssertionError(data)


def test_the_cadence_is_told_from_the_newest_runs() -> None:
    hours = np.arange(0, 24 * 40)
    assert cadence_of(hours).is_hourly
    assert cadence_of(hours).hold(7) == 24
    assert cadence_of(hours[::24]).seasons(hours[::24])[:8].tolist() == [3, 4, 5, 6, 0, 1, 2, 3]
    assert set(cadence_of(hours[::168]).seasons(hours[::168])) == {0}
    assert cadence_of(hours[:1]).hours == 24


def test_a_category_is_new_or_lost_once() -> None:
    reference = CategoryReference()
    for _ in range(30):
        reference = reference.with_run({"a": 50, "b": 50}, accepted=True)
    now = {"a": 60, "c": 40}
    assert reference.new(now) == ["c"]
    assert reference.lost(now, 100, 20.0, 28) == ["b"]
    after = reference.with_run(now, accepted=False)
    assert after.new(now) == []
    assert after.lost(now, 100, 20.0, 28) == []
    many = reference.with_run({str(at): 1 for at in range(MOST_KNOWN)}, accepted=True)
    assert not many.is_watched
