"""Names that tell the columns of a file apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dq.schema.column_names import column_names, place_of_unnamed


@pytest.mark.parametrize(
    ("header", "names"),
    [
        (["year", "city", "year", ""], ["year", "city", "year [3]", "[4]"]),
        (["", "a", ""], ["[1]", "a", "[3]"]),
        (["a", "a", "a"], ["a", "a [2]", "a [3]"]),
        (["a", "a [3]", "a"], ["a", "a [3]", "a [3] [3]"]),
        (["a", "a", "a [2]"], ["a", "a [2] [2]", "a [2]"]),
        (["[2]", ""], ["[2]", "[2] [2]"]),
        (["a", "b"], ["a", "b"]),
        ([], []),
    ],
)
def test_repeated_and_blank_names_show_their_place(header: list[str], names: list[str]) -> None:
    assert list(column_names(header)) == names


@given(st.lists(st.sampled_from(["", "a", "b", "a [2]", "[3]", "a [2] [2]"]), max_size=9))
def test_no_two_columns_share_a_name_and_first_ones_keep_theirs(header: list[str]) -> None:
    names = column_names(header)
    assert len(set(names)) == len(names) == len(header)
    assert "" not in names
    assert all(
        name == said
        for at, (name, said) in enumerate(zip(names, header, strict=True))
        if said and said not in header[:at]
    )


def test_a_name_that_is_only_a_place_is_told() -> None:
    assert [place_of_unnamed(name) for name in ("[12]", "a [12]", "", "12")] == [12, None, None, None]
