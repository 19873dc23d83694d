"""Bounds rules: counted per set of rules a cell breaks, as a naive check of every cell counts them."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, time, timezone
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from dq.profiling.figures import bounds
from dq.profiling.figures.bounds import RuleBits, count_patterns, rules_of
from dq.profiling.tally.recipe import CellEncoding
from dq.schema.cells import UNPARSABLE, parse_cell
from dq.schema.definition import BOUNDS_RULES, FieldDefinition
from tests.unit.profiling.profiled import Table, column, summary

CASES: list[tuple[dict[str, Any], list[str]]] = [
    ({"type": "integer", "min": 1, "max": 5}, ["0", "1", "5", "6", "-9223372036854775808", "9223372036854775807", "x"]),
    ({"type": "integer", "enum": [1, 2], "min": 2}, ["1", "01", "2", "3", "+2"]),
    ({"type": "integer", "pattern": "[0-9]{2}"}, ["1", "11", "+11", "011"]),
    ({"type": "number", "min": 0.1, "max": 1e3}, ["0.1", "0.10", "0.09999", "1000", "1000.0000001", "1e3", "-0.0"]),
    ({"type": "number", "enum": [0, 1.5]}, ["-0.0", "1.5", "1.50", "2"]),
    (
        {"type": "decimal", "min": "0.10", "max": "1.00000000000000000001"},
        ["0.1", "0.0999999999999999999999", "1.00000000000000000002", "1.00000000000000000001", "1", "0.1000000"],
    ),
    ({"type": "decimal", "enum": ["1.10", "5"]}, ["1.1", "1.100", "5.0", "+5", "1.1000000000000000000001"]),
    ({"type": "date", "min": "2024-01-02", "max": "2024-12-31"}, ["2024-01-01", "2024-01-02", "2025-01-01"]),
    ({"type": "date", "format": "%d/%m/%Y", "max": "02/01/2024"}, ["02/01/2024", "03/01/2024", "1/1/2024"]),
    ({"type": "datetime", "min": "2024-01-01T00:00:00"}, ["2023-12-31 23:59:59.999999", "2024-01-01 00:00:00", "x"]),
    ({"type": "time", "min": "08:00:00", "max": "18:00:00"}, ["07:59:59.9", "08:00:00", "18:00:00", "18:00:00.000001"]),
    ({"type": "boolean", "enum": [True]}, ["true", "1", "false", "0"]),
    (
        {"type": "string", "enum": ["card", "cash"], "pattern": "c.*|x", "minLength": 2, "maxLength": 4},
        ["card", "cash", "c", "x", "xx", "üü", "ü", "😀", "c\nd", "cards", "cxxxx", "xc"],
    ),
    ({"type": "string", "pattern": "a|b"}, ["a", "b", "ab", "xa", "a\n"]),
    ({"type": "any", "maxLength": 3}, ["1", "abcd", "😀😀😀"]),
]  # fmt: skip


def breaks(field: FieldDefinition, text: str) -> frozenset[str] | None:
    """The rules a cell breaks, None for one that does not parse."""
    value: Any = parse_cell(text, field.type, field.format)
    if value is UNPARSABLE:
        return None
    tests: dict[str, Callable[[Any], bool]] = {
        "min": lambda limit: value < limit,
        "max": lambda limit: value > limit,
        "enum": lambda listed: value not in listed,
        "pattern": lambda pattern: re.fullmatch(pattern, text) is None,
        "minLength": lambda least: len(text) < least,
        "maxLength": lambda most: len(text) > most,
    }
    return frozenset(name for name, rule in field.bounds if tests[name](rule.value))


@pytest.mark.parametrize(("spec", "texts"), CASES)
def test_cells_are_counted_by_the_rules_they_break(spec: dict[str, Any], texts: list[str]) -> None:
    chance = random.Random(1)
    for cells in (texts, [chance.choice(texts) for _ in range(200)], []):
        table = Table({"a": cells}, [{"name": "a", **spec}])
        assert table.definition is not None
        broken = [breaks(table.definition.fields[0], text) for text in cells]
        assert column(table).violations == dict(Counter(rules for rules in broken if rules))
        for rule in BOUNDS_RULES:
            lines = [at for at, rules in enumerate(broken, 1) if rules and rule in rules]
            shown = column(table).violation_examples.get(rule, ())
            assert [(one.line, one.text) for one in shown] == [(line, cells[line - 1]) for line in lines[:25]]


def test_the_bits_of_rules_are_their_places_in_the_fixed_order() -> None:
    assert [rules_of(1 << at) for at in range(6)] == [frozenset({name}) for name in BOUNDS_RULES]
    assert rules_of(0b100001) == {"min", "maxLength"}
    assert rules_of(0) == frozenset()


TYPED: list[tuple[dict[str, Any], pa.Array, int]] = [
    ({"type": "integer", "min": 2}, pa.array([1, 2, None, 3], pa.uint8()), 1),
    ({"type": "number", "max": 2}, pa.array([1.5, 2.5, float("inf")]), 1),
    ({"type": "number", "max": 2}, pa.array([Decimal("2.01"), Decimal("1.00")]), 1),
    ({"type": "decimal", "max": "2"}, pa.array([Decimal("2.00"), Decimal("2.01")]), 1),
    ({"type": "date", "max": "2024-01-01"}, pa.array([date(2024, 1, 1), date(2024, 1, 2)]), 1),
    ({"type": "datetime", "max": "2024-01-01T00:00:00"}, pa.array([datetime(2024, 1, 1, 1, tzinfo=timezone.utc)]), 1),
    ({"type": "time", "max": "12:00:00"}, pa.array([time(12, 0, 1)]), 1),
    ({"type": "boolean", "enum": [True]}, pa.array([True, False]), 1),
    ({"type": "string", "maxLength": 1}, pa.array(["a", "ü", "ab"]), 1),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "cells", "broken"), TYPED)
def test_typed_cells_face_the_same_rules(spec: dict[str, Any], cells: pa.Array, broken: int) -> None:
    table = Table({"a": cells}, [{"name": "a", **spec}], encoding=CellEncoding.TYPED)
    assert sum(column(table).violations.values()) == broken


def test_limits_beyond_64_bits_are_no_fault() -> None:
    table = Table({"a": ["1", "-1"]}, [{"name": "a", "type": "number", "min": 0, "max": 10**30}])
    assert sum(column(table).violations.values()) == 1


@pytest.mark.parametrize("rules", [8, 9, 16, 17, 33, 64])
def test_any_number_of_rules_up_to_64_fits(rules: int) -> None:
    """Each with a bit of its own, and with the same counts however many there are."""
    names = [f"rule{number}" for number in range(rules)]
    bits_of = RuleBits(names)
    bits = bits_of.none(6)
    bits_of.note(bits, np.array([True, True, False, False, True, False]), names[0])
    bits_of.note(bits, np.array([False, True, True, False, False, True]), names[-1])
    for weights, expected in ((None, [2, 1, 2]), (np.array([5, 1, 1, 7, 1, 2]), [6, 1, 3])):
        counted = {bits_of.names(pattern): count for pattern, count in count_patterns(bits, weights).items()}
        first, both, last = expected
        assert counted == {
            frozenset({names[0]}): first,
            frozenset({names[0], names[-1]}): both,
            frozenset({names[-1]}): last,
        }


def test_rules_beyond_the_eighth_are_counted_through_to_the_summary(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = ["1", "5", "x", "", "99", "-3"]
    fields = [{"name": "a", "type": "integer", "min": 0, "max": 50, "enum": [1, 5, 99]}]
    usual = summary(Table({"a": cells}, fields)).columns[0]
    monkeypatch.setattr(bounds, "RULE_BITS", RuleBits([*(f"later{number}" for number in range(20)), *BOUNDS_RULES]))
    wide = summary(Table({"a": cells}, fields)).columns[0]
    assert usual.violations == wide.violations == {frozenset({"max"}): 1, frozenset({"min", "enum"}): 1}
    assert usual.violation_examples == wide.violation_examples
