"""The keys of a definition: `unique` fields, `primaryKey` and `uniqueKeys`, each set of columns once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from dq.schema.definition import FieldType, KeyDefinition, Severity
from dq.schema.loading.constraints import Tolerance, read_tolerance
from dq.schema.loading.problems import Problems, kind_of, shown, suggestion
from dq.schema.loading.properties import read_properties

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dq.schema.loading.fields import DeclaredField

_SPELLINGS: Final = {
    "value": "columns",
    "columns": "columns",
    "fields": "columns",
    "threshold": "threshold",
    "severity": "severity",
}
_IGNORED: Final = frozenset({"name", "description", "comment"})
_NESTED: Final = frozenset({FieldType.OBJECT, FieldType.ARRAY})
_RANKS: Final = {severity: rank for rank, severity in enumerate((Severity.WARNING, Severity.ERROR, Severity.CRITICAL))}


@dataclass(frozen=True, slots=True)
class _DeclaredKey:
    place: str
    columns: tuple[str, ...]
    tolerance: Tolerance


@dataclass(frozen=True, slots=True)
class DeclaredKeys:
    """All keys, merged, and the columns of the primary key, which may not be null."""

    keys: tuple[KeyDefinition, ...]
    primary: tuple[str, ...]


def read_keys(properties: Mapping[str, Any], fields: Sequence[DeclaredField], problems: Problems) -> DeclaredKeys:
    """Read the keys over `fields`; keys naming the same columns in any order are one."""
    primary = _read_primary(properties.get("primaryKey"), problems)
    unique = [
        _DeclaredKey(f"field {shown(declared.field.name)}, unique", (declared.field.name,), declared.unique)
        for declared in fields
        if declared.unique is not None
    ]
    types = {declared.field.name: declared.field.type for declared in fields}
    merged: dict[frozenset[str], _DeclaredKey] = {}
    for key in (*primary, *unique, *_read_unique_keys(properties.get("uniqueKeys"), problems)):
        _check_columns(key, types, problems)
        columns = frozenset(key.columns)
        merged[columns] = _merge(merged[columns], key, problems) if columns in merged else key
    keys = tuple(
        KeyDefinition(key.columns, key.tolerance.threshold or Fraction(0), key.tolerance.severity or Severity.ERROR)
        for key in merged.values()
    )
    return DeclaredKeys(keys, primary[0].columns if primary else ())


def _read_primary(raw: Any, problems: Problems) -> list[_DeclaredKey]:  # noqa: ANN401 - any JSON value
    if raw is None or raw in ([], ""):
        return []
    key = _read_key(raw, Tolerance(), "primaryKey", problems)
    return [key] if key else []


def _read_unique_keys(raw: Any, problems: Problems) -> list[_DeclaredKey]:  # noqa: ANN401 - any JSON value
    outer = Tolerance()
    if isinstance(raw, dict):
        properties = read_properties(raw, _SPELLINGS, "uniqueKeys", problems, _IGNORED)
        outer = read_tolerance(properties, "uniqueKeys", problems)
        raw = properties.get("columns", raw)
    if raw is None:
        return []
    if not isinstance(raw, list):
        problems.add("uniqueKeys", f"is {kind_of(raw)}; expected a list of lists of field names")
        return []
    keys = [_read_key(item, outer, f"uniqueKeys[{index}]", problems) for index, item in enumerate(raw)]
    return [key for key in keys if key]


def _read_key(
    raw: Any,  # noqa: ANN401 - any JSON value
    outer: Tolerance,
    place: str,
    problems: Problems,
) -> _DeclaredKey | None:
    """Read one key: a field name, a list of names, or an object with either as its value."""
    if isinstance(raw, dict):
        properties = read_properties(raw, _SPELLINGS, place, problems, _IGNORED)
        outer = read_tolerance(properties, place, problems).over(outer)
        raw = properties.get("columns", raw)
    names = [raw] if isinstance(raw, str) else raw
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        problems.add(place, f"is {shown(raw)}; expected a field name or a list of field names")
        return None
    return _DeclaredKey(place, tuple(name.strip() for name in names), outer)


def _check_columns(key: _DeclaredKey, types: Mapping[str, FieldType], problems: Problems) -> None:
    seen = set()
    for column in key.columns:
        if column in seen:
            problems.add(key.place, f"names {shown(column)} twice; expected each field once")
        elif column not in types:
            problems.add(key.place, f"names {shown(column)}, which is no declared field{suggestion(column, types)}")
        elif types[column] in _NESTED:
            problems.add(key.place, f"names {shown(column)}, whose type {types[column].value} cannot be compared")
        seen.add(column)


def _merge(first: _DeclaredKey, second: _DeclaredKey, problems: Problems) -> _DeclaredKey:
    """Make one key of two: what only one of them says holds, of two different words the stricter."""
    one, two = first.tolerance, second.tolerance
    thresholds = [threshold for threshold in (one.threshold, two.threshold) if threshold is not None]
    severities = [severity for severity in (one.severity, two.severity) if severity is not None]
    if len(set(thresholds)) > 1 or len(set(severities)) > 1:
        columns = ", ".join(first.columns)
        sentence = f"the key {columns} is declared twice with different tolerances; the stricter holds"
        problems.warn(second.place, sentence)
    tolerance = Tolerance(min(thresholds, default=None), max(severities, key=_RANKS.__getitem__, default=None))
    return replace(first, tolerance=tolerance)
