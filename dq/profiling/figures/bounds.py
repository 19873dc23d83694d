"""Which parsed cells break which bounds rules: one bit per rule of `BOUNDS_RULES`."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dq.profiling.cells.number_line import Mask, Numbers, as_number, rest_of
from dq.profiling.cells.parsing import Parsed, canonical_decimals
from dq.profiling.cells.texts import as_text
from dq.profiling.figures.matching import matching
from dq.profiling.summary.summary import Scalar
from dq.schema.definition import BOUNDS_RULES, FieldType, Rule

Bits = npt.NDArray[Any]


class RuleBits:
    """Which bit stands for which rule: as wide as the number of rules needs, so that more of them only need a name."""

    def __init__(self, names: Sequence[str]) -> None:
        """Give each name the bit of its position; at most 64 fit."""
        self._bit = {name: 1 << position for position, name in enumerate(names)}
        self._type = np.min_scalar_type((1 << len(names)) - 1)

    def none(self, cells: int) -> Bits:
        """Give the bits of cells that break no rule."""
        return np.zeros(cells, self._type)

    def note(self, bits: Bits, breaking: Mask, name: str) -> None:
        """Note at `breaking` cells that they break the rule."""
        bits[breaking] |= self._type.type(self._bit[name])

    def breaking(self, bits: Bits, name: str) -> Mask:
        """Tell which cells break the rule."""
        broken: Mask = (bits & self._type.type(self._bit[name])) != 0
        return broken

    def names(self, bits: int) -> frozenset[str]:
        """Name the rules of a bit set."""
        return frozenset(name for name, bit in self._bit.items() if bits & bit)


def count_patterns(bits: Bits, weights: npt.NDArray[np.int64] | None = None) -> dict[int, int]:
    """Count cells by the rules they break, those that break none left out; `weights` are the cells of each entry."""
    if bits.dtype.itemsize == 1:
        counts = np.bincount(bits, weights=weights)
        return {int(pattern): int(counts[pattern]) for pattern in np.flatnonzero(counts[1:]) + 1}
    patterns, places = np.unique(bits, return_inverse=True)
    counts = np.bincount(places, weights=weights)
    return {pattern: int(count) for pattern, count in zip(patterns.tolist(), counts, strict=True) if pattern}


RULE_BITS = RuleBits(BOUNDS_RULES)


def broken_rules(parsed: Parsed, kind: FieldType, rules: Sequence[tuple[str, Rule]]) -> Bits | None:
    """Give per parsed cell the bits of the rules it breaks, None when no cell breaks any."""
    bits: Bits | None = None
    for name, rule in rules:
        breaks = _breaks(parsed, kind, name, rule)
        if not breaks.any():
            continue
        if bits is None:
            bits = RULE_BITS.none(len(breaks))
        RULE_BITS.note(bits, breaks, name)
    return bits


def rules_of(bits: int) -> frozenset[str]:
    """Name the rules of a bit set."""
    return RULE_BITS.names(bits)


def _breaks(parsed: Parsed, kind: FieldType, name: str, rule: Rule) -> Mask:
    match name:
        case "min" | "max":
            return _beyond(parsed, kind, rule.value, below=name == "min")
        case "enum":
            return _not_listed(parsed, kind, rule.value)
        case "pattern":
            return ~matching(as_text(parsed.cells), rule.value)
        case "minLength":
            return _mask(pc.less(pc.utf8_length(as_text(parsed.cells)), rule.value))
        case "maxLength":
            return _mask(pc.greater(pc.utf8_length(as_text(parsed.cells)), rule.value))
    message = f"no bounds rule is called {name}"
    raise ValueError(message)


def _beyond(parsed: Parsed, kind: FieldType, limit: Scalar, *, below: bool) -> Mask:
    if parsed.numbers is None:
        compare = pc.less if below else pc.greater
        return _mask(compare(parsed.cells, pa.scalar(str(limit))))
    numbers = parsed.numbers
    number = as_number(limit)
    breaks: Mask = numbers < number if below else numbers > number
    rest = rest_of(limit)
    if rest or parsed.rests is not None:
        rests = _rests(parsed)
        breaks |= (numbers == number) & (rests < rest if below else rests > rest)
    if kind is FieldType.DECIMAL:
        # Doubles round: where a cell and the limit round alike, the digits decide.
        close = np.flatnonzero(numbers == number)
        if len(close):
            texts = as_text(parsed.cells.take(pa.array(close))).to_pylist()
            bound = Decimal(str(limit))
            exact = [Decimal(text) < bound if below else Decimal(text) > bound for text in texts]
            breaks[close] = exact
    return breaks


def _not_listed(parsed: Parsed, kind: FieldType, listed: Sequence[Scalar]) -> Mask:
    if parsed.numbers is None:
        return _not(pc.is_in(parsed.cells, value_set=pa.array([str(one) for one in listed], pa.string())))
    if kind is FieldType.DECIMAL:
        wanted = canonical_decimals(pa.array([format(one, "f") for one in listed], pa.string()))
        return _not(pc.is_in(canonical_decimals(as_text(parsed.cells)), value_set=wanted))
    wanted_numbers = np.array([as_number(one) for one in listed], parsed.numbers.dtype)
    wanted_rests = np.array(list(map(rest_of, listed)), np.int64)
    if parsed.rests is None and not wanted_rests.any():
        return ~np.isin(parsed.numbers, wanted_numbers)
    return ~np.isin(_pairs(parsed.numbers, _rests(parsed)), _pairs(wanted_numbers, wanted_rests))


def _rests(parsed: Parsed) -> Numbers:
    return np.zeros(len(parsed.cells), np.int64) if parsed.rests is None else parsed.rests


def _pairs(numbers: Numbers, rests: Numbers) -> npt.NDArray[np.void]:
    """Put numbers and the nanoseconds beyond them together, so that both are compared at once."""
    pairs = np.empty(len(numbers), [("number", np.int64), ("rest", np.int64)])
    pairs["number"], pairs["rest"] = numbers, rests
    return pairs


def _mask(found: pa.BooleanArray) -> Mask:
    mask: Mask = found.to_numpy(zero_copy_only=False)
    return mask


def _not(found: pa.BooleanArray) -> Mask:
    return ~_mask(found)
