"""Which types the parts of an expression have, and what is wrong where they do not fit each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dq.schema.definition import FieldType
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
    Not,
    OneOf,
    children_of,
)
from dq.schema.loading.problems import shown, suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from dq.schema.expressions.syntax import Node

#: Numbers, the exact ones first: of two types the later one is that of the result.
NUMBERS: Final = (FieldType.INTEGER, FieldType.DECIMAL, FieldType.NUMBER)
TEXTS: Final = (FieldType.STRING, FieldType.ANY)
MOMENTS: Final = (FieldType.DATE, FieldType.DATETIME)
_FAMILIES: Final = (NUMBERS, TEXTS, MOMENTS, (FieldType.TIME,), (FieldType.DURATION,), (FieldType.BOOLEAN,))
_ORDERED: Final = (*NUMBERS, *TEXTS, *MOMENTS, FieldType.TIME, FieldType.DURATION)
#: Whose texts have a form of their own in an expression.
_WRITTEN: Final = (*MOMENTS, FieldType.TIME, FieldType.DURATION)
_SUMS: Final = {
    ("-", FieldType.DATE, FieldType.DATE): FieldType.INTEGER,
    ("-", FieldType.DATE, FieldType.INTEGER): FieldType.DATE,
    ("+", FieldType.DATE, FieldType.INTEGER): FieldType.DATE,
    ("+", FieldType.INTEGER, FieldType.DATE): FieldType.DATE,
    ("-", FieldType.DATETIME, FieldType.DATETIME): FieldType.DURATION,
    ("-", FieldType.DATETIME, FieldType.DATE): FieldType.DURATION,
    ("-", FieldType.DATE, FieldType.DATETIME): FieldType.DURATION,
    ("-", FieldType.TIME, FieldType.TIME): FieldType.DURATION,
    **{
        (operator, moment, FieldType.DURATION): FieldType.DATETIME for operator in "+-" for moment in MOMENTS
    },
    **{("+", FieldType.DURATION, moment): FieldType.DATETIME for moment in MOMENTS},
    **{(operator, FieldType.DURATION, FieldType.DURATION): FieldType.DURATION for operator in "+-"},
}  # fmt: skip


def result_kind(operator: str, left: FieldType, right: FieldType) -> FieldType | None:
    """Give the type that an arithmetic operation has; None where there is no such operation.

    Two dates are whole days apart, other moments a duration; a quotient is a double, whatever is divided.
    """
    if left in NUMBERS and right in NUMBERS:
        return FieldType.NUMBER if operator == "/" else max(left, right, key=NUMBERS.index)
    return _SUMS.get((operator, left, right))


def comparable(left: FieldType, right: FieldType) -> bool:
    """Tell whether values of two types can be equal."""
    return any(left in family and right in family for family in _FAMILIES)


def check_condition(node: Node, declared: Collection[str], note: Callable[[int, str], None]) -> None:
    """Check that an expression is a condition over declared fields, every part of it of a fitting type.

    Args:
        node: the expression.
        declared: the names of the fields.
        note: takes each problem, with its place in the text.
    """
    kind = _Check(declared, note).kind_of(node)
    if kind not in {FieldType.BOOLEAN, None}:
        note(_start(node), f"{_named(node, kind)}; expected a condition, which is true or false")


class _Check:
    def __init__(self, declared: Collection[str], note: Callable[[int, str], None]) -> None:
        self._declared, self._note = declared, note

    def kind_of(self, node: Node) -> FieldType | None:
        """Give the type of a node; None, which fits everything, where a problem was noted."""
        match node:
            case Literal():
                return node.kind
            case Column():
                return self._column(node)
            case Minus() | Arithmetic() | Function():
                return self._computed(node)
        self._question(node)
        return FieldType.BOOLEAN

    def _question(self, node: Node) -> None:
        match node:
            case IsNull():
                self._is_declared(node.column)
            case Comparison():
                ordered = node.operator not in {"=", "!="}
                self._compared(node.left, self.kind_of(node.left), node.right, node.at, ordered=ordered)
            case OneOf():
                kind = self.kind_of(node.operand)
                for option in node.options:
                    self._compared(node.operand, kind, option, option.at, ordered=False)
            case Not():
                self._condition(node.operand)
            case AllOf() | AnyOf():
                for operand in node.operands:
                    self._condition(operand)

    def _computed(self, node: Minus | Arithmetic | Function) -> FieldType | None:
        match node:
            case Minus():
                return self._minus(node)
            case Arithmetic():
                return self._arithmetic(node)
            case Function():
                return self._function(node)

    def _is_declared(self, column: Column) -> bool:
        if column.name in self._declared:
            return True
        self._note(column.at, f"{shown(column.name)} is no declared field{suggestion(column.name, self._declared)}")
        return False

    def _column(self, column: Column) -> FieldType | None:
        if not self._is_declared(column):
            return None
        if column.kind in {FieldType.OBJECT, FieldType.ARRAY}:
            self._note(
                column.at, f"{_named(column, column.kind)}, which is null or not; nothing else can be asked of it"
            )
            return None
        return column.kind

    def _condition(self, node: Node) -> None:
        kind = self.kind_of(node)
        if kind not in {FieldType.BOOLEAN, None}:
            self._note(_start(node), f"{_named(node, kind)}; expected a condition beside and, or, not")

    def _minus(self, node: Minus) -> FieldType | None:
        kind = self.kind_of(node.operand)
        if kind is None or kind in NUMBERS or kind is FieldType.DURATION:
            return kind
        self._note(node.at, f"{_named(node.operand, kind)}; expected a number behind the minus")
        return None

    def _arithmetic(self, node: Arithmetic) -> FieldType | None:
        left, right = self.kind_of(node.left), self.kind_of(node.right)
        if left is None or right is None:
            return None
        kind = result_kind(node.operator, left, right)
        if kind is None:
            sides = f"{_named(node.left, left)} and {_named(node.right, right)}"
            self._note(node.at, f"{sides}; {node.operator} does not go with these")
        return kind

    def _function(self, node: Function) -> FieldType | None:
        kind = self.kind_of(node.operand)
        if kind is not None and kind not in TEXTS:
            self._note(node.at, f"{_named(node.operand, kind)}; {node.name} is asked of a text")
        return FieldType.INTEGER if node.name == "length" else FieldType.STRING

    def _compared(self, left: Node, left_kind: FieldType | None, right: Node, at: int, *, ordered: bool) -> None:
        right_kind = self.kind_of(right)
        if left_kind is None or right_kind is None:
            return
        if not comparable(left_kind, right_kind):
            sides = f"{_named(left, left_kind)} and {_named(right, right_kind)}"
            self._note(at, f"{sides}; {_advice(left, right, left_kind, right_kind)}")
        elif ordered and left_kind not in _ORDERED:
            self._note(at, f"{_named(left, left_kind)}, which has no order; expected = or !=")


def _advice(left: Node, right: Node, left_kind: FieldType, right_kind: FieldType) -> str:
    """Say what to do about two types that are never equal; most often a text stands for a date or a number."""
    for node, other in ((left, right_kind), (right, left_kind)):
        if isinstance(node, Literal) and isinstance(node.value, str):
            if other in _WRITTEN:
                return f"expected {other.value} '{node.value}'"
            if other in NUMBERS:
                return f"expected {node.value} without quotes"
        if isinstance(node, Literal) and node.kind in NUMBERS and other in TEXTS:
            return f"expected '{node}'"
    return "they cannot be compared"


def _named(node: Node, kind: FieldType | None) -> str:
    """Say what a part of an expression is."""
    what = "" if kind is None else kind.value
    article = "an" if what[:1] in "aeiou" else "a"
    noun = "condition" if kind is FieldType.BOOLEAN and not isinstance(node, (Column, Literal)) else what
    match node:
        case Column():
            return f"{shown(node.name)} is of type {what}"
        case Literal(value=str()):
            return f"'{node.value}' is a text"
    return f"this is {'a condition' if noun == 'condition' else f'{article} {noun}'}"


def _start(node: Node) -> int:
    """Give the place where a node begins: that of its first part."""
    return min([node.at, *(_start(child) for child in children_of(node)[:1])])
