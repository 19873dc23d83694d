"""Patterns asked of the bytes of all texts at once say what RE2 says."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dq.profiling.figures.matching import RepeatedSet, matching, repeated_set
from dq.schema.patterns import compile_pattern, pattern_problem

_TIMES = st.sampled_from(["", "?", "*", "+", "{0}", "{2}", "{2,}", "{0,3}", "{2,2}"])
_ENDS = st.sampled_from("aZx09")
_RANGES = st.tuples(_ENDS, _ENDS).map(lambda pair: "-".join(sorted(pair)))
_SETS = st.one_of(
    st.just(r"\d"),
    st.lists(st.one_of(_RANGES, st.sampled_from(["a", "_", r"\d"])), min_size=1, max_size=4).map(
        lambda some: f"[{''.join(some)}]"
    ),
)
_TEXTS = st.lists(st.text("aZx09_-^[\\\n é\u0661", max_size=4), max_size=6)


@given(st.builds("".join, st.tuples(_SETS, _TIMES)), _TEXTS, st.integers(0, 2))
@example("[A-z]{2}", ["a[", "^_", "a-", "", "é"], 1)
@example(r"\d+", ["1\n", "\u0661", "12"], 0)
def test_one_set_of_characters_matches_as_it_does_for_re2(pattern: str, texts: list[str], before: int) -> None:
    assert pattern_problem(pattern) is None
    assert repeated_set(pattern) is not None, "it would be asked of RE2"
    cells = pa.array([*["before"] * before, *texts], pa.string()).slice(before)
    re2 = compile_pattern(pattern)
    assert matching(cells, pattern).tolist() == [re2.fullmatch(text) is not None for text in texts]


@pytest.mark.parametrize(
    "pattern",
    [
        "[^a]",
        "[a-]+",
        "[-a]",
        "[a-c-e]",
        "[a.]",
        r"\w+",
        "a+",
        "[a][b]",
        "[a]+?",
        "([a])",
        "[[:alpha:]]",
    ],
)
def test_every_other_pattern_is_asked_of_re2(pattern: str) -> None:
    assert repeated_set(pattern) is None
    texts = ["a", "-", "c-e", "aaaaaa", "", "é", "a{01}", "a{00}", "a{1,01}", "a{\u0663}"]
    found = matching(pa.array(texts), pattern).tolist()
    assert found == [compile_pattern(pattern).fullmatch(text) is not None for text in texts]


def test_many_and_few_texts_outside_the_set_are_told_alike() -> None:
    for texts in (["123"] * 200 + ["12x"], ["xyz"] * 200 + ["123", "1234"]):
        assert matching(pa.array(texts), r"\d{3}").tolist() == [text == "123" for text in texts]


def test_a_set_is_read_with_its_bounds() -> None:
    assert repeated_set("[0-9a-f]{32}") == RepeatedSet(b"0123456789abcdef", 32, 32)
    assert repeated_set(r"[_\dA]{3,}") == RepeatedSet(b"0123456789A_", 3, None)
