"""What an expression is made of: frozen nodes, equal where they mean the same.

`str` of a node writes it in one canonical spelling, every operation in brackets, so that fingerprints do not depend on
white space. `at` is the place in the text, for messages alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from dq.schema.fine_moments import FineMoment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from dq.schema.definition import FieldType
    from dq.schema.durations import Duration

    #: What a literal holds, typed as a cell of its kind is.
    LiteralValue: TypeAlias = "int | float | Decimal | bool | date | datetime | time | FineMoment | Duration | str"

_place: Final[Callable[[], int]] = partial(field, default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Column:
    """The cell of a declared field."""

    name: str
    kind: FieldType
    at: int = _place()

    def __str__(self) -> str:
        """Write it in double quotes, whatever it is called."""
        quoted = self.name.replace('"', '""')
        return f'"{quoted}"'


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that stands in the expression itself."""

    value: LiteralValue
    kind: FieldType
    at: int = _place()

    def __str__(self) -> str:
        """Write the value, one that is no number in single quotes behind its type."""
        match self.value:
            case bool():
                return str(self.value).lower()
            case Decimal():
                return format(self.value, "f")
            case str():
                quoted = self.value.replace("'", "''")
                return f"'{quoted}'"
            case date() | time() | FineMoment():
                return f"{self.kind.value} '{self.value.isoformat()}'"
            case int() | float():
                return repr(self.value)
        return f"{self.kind.value} '{self.value}'"


@dataclass(frozen=True, slots=True)
class Minus:
    """A number or a duration with the other sign."""

    operand: Node
    at: int = _place()

    def __str__(self) -> str:
        """Write it in brackets."""
        return f"(-{self.operand})"


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`+`, `-`, `*` or `/` of two operands."""

    operator: str
    left: Node
    right: Node
    at: int = _place()

    def __str__(self) -> str:
        """Write it in brackets."""
        return f"({self.left} {self.operator} {self.right})"


@dataclass(frozen=True, slots=True)
class Function:
    """`length` or `lower` of a text."""

    name: str
    operand: Node
    at: int = _place()

    def __str__(self) -> str:
        """Write it as a call."""
        return f"{self.name}({self.operand})"


@dataclass(frozen=True, slots=True)
class Comparison:
    """`=`, `!=`, `<`, `<=`, `>` or `>=` of two operands."""

    operator: str
    left: Node
    right: Node
    at: int = _place()

    def __str__(self) -> str:
        """Write it in brackets."""
        return f"({self.left} {self.operator} {self.right})"


@dataclass(frozen=True, slots=True)
class OneOf:
    """Whether an operand equals one of some literals."""

    operand: Node
    options: tuple[Node, ...]
    at: int = _place()

    def __str__(self) -> str:
        """Write it in brackets."""
        return f"({self.operand} in ({', '.join(map(str, self.options))}))"


@dataclass(frozen=True, slots=True)
class IsNull:
    """Whether the cell of a field is null: the only question that is never answered with unknown."""

    column: Column
    at: int = _place()

    def __str__(self) -> str:
        """Write it in brackets."""
        return f"({self.column} is null)"


@dataclass(frozen=True, slots=True)
class Not:
    """The contrary of a condition."""

    operand: Node
    at: int = _place()

    def __str__(self) -> str:
        """Write it in brackets."""
        return f"(not {self.operand})"


@dataclass(frozen=True, slots=True)
class AllOf:
    """Conditions joined by `and`, two or more."""

    operands: tuple[Node, ...]
    at: int = _place()

    def __str__(self) -> str:
        """Write it in brackets."""
        return f"({' and '.join(map(str, self.operands))})"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Conditions joined by `or`, two or more."""

    operands: tuple[Node, ...]
    at: int = _place()

    def __str__(self) -> str:
        """Write it in brackets."""
        return f"({' or '.join(map(str, self.operands))})"


Node: TypeAlias = "Column | Literal | Minus | Arithmetic | Function | Comparison | OneOf | IsNull | Not | AllOf | AnyOf"


def columns_of(node: Node) -> tuple[str, ...]:
    """Name the fields an expression speaks of, each once, in the order of the text."""
    return tuple(dict.fromkeys(_columns(node)))


def children_of(node: Node) -> tuple[Node, ...]:
    """Give the nodes a node is made of, in the order of the text."""
    match node:
        case Column() | Literal():
            return ()
        case Minus() | Function() | Not():
            return (node.operand,)
        case Arithmetic() | Comparison():
            return (node.left, node.right)
        case OneOf():
            return (node.operand, *node.options)
        case IsNull():
            return (node.column,)
        case AllOf() | AnyOf():
            return node.operands


def _columns(node: Node) -> Iterator[str]:
    if isinstance(node, Column):
        yield node.name
    for child in children_of(node):
        yield from _columns(child)
