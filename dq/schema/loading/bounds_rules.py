"""The bounds rules of one field: typed arguments, and whether they make sense together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dq.schema.cells import UNPARSABLE
from dq.schema.definition import BOUNDS_RULES, FieldType
from dq.schema.loading.constraints import Constraint, Tolerance, read_constraint
from dq.schema.loading.problems import Problems, kind_of, shown
from dq.schema.loading.properties import exact
from dq.schema.loading.rule_values import EXPECTED, typed_value
from dq.schema.patterns import pattern_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dq.schema.definition import Rule

MAX_ENUM_VALUES: Final = 10_000
_MOST_LISTED: Final = 10
_LONGEST_LENGTH: Final = 2**31 - 1

_NESTED: Final = frozenset({FieldType.OBJECT, FieldType.ARRAY})
_ORDERED: Final = frozenset(
    {
        FieldType.STRING,
        FieldType.INTEGER,
        FieldType.NUMBER,
        FieldType.DECIMAL,
        FieldType.DATE,
        FieldType.DATETIME,
        FieldType.TIME,
        FieldType.DURATION,
    }
)


class _Refused(Exception):  # noqa: N818 - never leaves this module
    """The argument of a rule is no argument; the message says what was expected."""


def read_bounds(
    properties: Mapping[str, Any],
    field_type: FieldType,
    date_format: str | None,
    outer: Tolerance,
    place: str,
    problems: Problems,
) -> tuple[tuple[str, Rule], ...]:
    """Read min, max, enum, pattern, minLength and maxLength; every rule that is wrong is a problem of its own."""
    rules: dict[str, Rule] = {}
    for name in BOUNDS_RULES:
        if name not in properties:
            continue
        constraint = read_constraint(properties[name], outer, name, place, problems)
        if constraint is None:
            continue
        try:
            value = _argument(name, constraint, field_type, date_format)
        except _Refused as refused:
            problems.add(place, f"{name} {refused}")
        else:
            rules[name] = constraint.tolerance.rule(value)
    _check_order(rules, "min", "max", place, problems)
    _check_order(rules, "minLength", "maxLength", place, problems)
    return tuple(rules.items())


def _argument(name: str, constraint: Constraint, field_type: FieldType, date_format: str | None) -> Any:  # noqa: ANN401
    if field_type in _NESTED:
        raise _Refused(f"does not apply to the type {field_type.value}; expected a field of a simple type")
    read = _READERS[name]
    return read(constraint.value, field_type, date_format)


def _read_limit(raw: Any, field_type: FieldType, date_format: str | None) -> Any:  # noqa: ANN401
    if field_type is FieldType.ANY:
        raise _Refused("needs a type to compare by; give the field one, such as number or date")
    if field_type not in _ORDERED:
        raise _Refused(f"does not apply to the type {field_type.value}, whose values have no order")
    if field_type is FieldType.STRING and not isinstance(raw, str):
        raise _Refused(f"is {shown(raw)}; expected a text, or a field of type number or integer")
    return _typed(raw, field_type, date_format)


def _read_enum(raw: Any, field_type: FieldType, date_format: str | None) -> tuple[Any, ...]:  # noqa: ANN401
    if not isinstance(raw, list):
        raise _Refused(f"is {kind_of(raw)}; expected a list of values")
    if not 1 <= len(raw) <= MAX_ENUM_VALUES:
        raise _Refused(f"has {len(raw):,} values; expected 1 to {MAX_ENUM_VALUES:,}")
    values = [typed_value(value, field_type, date_format) for value in raw]
    wrong = [shown(value) for value, typed in zip(raw, values, strict=True) if typed is UNPARSABLE]
    if wrong:
        raise _Refused(f"has {', '.join(wrong[:_MOST_LISTED])}; {_expected(field_type, date_format)}")
    return tuple(dict.fromkeys(values))


def _read_pattern(raw: Any, _type: FieldType, _format: str | None) -> str:  # noqa: ANN401
    if not isinstance(raw, str):
        raise _Refused(f"is {kind_of(raw)}; expected a text")
    problem = pattern_problem(raw)
    if problem:
        raise _Refused(f"{shown(raw)} {problem}")
    return raw


def _read_length(raw: Any, _type: FieldType, _format: str | None) -> int:  # noqa: ANN401
    length = exact(raw)
    if length is None or length.denominator != 1 or not 0 <= length <= _LONGEST_LENGTH:
        raise _Refused(f"is {shown(raw)}; expected a whole number of characters, 0 or more")
    return int(length)


def _typed(raw: Any, field_type: FieldType, date_format: str | None) -> Any:  # noqa: ANN401
    value = typed_value(raw, field_type, date_format)
    if value is not UNPARSABLE:
        return value
    raise _Refused(f"is {shown(raw)}; {_expected(field_type, date_format)}")


def _expected(field_type: FieldType, date_format: str | None) -> str:
    also = f" or in the format {date_format}" if date_format else ""
    return f"expected {EXPECTED[field_type]}{also}, as the type is {field_type.value}"


def _check_order(rules: Mapping[str, Rule], low: str, high: str, place: str, problems: Problems) -> None:
    if low in rules and high in rules and rules[low].value > rules[high].value:
        problems.add(
            place, f"{low} {rules[low].value} is greater than {high} {rules[high].value}, so that no value can pass"
        )


_READERS: Final[Mapping[str, Callable[[Any, FieldType, str | None], Any]]] = {
    "min": _read_limit,
    "max": _read_limit,
    "enum": _read_enum,
    "pattern": _read_pattern,
    "minLength": _read_length,
    "maxLength": _read_length,
}
