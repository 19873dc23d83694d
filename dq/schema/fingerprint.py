"""A digest of what a definition means: two spellings of one definition share it."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dq.schema.definition import FieldDefinition, KeyDefinition, Reference, RowRule, Rule, SchemaDefinition


def fingerprint(definition: SchemaDefinition) -> str:
    """Give the SHA-256, in hexadecimal, of the canonical JSON of everything that can change a verdict.

    So is what becomes of the rows, where anything is said of it.
    The order of the fields is part of it (a CSV without a header is read by position); the order of keys, missing
    values and allowed values is not. Warnings and the old fingerprint are left out.
    """
    scoring = definition.scoring
    meaning: dict[str, Any] = {
        "fields": [_field(field) for field in definition.fields],
        "keys": sorted((_key(key) for key in definition.keys), key=json.dumps),
        "format": definition.format,
        "strict": definition.strict,
        "missingValues": sorted(definition.missing_values),
        "csv": [definition.csv.delimiter, definition.csv.quote, definition.csv.encoding, definition.csv.header],
        "sheet": definition.sheet,
        "mode": scoring.mode.value,
        "passScore": str(scoring.pass_score),
        "weights": [str(points) for _, points in scoring.weights],
    }
    if not definition.csv.assumed and definition.csv.delimiter == ",":  # of a .tsv it says something
        meaning["csv"].append("declared")
    if definition.file_rules:  # left out where there are none: as before there were any
        meaning["fileRules"] = {name: _rule(rule) for name, rule in definition.file_rules}
    if definition.row_rules:
        meaning["rows"] = sorted(map(_row_rule, definition.row_rules))
    if definition.references:
        meaning["references"] = sorted(map(_reference, definition.references))
    if definition.options:
        meaning["options"] = sorted([name, repr(options)] for name, options in definition.options)
    if definition.silver is not None:
        meaning["silver"] = definition.silver
    text = json.dumps(meaning, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _field(field: FieldDefinition) -> list[Any]:
    return [
        field.name,
        field.type.value,
        field.format,
        _rule(field.required) if field.required else None,
        {name: _rule(rule) for name, rule in field.bounds},
        field.sensitive,
        str(field.threshold),
        field.severity.value,
    ]


def _key(key: KeyDefinition) -> list[Any]:
    return [sorted(key.columns), str(key.threshold), key.severity.value]


def _rule(rule: Rule) -> list[Any]:
    value = sorted(map(_value, rule.value)) if isinstance(rule.value, tuple) else _value(rule.value)
    return [value, str(rule.threshold), rule.severity.value]


def _row_rule(rule: RowRule) -> list[str]:
    when = "" if rule.when is None else str(rule.when)
    return [rule.name, str(rule.condition), when, str(rule.threshold), rule.severity.value]


def _reference(reference: Reference) -> list[str]:
    return [reference.name, str(reference.threshold), reference.severity.value]


def _value(value: Any) -> str:  # noqa: ANN401 - any argument of a rule
    text = str(Fraction(value)) if isinstance(value, Decimal) else str(value)
    return f"{type(value).__name__}:{text}"
