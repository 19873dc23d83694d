"""Quality rules of ODCS as rules of a definition."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from dq import pattern_problem
from operations.contracts.conversion import ENGINE, rule_of, tolerant
from operations.contracts.whole_patterns import whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from open_data_contract_standard.model import DataQuality

    from operations.contracts.conversion import Notes

_SEVERITIES: Final = {
    **dict.fromkeys(("info", "low", "warning", "warn", "minor"), "warning"),
    **dict.fromkeys(("error", "medium", "high", "major"), "error"),
    **dict.fromkeys(("critical", "blocker", "fatal"), "critical"),
}
_HUNDRED: Final = Decimal(100)


def add_field_rules(
    rules: Iterable[DataQuality], field: dict[str, Any], definition: dict[str, Any], notes: Notes
) -> None:
    """Give a field what quality rules of its property ask of it."""
    place = f"field {field['name']}"
    for rule in rules:
        if rule.type == "custom" and rule.engine == ENGINE:
            _own_field_rule(rule, field, notes)
            continue
        tolerance = None if _metric(rule) is None else _tolerance(rule, notes, place)
        if tolerance is None:
            notes.lost(place, _said(rule))
            continue
        match _metric(rule):
            case "nullValues" | "missingValues":
                field["required"] = tolerant(True, tolerance)  # noqa: FBT003 - the rule's argument
                _missing(rule.arguments or {}, definition)
            case "duplicateValues":
                field["unique"] = tolerant(True, tolerance)  # noqa: FBT003 - as above
            case "invalidValues" if rule.arguments and set(rule.arguments) <= {"validValues", "pattern"}:
                if "validValues" in rule.arguments:
                    field["enum"] = tolerant(rule.arguments["validValues"], tolerance)
                if "pattern" in rule.arguments:
                    add_pattern(field, rule.arguments["pattern"], tolerance, notes)
            case _:
                notes.lost(place, _said(rule))


def add_pattern(field: dict[str, Any], pattern: object, tolerance: dict[str, Any], notes: Notes) -> None:
    """Give a field a pattern, written as one that is looked for, where RE2 can run it."""
    read = whole(str(pattern))
    problem = pattern_problem(read)
    if problem is None:
        field["pattern"] = tolerant(read, tolerance)
    else:
        notes.lost(f"field {field['name']}", f"a pattern that {problem}")


def add_object_rules(
    rules: Iterable[DataQuality], definition: dict[str, Any], columns: Mapping[str, str], notes: Notes
) -> None:
    """Give a definition what quality rules of the object ask; `columns`: of properties by their names."""
    for rule in rules:
        if rule.type == "custom" and rule.engine == ENGINE:
            _own_object_rule(rule, definition)
            continue
        metric = _metric(rule)
        if metric == "rowCount" and _row_count(rule, definition, notes):
            continue
        named = (rule.arguments or {}).get("properties")
        tolerance = _tolerance(rule, notes, "quality") if metric == "duplicateValues" else None
        if tolerance is not None and isinstance(named, list) and named:
            key = [columns.get(str(name), str(name)) for name in named]
            definition.setdefault("uniqueKeys", []).append({"columns": key, **tolerance} if tolerance else key)
        else:
            notes.lost("quality", _said(rule))


def _metric(rule: DataQuality) -> str | None:
    return rule.metric or rule.rule if rule.type in {None, "library"} else None


def _said(rule: DataQuality) -> str:
    """Name a rule for people, without what it compares values with."""
    what = rule.metric or rule.rule or rule.engine or rule.query or rule.description or ""
    return f"a quality rule of type {rule.type or 'library'} ({rule.name or what})"


def _tolerance(rule: DataQuality, notes: Notes, place: str) -> dict[str, Any] | None:
    """Read which failing share is tolerated; None where the rule compares in another way."""
    tolerance: dict[str, Any] = {}
    most = rule.mustBe if rule.mustBeLessOrEqualTo is None else rule.mustBeLessOrEqualTo
    if not isinstance(most, (int, float)) or isinstance(most, bool):
        return None
    if most:
        if (rule.unit or "rows") not in {"percent", "%"} or rule.mustBe is not None:
            return None
        tolerance["threshold"] = float(Decimal(repr(most)) / _HUNDRED)
    return {**tolerance, **_severity(rule, notes, place)}


def _severity(rule: DataQuality, notes: Notes, place: str) -> dict[str, Any]:
    if rule.severity is None:
        return {}
    severity = _SEVERITIES.get(rule.severity.lower())
    if severity is None:
        notes.lost(place, f"the severity {rule.severity!r} of {_said(rule)}, which is taken as error")
    return {} if severity in {None, "error"} else {"severity": severity}


def _missing(arguments: Mapping[str, Any], definition: dict[str, Any]) -> None:
    values = arguments.get("missingValues")
    if isinstance(values, list):
        known = definition.setdefault("missingValues", [""])
        known += [value for value in values if isinstance(value, str) and value not in known]


def _row_count(rule: DataQuality, definition: dict[str, Any], notes: Notes) -> bool:
    """Read limits of the number of rows; whether they are such."""
    limits: dict[str, Any] = {}
    if isinstance(rule.mustBe, int):
        limits = {"min": rule.mustBe, "max": rule.mustBe}
    elif rule.mustBeBetween is not None:
        limits = {"min": rule.mustBeBetween[0], "max": rule.mustBeBetween[1]}
    elif rule.mustBeGreaterOrEqualTo is not None:
        limits = {"min": rule.mustBeGreaterOrEqualTo}
    elif rule.mustBeGreaterThan is not None:
        limits = {"min": rule.mustBeGreaterThan + 1}
    elif rule.mustBeLessOrEqualTo is not None:
        limits = {"max": rule.mustBeLessOrEqualTo}
    elif rule.mustBeLessThan is not None:
        limits = {"max": rule.mustBeLessThan - 1}
    if not limits or not all(float(limit).is_integer() for limit in limits.values()):
        return False
    known = definition.setdefault("rowCount", {})
    known.update({name: int(limit) for name, limit in limits.items()} | _severity(rule, notes, "quality"))
    return True


def _own_field_rule(rule: DataQuality, field: dict[str, Any], notes: Notes) -> None:
    name, argument = _own(rule)
    if name == "type" and isinstance(argument, dict):
        field["type"] = tolerant(field.get("type", "any"), argument)
    elif name == "format" and isinstance(argument, dict):
        field["format"] = argument.get("value")
    elif isinstance(argument, dict) and "value" in argument:
        field[name] = tolerant(*rule_of(argument))
    else:
        notes.lost(f"field {field['name']}", _said(rule))


def _own_object_rule(rule: DataQuality, definition: dict[str, Any]) -> None:
    name, argument = _own(rule)
    if name in {"rows", "references"}:
        definition.setdefault(name, []).append(argument)
    else:
        definition[name] = argument


def _own(rule: DataQuality) -> tuple[str, Any]:
    implementation = rule.implementation if isinstance(rule.implementation, dict) else {}
    return str(implementation.get("rule")), implementation.get("argument")
