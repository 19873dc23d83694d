"""`rows: [{"rule": "ends_after_start", "expression": "end_date >= start_date", "when": "status != 'open'"}]`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dq.schema.definition import BOUNDS_RULES, RowRule
from dq.schema.expressions.kinds import check_condition
from dq.schema.expressions.parser import parse_expression
from dq.schema.expressions.syntax import columns_of
from dq.schema.expressions.tokens import ExpressionError
from dq.schema.loading.constraints import read_tolerance
from dq.schema.loading.problems import Problems, kind_of, shown
from dq.schema.loading.properties import read_properties, read_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dq.schema.definition import FieldDefinition, FieldType
    from dq.schema.expressions.syntax import Node

NAME: Final = "rows"
#: Rules of one definition, and characters of the name of one, at most.
MOST_RULES: Final = 100
MOST_NAME: Final = 200
#: Folded spelling to canonical name.
PROPERTIES: Final = {
    "rule": "rule",
    "name": "rule",
    "expression": "expression",
    "when": "when",
    "threshold": "threshold",
    "severity": "severity",
}
_IGNORED: Final = frozenset({"description", "comment", "message", "title"})
_TAKEN: Final = frozenset({*BOUNDS_RULES, "references"})
_EXAMPLE: Final = '{"rule": "ends_after_start", "expression": "end_date >= start_date"}'


def read_row_rules(raw: Any, fields: Sequence[FieldDefinition], problems: Problems) -> tuple[RowRule, ...]:  # noqa: ANN401 - any JSON value
    """Read the rules over several columns of a row, each with a name of its own; a single one needs no list."""
    items = [raw] if isinstance(raw, dict) else raw
    if not isinstance(items, list):
        problems.add(NAME, f"is {kind_of(raw)}; expected a list of objects such as {_EXAMPLE}")
        return ()
    if len(items) > MOST_RULES:
        problems.add(NAME, f"has {len(items):,} rules; expected at most {MOST_RULES}")
    types = {field.name: field.type for field in fields}
    rules: dict[str, RowRule] = {}
    for at, item in enumerate(items[:MOST_RULES]):
        place = f"{NAME}[{at}]"
        if not isinstance(item, dict):
            problems.add(place, f"is {kind_of(item)}; expected an object such as {_EXAMPLE}")
            continue
        rule = _read_rule(item, types, place, problems)
        if rule is not None and rule.name in rules:
            problems.add(place, f"rule {shown(rule.name)} is there already; expected a name of its own")
        elif rule is not None:
            rules[rule.name] = rule
    return tuple(rules.values())


def _read_rule(
    raw: Mapping[str, Any], types: Mapping[str, FieldType], place: str, problems: Problems
) -> RowRule | None:
    properties = read_properties(raw, PROPERTIES, place, problems, _IGNORED)
    tolerance = read_tolerance(properties, place, problems)
    name = _read_name(properties, place, problems)
    if "expression" not in properties:
        problems.add(place, f"has no expression; expected an object such as {_EXAMPLE}")
        return None
    condition = _read_expression(properties, "expression", types, place, problems)
    when = _read_expression(properties, "when", types, place, problems) if "when" in properties else None
    if condition is None or name is None:
        return None
    columns = tuple(dict.fromkeys((*columns_of(condition), *(columns_of(when) if when else ()))))
    if not columns:
        problems.add(f"{place}.expression", "names no field, so that it says the same of every row; expected a field")
    told = tolerance.rule(properties["expression"].strip())
    return RowRule(name, condition, when, columns, told.value, told.threshold, told.severity)


def _read_name(properties: Mapping[str, Any], place: str, problems: Problems) -> str | None:
    if "rule" not in properties:
        problems.add(place, f"names no rule; expected an object such as {_EXAMPLE}")
        return None
    name = read_text(properties["rule"], "rule", place, problems)
    name = None if name is None else name.strip()
    if name is not None and (not name or not name.isprintable() or len(name) > MOST_NAME):
        problems.add(place, f"rule is {shown(name)}; expected a name of 1 to {MOST_NAME} characters that can be seen")
    elif name in _TAKEN:
        problems.add(place, f"rule is {shown(name)}, which is the name of another rule; expected a name of its own")
    return name


def _read_expression(
    properties: Mapping[str, Any], what: str, types: Mapping[str, FieldType], place: str, problems: Problems
) -> Node | None:
    text = read_text(properties[what], what, place, problems)
    if text is None:
        return None
    where = f"{place}.{what}"
    try:
        node = parse_expression(text, types)
    except ExpressionError as error:
        problems.found.append(f"{where} {error}")
        return None
    found: dict[str, None] = {}
    check_condition(node, types, lambda at, sentence: found.setdefault(str(ExpressionError(at, sentence))))
    problems.found.extend(f"{where} {problem}" for problem in found)
    return None if found else node
