"""A rule over the cells of a row, asked of all rows of a batch at once.

The logic has three values, as in SQL: a comparison with what is unknown is unknown, `and` is false as soon as one side
is, `or` true as soon as one side is. What cannot be computed is unknown, too: a quotient by zero, a whole number beyond
64 bits, a double beyond its range, a decimal of more than 38 digits before its point. Whole numbers and decimals are
never rounded; a quotient, and what a `number` field takes part in, are doubles. So are the results the same, however a
file is cut into batches.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dq.profiling.cells.number_line import Mask
from dq.profiling.cells.values import Cells
from dq.profiling.row_rules.exact_numbers import (
    ExactNumbers,
    added,
    compared,
    compared_numbers,
    in_range,
    multiplied,
    negated,
)
from dq.profiling.row_rules.operands import Operand, operand_of_cells, operand_of_literal, present_in, truth
from dq.profiling.row_rules.outcome import RowOutcome
from dq.schema.definition import FieldType, RowRule
from dq.schema.expressions.kinds import NUMBERS, TEXTS, result_kind
from dq.schema.expressions.syntax import (
    AllOf,
    AnyOf,
    Arithmetic,
    Column,
    Comparison,
    Function,
    IsNull,
    Literal,
    Minus,
    Node,
    Not,
    OneOf,
)

_COMPARE = {
    "=": pc.equal,
    "!=": pc.not_equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}


def evaluate(rule: RowRule, cells: Mapping[str, Cells], rows: int) -> RowOutcome:
    """Tell which rows of a batch keep to a rule.

    Args:
        rule: its condition, and in which rows it holds.
        cells: at least the columns the rule names, by their names.
        rows: how many the batch has.

    Returns:
        The rows it was asked of (`when` is true and the condition is not unknown), and those in which it is false.
    """
    batch = _Batch(cells, rows)
    held = batch.condition(rule.condition)
    asked = held.known if rule.when is None else held.known & batch.condition(rule.when).mask()
    checked = np.broadcast_to(asked, rows)
    return RowOutcome(checked & ~held.mask(), checked)


class _Batch:
    def __init__(self, cells: Mapping[str, Cells], rows: int) -> None:
        self._cells, self._rows = cells, rows
        self._columns: dict[str, Operand] = {}

    def condition(self, node: Node) -> Operand:
        """Answer a question with true, false or unknown."""
        match node:
            case IsNull():
                null = ~present_in(self._cells[node.column.name], self._rows)
                return truth(null, np.ones(1, np.bool_))
            case Not():
                found = self.condition(node.operand)
                return truth(~found.mask(), found.known)
            case AllOf() | AnyOf():
                return self._joined(node)
            case Comparison():
                return _compared(node.operator, self.operand(node.left), self.operand(node.right))
            case OneOf():
                return self._one_of(node)
        return self.operand(node)

    def operand(self, node: Node) -> Operand:
        """Compute a value."""
        match node:
            case Column():
                if node.name not in self._columns:
                    self._columns[node.name] = operand_of_cells(self._cells[node.name], node.kind, self._rows)
                return self._columns[node.name]
            case Literal():
                return operand_of_literal(node)
            case Minus():
                return _negated(self.operand(node.operand))
            case Arithmetic():
                return _computed(node.operator, self.operand(node.left), self.operand(node.right))
            case Function():
                return _of_text(node.name, self.operand(node.operand))
            case _:
                return self.condition(node)

    def _joined(self, node: AllOf | AnyOf) -> Operand:
        first, *others = [self.condition(operand) for operand in node.operands]
        # `or` is `and` with both sides and the result turned round.
        wanted = isinstance(node, AllOf)
        sure, known = first.known & (first.mask() != wanted), first.known
        for one in others:
            sure = sure | (one.known & (one.mask() != wanted))
            known = known & one.known
        known = known | sure
        return truth(known & ~sure if wanted else sure, known)

    def _one_of(self, node: OneOf) -> Operand:
        operand = self.operand(node.operand)
        if operand.kind in TEXTS:
            listed = pa.array(
                [str(option.value) for option in node.options if isinstance(option, Literal)], pa.string()
            )
            return truth(_plain(pc.is_in(operand.values, value_set=listed)), operand.known)
        found: Mask = np.zeros(1, np.bool_)
        for option in node.options:
            found = found | _compared("=", operand, self.operand(option)).mask()
        return truth(found, operand.known)


def _compared(operator: str, left: Operand, right: Operand) -> Operand:
    known = left.known & right.known
    if left.kind in TEXTS:
        found = _texts_compared(operator, left.values, right.values)
    elif left.kind is FieldType.BOOLEAN:
        found = (left.mask() == right.mask()) == (operator == "=")
    elif FieldType.NUMBER in {left.kind, right.kind}:
        found = compared_numbers(operator, left.doubles(), right.doubles())
    elif left.kind is right.kind or left.kind in NUMBERS:
        found = compared(operator, left.exact(), right.exact())
    else:  # a date and a datetime
        found = compared(operator, left.seconds(), right.seconds())
    return truth(found, known)


def _texts_compared(operator: str, left: pa.StringArray, right: pa.StringArray) -> Mask:
    """Compare texts by their characters' code points."""
    one, other = (side[0] if len(side) == 1 else side for side in (left, right))
    found = _COMPARE[operator](one, other)
    return np.array([found.as_py() is True]) if isinstance(found, pa.Scalar) else _plain(found)


def _computed(operator: str, left: Operand, right: Operand) -> Operand:
    kind = result_kind(operator, left.kind, right.kind)
    known = left.known & right.known
    if kind is FieldType.NUMBER:
        return _doubles(operator, left, right, known)
    if kind is None:
        message = f"{left.kind.value} {operator} {right.kind.value} is no operation"
        raise TypeError(message)
    plain = kind in NUMBERS or kind is FieldType.DATE
    one, other = (left.exact(), right.exact()) if plain else (left.seconds(), right.seconds())
    if operator == "*":
        return _in_range(kind, multiplied(one, other), known)
    return _in_range(kind, added(one, other if operator == "+" else negated(other)), known)


def _negated(operand: Operand) -> Operand:
    if operand.kind is FieldType.NUMBER:
        return Operand(operand.kind, -operand.doubles(), operand.known)
    return _in_range(operand.kind, negated(operand.exact()), operand.known)


def _in_range(kind: FieldType, number: ExactNumbers, known: Mask) -> Operand:
    within, fits = in_range(number, whole=kind is FieldType.INTEGER)
    return Operand(kind, within, known if fits is None else known & fits)


def _doubles(operator: str, left: Operand, right: Operand, known: Mask) -> Operand:
    one, other = left.doubles(), right.doubles()
    with np.errstate(all="ignore"):
        match operator:
            case "+":
                found = one + other
            case "-":
                found = one - other
            case "*":
                found = one * other
            case _:
                found = one / other
    finite = np.isfinite(found)
    return Operand(FieldType.NUMBER, np.where(finite, found, 0.0), known & finite)


def _of_text(name: str, operand: Operand) -> Operand:
    if name == "lower":
        return Operand(FieldType.STRING, pc.utf8_lower(operand.values), operand.known)
    lengths = pc.fill_null(pc.utf8_length(operand.values), 0).to_numpy(zero_copy_only=False)
    return Operand(FieldType.INTEGER, ExactNumbers(lengths.astype(np.int64)), operand.known)


def _plain(found: pa.BooleanArray) -> Mask:
    return pc.fill_null(found, fill_value=False).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]
