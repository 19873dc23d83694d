"""What holds for every step, whatever the texts: rows, nulls, cuts, and that done twice is as done once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.transforms.normalize import normalized
from pipelines.transforms.step import NormalizeStep
from pipelines.transforms.steps import STEPS

#: Steps of every kind, each with an argument that does not map a text onto one that it maps, too.
REPEATABLE: dict[str, tuple[NormalizeStep, ...]] = {
    **{name: (NormalizeStep(name),) for name, kind in STEPS.items() if kind.read is None},
    "pad": (NormalizeStep("pad", (5, "0")), NormalizeStep("pad", (3, " ")), NormalizeStep("pad", (4, "é"))),
    "map": (NormalizeStep("map", (("1", "x"), ("a", None), ("x", "x"))),),
    "unit": tuple(NormalizeStep("unit", symbol) for symbol in ("kg", "lb", "C", "km/h", "m2")),
    "date": tuple(NormalizeStep("date", form) for form in ("%d.%m.%Y", "%m/%d/%y %H:%M", "%d %b %Y", "%Y-%m-%d")),
    "phone": tuple(NormalizeStep("phone", region) for region in ("US", "DE", "GB", "IT")),
    "address": tuple(NormalizeStep("address", region) for region in ("US", "DE")),
}
STEPS_OF_ALL_KINDS = [
    *(step for steps in REPEATABLE.values() for step in steps),
    NormalizeStep("scale", Decimal("0.01")),
    NormalizeStep("scale", Decimal("-3E+20")),
]

#: Pieces of what people write, glued together at random, beside any text at all.
PIECES = st.sampled_from(
    [
        *" \t\n\u00a0\u200b.,-'\u2019/#()+°",
        *("O'", "d\u2019", "Mc", "MC", "van", "DER", "von", "II", "J.R.", "jr"),
        *("İ", "\u0131", "ß", "ŉ", "ǆ", "é", "e\u0301"),
        *(
            "Σ",
            "ΑΣ",
            "ﬁ",
            "й",
            "Ł",
            "が",
            "\U0001f600",
            "\u0345",
            "ǰ",
            "ΐ",
            "st",
            "ST.",
            "Ave",
            "str.",
            "Pl.",
            "apt",
            "N",
        ),
        *("PO", "p.o.", "box", "CA", "94103", "kg", "lb", "°F", "mph", "m²", "1", "02", "2026", "-0", ".5", "1e3", "٣"),
        *("31.01.2026", "01/31/26 14:05", "3 Jan 2026", "(415) 555-2671", "+49 30 901820", "ext. 5", "3rd", "STRASSE"),
    ]
)
TEXTS = st.one_of(st.text(max_size=12), st.lists(PIECES, max_size=6).map("".join))
COLUMNS = st.lists(st.none() | TEXTS, max_size=8)


def apply(step: NormalizeStep, cells: list[str | None]) -> list[Any]:
    done: list[Any] = STEPS[step.name].apply(pa.array(cells, pa.string()), step.argument).to_pylist()
    return done


def test_there_are_laws_for_every_step() -> None:
    assert {step.name for step in STEPS_OF_ALL_KINDS} == set(STEPS)


@pytest.mark.parametrize("step", [step for steps in REPEATABLE.values() for step in steps], ids=str)
@given(cells=COLUMNS)
@example(cells=["\u0c05A:\u0345"])  # a letter without case, and a mark with a capital form that is a letter
@example(cells=["\u24d0bi\u0307"])  # a circled letter, and a dot that was not there by a capital
@example(cells=["0İ", "aSTRASSE", "BX Ca 94103", "1 İ ST"])  # addresses that are in one case only when they are mended
def test_a_step_done_twice_is_as_done_once(step: NormalizeStep, cells: list[str | None]) -> None:
    once = apply(step, cells)
    assert apply(step, once) == once


@pytest.mark.parametrize("step", STEPS_OF_ALL_KINDS, ids=str)
@given(cells=COLUMNS, cut=st.integers(0, 8))
@example(cells=[], cut=0)
@example(cells=[None], cut=0)
def test_a_step_changes_no_number_of_rows_and_no_null_and_sees_one_cell_at_a_time(
    step: NormalizeStep, cells: list[str | None], cut: int
) -> None:
    done = apply(step, cells)
    assert len(done) == len(cells)
    assert all(after is None for before, after in zip(cells, done, strict=True) if before is None)
    assert done == [after for cell in cells for after in apply(step, [cell])]
    column = pa.array([*cells, "x"], pa.string()).slice(cut)
    assert STEPS[step.name].apply(column, step.argument).to_pylist() == apply(step, [*cells, "x"][cut:])


@given(cells=COLUMNS, names=st.lists(st.sampled_from(STEPS_OF_ALL_KINDS), max_size=4), repeated=st.integers(1, 3))
def test_a_column_that_repeats_itself_comes_out_like_any_other(
    cells: list[str | None], names: list[NormalizeStep], repeated: int
) -> None:
    expected = cells
    for step in names:
        expected = apply(step, expected)
    done = normalized(pa.array(cells * repeated, pa.string()), tuple(names))
    assert done.column.type == pa.string()
    assert done.column.to_pylist() == expected * repeated
    different = [before != after for before, after in zip(cells, expected, strict=True)]
    assert done.changed.to_pylist() == different * repeated
    assert done.cells_changed == sum(different) * repeated


def test_a_long_column_is_judged_by_cells_from_all_over_it() -> None:
    cells = [f" {number % 7}" for number in range(10_000)]
    done = normalized(pa.array(cells, pa.string()), (NormalizeStep("trim"),))
    assert done.column.to_pylist() == [cell.strip() for cell in cells]
    assert done.cells_changed == 10_000


def test_steps_that_do_more_when_done_twice_are_those_that_say_so() -> None:
    for step, cell in (
        (NormalizeStep("scale", Decimal("0.01")), "100"),
        (NormalizeStep("date", "%Y-%d-%m"), "2026-02-01"),
        (NormalizeStep("map", (("a", "b"), ("b", "c"))), "a"),
    ):
        once = apply(step, [cell])
        assert apply(step, once) != once
