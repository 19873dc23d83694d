"""Whatever is to blame among many is found with few calls, and nothing is without an ending."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dq.engine.halving import Endings, set_apart

ENDINGS: Endings[int, str] = Endings(
    alone=lambda item, _: {item: "alone"},
    shared=lambda item, _: {item: "shared"},
    untried=lambda item, _: {item: "untried"},
)


class Runs:
    """Works unless one of some items is among those it is called with."""

    def __init__(self, poison: set[int]) -> None:
        self.poison, self.calls = poison, 0

    def __call__(self, items: Sequence[int]) -> dict[int, str]:
        self.calls += 1
        if self.poison & set(items):
            raise ZeroDivisionError
        return dict.fromkeys(items, "done")


def ended(count: int, poison: set[int]) -> tuple[dict[int, str], int]:
    runs = Runs(poison)
    return set_apart(range(count), runs, ENDINGS, blames=(ZeroDivisionError,)), runs.calls


@given(st.integers(1, 1100), st.data())
def test_of_one_to_blame_all_neighbours_finish_with_two_calls_a_halving(count: int, data: st.DataObject) -> None:
    poison = data.draw(st.integers(0, count - 1))
    found, calls = ended(count, {poison})
    assert found == {item: "alone" if item == poison else "done" for item in range(count)}
    assert calls <= 1 + 2 * ceil(log2(count))


@given(st.integers(1, 400), st.data())
def test_however_many_are_to_blame_the_calls_are_bounded_and_nothing_is_lost(count: int, data: st.DataObject) -> None:
    poison = data.draw(st.sets(st.integers(0, count - 1)))
    found, calls = ended(count, poison)
    assert found.keys() == set(range(count))
    assert calls <= 1 + 2 * ceil(log2(count)) + 2
    assert all(item in poison for item, ending in found.items() if ending == "alone")
    assert not any(item in poison for item, ending in found.items() if ending == "done")
    if "untried" in found.values():
        assert "alone" in found.values(), "without one that is blamed the next attempt would be this one again"


@pytest.mark.parametrize("count", [1, 2, 3, 8, 100, 1000, 10_000])
def test_where_everything_fails_a_few_calls_tell_it(count: int) -> None:
    found, calls = ended(count, set(range(count)))
    assert set(found.values()) <= {"alone", "shared"}
    assert calls <= ceil(log2(count)) + 3


def test_of_two_to_blame_among_a_thousand_most_neighbours_finish_at_once() -> None:
    found, _ = ended(1000, {3, 700})
    assert found[3] == "alone"
    assert list(found.values()).count("done") > 700


def broken(_items: Sequence[int]) -> dict[int, str]:
    raise KeyError


def test_other_errors_are_nobody_s_business_here() -> None:
    with pytest.raises(KeyError):
        set_apart([1, 2], broken, ENDINGS, blames=(ZeroDivisionError,))


def test_nothing_is_called_for_nothing() -> None:
    assert ended(0, set()) == ({}, 0)
