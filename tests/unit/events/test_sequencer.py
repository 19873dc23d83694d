"""Sequencers order announcements of one key."""

from __future__ import annotations

import pytest

from dq.events.sequencer import Ordering, Relation, compare_sequencers


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("0055AED6DCD90281E5", "0055AED6DCD90281E6", Ordering(Relation.OLDER)),
        ("0055AED6DCD90281E6", "0055AED6DCD90281E5", Ordering(Relation.NEWER)),
        ("617f08299329d189", "617F08299329D189", Ordering(Relation.SAME)),
        ("9", "81", Ordering(Relation.NEWER, weak=True)),
        ("AB", "AB0", Ordering(Relation.SAME, weak=True)),
        ("AB", "AB1", Ordering(Relation.OLDER, weak=True)),
        (None, "AB", Ordering(Relation.UNKNOWN)),
        ("", "AB", Ordering(Relation.UNKNOWN)),
        ("AB", None, Ordering(Relation.UNKNOWN)),
        ("not-hex", "AB", Ordering(Relation.UNKNOWN)),
    ],
)
def test_the_shorter_sequencer_is_padded_on_the_right(first: str, second: str, expected: Ordering) -> None:
    """Case does not matter; unequal lengths make the answer weak."""
    assert compare_sequencers(first, second) == expected


def test_exchanging_the_two_turns_the_answer_round() -> None:
    """Older one way is newer the other way."""
    texts = ["0", "00", "1", "0A", "a", "A0", "FF", "ff1"]
    turned = {Relation.OLDER: Relation.NEWER, Relation.NEWER: Relation.OLDER, Relation.SAME: Relation.SAME}
    for first in texts:
        for second in texts:
            there, back = compare_sequencers(first, second), compare_sequencers(second, first)
            assert back == Ordering(turned[there.relation], there.weak)
