"""Many whole numbers in little memory."""

from __future__ import annotations

import sys

from hypothesis import given
from hypothesis import strategies as st

from etl_core.number_set import NumberSet

NUMBERS = st.lists(st.integers(0, 200_000) | st.integers(0, 2**63 - 1), max_size=300)


@given(NUMBERS, NUMBERS)
def test_it_holds_what_a_set_holds_in_ascending_order(first: list[int], second: list[int]) -> None:
    numbers = NumberSet(first)
    numbers.update(second)
    expected = {*first, *second}
    assert list(numbers) == sorted(expected)
    assert len(numbers) == len(expected)
    assert numbers == NumberSet([*second, *first])
    beside = [number + step for number in expected for step in (-1, 0, 1)]
    assert [number in numbers for number in beside] == [number in expected for number in beside]


@given(NUMBERS, st.integers(1, 50))
def test_pieces_are_of_one_size_and_together_all(numbers: list[int], size: int) -> None:
    pieces = list(NumberSet(numbers).pieces(size))
    assert [number for piece in pieces for number in piece] == sorted(set(numbers))
    assert {len(piece) for piece in pieces[:-1]} <= {size}


def test_what_is_no_number_of_its_kind_is_not_in_it() -> None:
    numbers = NumberSet([0])
    assert 0 in numbers
    assert -1 not in numbers


def test_a_million_numbers_take_little_more_than_a_bit_each_also_in_any_order() -> None:
    """Those of every third row, the last first."""
    numbers = NumberSet(range(3_000_000, 0, -3))
    assert len(numbers) == 1_000_000
    assert sum(sys.getsizeof(page) for page in numbers._pages.values()) < 400_000
