"""Whatever loads come in whichever order, and whichever of them are taken back: core is what the live ones say."""

from __future__ import annotations

import sys
from datetime import date
from typing import TYPE_CHECKING

import hypothesis
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from tests.pipelines.citizens.history.histories import DATASETS, Play

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from pipelines.citizens.history.dataset import Dataset

#: Histories by Hypothesis' profile, of each dataset.
_HISTORIES = {"thorough": 1_000, "long": 10_000}
_USUALLY = 20

TEXTS = st.sampled_from([None, "", "a", "b", "a:1:b", "\\N", 'q"uo,te\n'])
VALUES = st.tuples(TEXTS, st.sampled_from([None, date(1980, 2, 29), date(2000, 1, 1)]))
#: Pairs of texts that are one text when they are put together with a separator, or without.
KEYS = [("a|", "b"), ("a", "|b"), ("ab", ""), ("", "ab"), ('é"\n', "x,")]


@st.composite
def steps(draw: st.DrawFn) -> list[tuple[object, ...]]:
    """Up to six loads of four months, and as many turns of some of them."""
    made: list[tuple[object, ...]] = []
    loads = 0
    for _ in range(draw(st.integers(1, 12))):
        if loads < 6 and (loads == 0 or draw(st.integers(0, 2)) < 2):
            keys = draw(st.lists(st.sampled_from(KEYS), unique=True, max_size=len(KEYS)))
            rows = {key: draw(VALUES) for key in keys}
            made.append(("load", draw(st.integers(0, 3)), draw(st.integers(0, 3)), rows))
            loads += 1
        else:
            made.append(("turn", draw(st.integers(0, loads - 1))))
    return made


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.deletes)
def test_core_is_what_the_live_loads_say_in_whichever_order_they_came(warehouse: Engine, dataset: Dataset) -> None:
    tried = 0

    count = _HISTORIES.get(hypothesis.settings.get_current_profile_name(), _USUALLY)

    @hypothesis.settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck))
    @given(steps())
    def play(history: list[tuple[object, ...]]) -> None:
        nonlocal tried
        tried += 1
        game = Play(warehouse, dataset)
        for what, *arguments in history:
            if what == "load":
                month, landed, rows = arguments
                assert isinstance(rows, dict)
                width = len(dataset.keys)
                game.load(int(str(month)), int(str(landed)), {key[:width]: value for key, value in rows.items()})
            else:
                game.turn(int(str(arguments[0])))
            assert game.core() == game.oracle.core()

    play()
    sys.stdout.write(f"{tried} histories\n")
