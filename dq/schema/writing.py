"""A definition as JSON again, in one spelling: what is read from it has the same fingerprint."""

from __future__ import annotations

import json
from datetime import date, time
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from dq.schema.definition import CsvDialect, FieldType, Rule, Scoring, Severity
from dq.schema.durations import Duration
from dq.schema.fine_moments import FineMoment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dq.schema.definition import (
        FieldDefinition,
        KeyDefinition,
        Reference,
        RowRule,
        SchemaDefinition,
    )
    from dq.schema.vocabulary import Vocabulary

_PLAIN: Final = (Fraction(0), Severity.ERROR)


def write_definition(
    definition: SchemaDefinition,
    words: Vocabulary,
    file_rules: Mapping[str, Callable[[Any], Any]],
) -> dict[str, Any]:
    """Write a definition as JSON values; what is as it is without a word is left out.

    Args:
        definition: what is written.
        words: the names it was read with: weights and a mode that are theirs are left out.
        file_rules: by the name of a rule over the whole file, how its argument is written.

    Raises:
        ValueError: it says something of a format that has options of its own, which nobody can write.
    """
    if definition.options:
        raise ValueError(f"what is said of {', '.join(name for name, _ in definition.options)} cannot be written")
    unique = {key.columns[0]: key for key in definition.keys if len(key.columns) == 1}
    primary = set(definition.primary_key)
    written = {
        "format": definition.format,
        "csv": _dialect(definition.csv),
        "sheet": definition.sheet,
        "strict": definition.strict or None,
        "missingValues": None if definition.missing_values == ("",) else list(definition.missing_values),
        "fields": [
            _field(field, None if {field.name} == primary else unique.get(field.name), in_primary=field.name in primary)
            for field in definition.fields
        ],
        **_keys(definition),
        **{name: _tolerant(file_rules[name](rule.value), rule) for name, rule in definition.file_rules},
        "rows": list(map(_row_rule, definition.row_rules)),
        "references": list(map(_reference, definition.references)),
        "scoring": _scoring(definition.scoring, words),
        "silver": None if definition.silver is None else json.loads(definition.silver),
    }
    empty = {name: written[name] for name in ("missingValues", "silver") if written[name] is not None}
    return {**_said(written), **empty}  # an empty list of missing values is not the same as none


def written_value(value: Any) -> Any:  # noqa: ANN401 - any argument of a rule
    """Write the argument of a rule of a field: dates in ISO form, a decimal that no double holds as a text.

    >>> written_value((Decimal("0.10"), Decimal("0.1234567890123456789")))
    [0.1, '0.1234567890123456789']
    """
    match value:
        case tuple():
            return list(map(written_value, value))
        case Decimal():
            near = float(value)
            return near if Decimal(repr(near)) == value else format(value, "f")
        case date() | time() | FineMoment():
            return value.isoformat()
        case Duration():
            return str(value)
        case _:
            return value


def _said(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None and value not in ([], {})}


def _number(number: Fraction) -> float | int:
    return int(number) if number.denominator == 1 else float(number)


def _tolerance(one: Rule | KeyDefinition | RowRule | Reference, usual: Severity = Severity.ERROR) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if one.threshold:
        said["threshold"] = _number(one.threshold)
    if one.severity is not usual:
        said["severity"] = one.severity.value
    return said


def _tolerant(argument: Any, rule: Rule) -> Any:  # noqa: ANN401 - any JSON value
    return {**argument, **_tolerance(rule)} if isinstance(argument, dict) else _constraint(argument, rule)


def _constraint(value: Any, one: Rule | KeyDefinition) -> Any:  # noqa: ANN401 - any JSON value
    tolerance = _tolerance(one)
    return {"value": value, **tolerance} if tolerance else value


def _field(field: FieldDefinition, key: KeyDefinition | None, *, in_primary: bool) -> dict[str, Any]:
    of_type = Rule(None, field.threshold, field.severity)
    required = field.required
    if in_primary and required is not None and (required.threshold, required.severity) == _PLAIN:
        required = None  # fields of the primary key are
    written = {
        "name": field.name,
        "type": _constraint(field.type.value, of_type),
        "format": field.format,
        "required": None if required is None else _constraint(True, required),  # noqa: FBT003 - the rule's argument
        "unique": None if key is None else _constraint(True, key),  # noqa: FBT003 - as above
        **{name: _constraint(written_value(rule.value), rule) for name, rule in field.bounds},
        "sensitive": field.sensitive or None,
    }
    if field.type is FieldType.ANY and not isinstance(written["type"], dict):
        written["type"] = None
    return {name: value for name, value in written.items() if value is not None}


def _keys(definition: SchemaDefinition) -> dict[str, Any]:
    primary, several = None, []
    for key in definition.keys:
        columns, tolerance = list(key.columns), _tolerance(key)
        written = {"columns": columns, **tolerance} if tolerance else columns
        if set(columns) == set(definition.primary_key):
            primary = written
        elif len(columns) > 1:
            several.append(written)
    return {"primaryKey": primary, "uniqueKeys": several}


def _dialect(dialect: CsvDialect) -> dict[str, Any]:
    usual = CsvDialect()
    return _said(
        {
            "delimiter": None if dialect.assumed else dialect.delimiter,
            "quote": None if dialect.quote == usual.quote else dialect.quote,
            "encoding": None if dialect.encoding == usual.encoding else dialect.encoding,
            "header": None if dialect.header else False,
        }
    )


def _row_rule(rule: RowRule) -> dict[str, Any]:
    when = {} if rule.when is None else {"when": str(rule.when)}
    return {"rule": rule.name, "expression": rule.text, **when, **_tolerance(rule)}


def _reference(reference: Reference) -> dict[str, Any]:
    on = [column.name for column in reference.wanted.columns]
    fields = list(reference.columns)
    place = {"fields": fields, "in": reference.wanted.source, **({} if on == fields else {"on": on})}
    return {**place, **_tolerance(reference, Severity.CRITICAL)}


def _scoring(scoring: Scoring, words: Vocabulary) -> dict[str, Any]:
    usual = {weight.key: weight.points for weight in words.weights}
    weights = {name: _number(points) for name, points in scoring.weights if usual.get(name) != points}
    return _said(
        {
            "mode": None if scoring.mode is words.mode else scoring.mode.value,
            "passScore": None if scoring.pass_score == Scoring().pass_score else _number(scoring.pass_score),
            "weights": weights,
        }
    )
