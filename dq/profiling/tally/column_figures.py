"""What is told of the values of a column: which types have which figures, and how a single one is found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dq.profiling.cells.number_line import Mask, Numbers, from_number
from dq.profiling.cells.parsing import Parsed, canonical_decimals
from dq.profiling.cells.texts import as_text
from dq.profiling.cells.values import Cells
from dq.profiling.figures.bounds import Bits, count_patterns, rules_of
from dq.profiling.figures.frequencies import Frequencies
from dq.profiling.summary.summary import Scalar
from dq.profiling.tally.offences import MOST_EXAMPLES, Offence, shortened
from dq.profiling.tally.row_batch import LineNumbers
from dq.schema.definition import FieldType, Rule

#: Types whose mean, deviation and histogram mean something.
MEASURED = (FieldType.INTEGER, FieldType.NUMBER, FieldType.DECIMAL)
#: Types whose frequent values are listed; the others get a histogram.
COUNTED = (
    FieldType.STRING, FieldType.ANY, FieldType.BOOLEAN, FieldType.TIME, FieldType.OBJECT, FieldType.ARRAY,
)  # fmt: skip
#: Types whose lengths are told.
LENGTHS = (FieldType.STRING, FieldType.ANY)
#: Characters kept of a text value in minimum and maximum.
KEPT_CHARACTERS = 256


@dataclass(frozen=True, slots=True)
class CountedValues:
    """The parsed values of a batch. With `weights` each distinct one stands once, beside the number of its cells."""

    parsed: Parsed
    frequencies: Frequencies = field(default_factory=Frequencies)
    weights: npt.NDArray[np.int64] | None = None


def violations_of(
    cells: Cells,
    values: CountedValues,
    bits: Bits,
    rules: Sequence[tuple[str, Rule]],
    known: Mapping[str, tuple[Offence, ...]],
    split: int,
    lines: LineNumbers,
) -> tuple[Mapping[int, int], Mapping[str, tuple[Offence, ...]]]:
    """Count cells by the rules they break, and find the first of each rule's, where not enough are `known`."""
    broken = count_patterns(bits, values.weights)
    examples = {}
    for rule, _ in rules:
        left = examples_left(known.get(rule, ()))
        breaking = [pattern for pattern in broken if rule in rules_of(pattern)]
        if breaking and left:
            positions = _positions(cells, values, bits, breaking)[:left]
            examples[rule] = offences_at(cells, positions, split, lines)
    return broken, examples


def examples_left(found: tuple[Offence, ...]) -> int:
    """Say how many examples are wanted beside those that were found."""
    return MOST_EXAMPLES - len(found)


def _positions(cells: Cells, values: CountedValues, bits: Bits, breaking: list[int]) -> npt.NDArray[np.int64]:
    """Find the positions among the present cells of those that break a rule, ascending."""
    hit: Mask = np.isin(bits, breaking)
    if values.weights is not None:
        wanted = values.parsed.cells.filter(pa.array(hit))
        hit = pc.is_in(as_text(cells.parsed.cells), value_set=wanted).to_numpy(zero_copy_only=False)
    return cells.parsed_positions()[hit]


def offences_at(cells: Cells, positions: npt.NDArray[np.int64], split: int, lines: LineNumbers) -> tuple[Offence, ...]:
    """Give the cells at some positions among the present ones, as they stand in the file, and what they are."""
    if not len(positions):
        return ()
    texts = as_text(cells.present.take(pa.array(positions))).to_pylist()
    numbers = lines(cells.row_of(positions))
    kinds = [cells.kind_of(position) for position in positions.tolist()]
    return tuple(
        Offence(split, line, shortened(text), kind) for line, text, kind in zip(numbers, texts, kinds, strict=True)
    )


def extremes_of(values: Parsed, numbers: Numbers, kind: FieldType) -> tuple[Scalar, Scalar]:
    """Give the least and the largest of some values, whose `numbers` these are: the same for all spellings."""
    return _value_of(numbers.min(), kind, values, numbers, min), _value_of(numbers.max(), kind, values, numbers, max)


def _value_of(
    number: np.generic, kind: FieldType, values: Parsed, numbers: Numbers, choose: Callable[[list[Any]], Any]
) -> Scalar:
    if values.rests is not None:
        return from_number(number.item(), kind, choose(values.rests[numbers == number].tolist()))
    if kind is not FieldType.DECIMAL:
        return from_number(number.item() + 0.0 if kind is FieldType.NUMBER else number.item(), kind)
    texts = pc.unique(as_text(values.cells.filter(pa.array(numbers == number))))
    extreme: Decimal = choose([Decimal(text) for text in canonical_decimals(texts).to_pylist()])
    return extreme
