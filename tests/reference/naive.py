"""A scorer anyone can check by reading: loops over rows, exact fractions, nothing imported from `dq`.

It understands the canonical form of a definition (fields as a list; constraints plain or as objects) and follows
the description of the metrics word by word. The product has to give the same deductions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction
from typing import Any

from tests.reference.expressions import asked, trees_of
from tests.reference.grammar import BAD, Moment, value_of_text
from tests.reference.naive_table import NULL, Table, read_table, type_of

WEIGHTS = {"schema": 40, "format": 35, "completeness": 20, "bounds": 15, "uniqueness": 10}
METRICS = {
    "schema": "schemaValidation",
    "format": "formatParsing",
    "completeness": "completeness",
    "bounds": "boundsRange",
    "uniqueness": "uniqueness",
}
BOUNDS = ("min", "max", "enum", "pattern", "minLength", "maxLength")
RANKS = ["warning", "error", "critical"]
#: When the run of every file begins that is scored here.
RUN = datetime(2024, 3, 1, 12, tzinfo=timezone.utc)
AGES = {
    "36h": timedelta(hours=36),
    "1d": timedelta(days=1),
    "2d": timedelta(days=2),
    "1w": timedelta(days=7),
    "2000d": timedelta(days=2000),
}


@dataclass
class Rule:
    """One rule that ran, or could not run (`checked` is None then)."""

    severity: str
    failed: int = 0
    checked: int | None = 0
    threshold: Fraction = Fraction(0)

    @property
    def ran(self) -> bool:
        return self.checked is not None

    @property
    def broken(self) -> bool:
        """Beyond its threshold, whatever the severity."""
        return bool(self.checked) and Fraction(self.failed, self.checked or 1) > self.threshold

    @property
    def fails(self) -> bool:
        return self.broken and self.severity != "warning"


@dataclass
class NaiveVerdict:
    """What the product has to say too."""

    deductions: dict[str, Fraction] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    metric_passed: dict[str, bool] = field(default_factory=dict)
    score: int = 100
    passed: bool = True
    critical: bool = False


def score_naively(data: bytes, definition: dict[str, Any] | None, kind: str = "csv") -> NaiveVerdict:
    """Score the bytes of a CSV (`csv`) or JSON Lines (`jsonl`) file."""
    table = read_table(data, definition, kind)
    scoring = (definition or {}).get("scoring", {})
    weights = {name: Fraction(str(scoring.get("weights", {}).get(name, default))) for name, default in WEIGHTS.items()}
    mode = scoring.get("mode", "proportional")
    verdict = NaiveVerdict()
    for name, (share, rules) in dimensions(table, definition).items():
        verdict.deductions[name] = weights[name] * lost(mode, share, rules)
        critical = [rule for rule in rules if rule.severity == "critical"]
        verdict.critical = verdict.critical or any(rule.broken or not rule.ran for rule in critical)
        status = "not_run"
        if any(rule.ran for rule in rules):
            status = "failed" if any(rule.fails for rule in rules) else "passed"
        verdict.statuses[METRICS[name]] = status
        verdict.metric_passed[METRICS[name]] = status == "passed" or not rules
    verdict.score = max(0, min(100, round(100 - sum(verdict.deductions.values()))))
    pass_score = Fraction(str(scoring.get("passScore", 80)))
    verdict.passed = verdict.score >= pass_score and not verdict.critical
    return verdict


def lost(mode: str, share: Fraction, rules: list[Rule]) -> Fraction:
    """Give the lost part of a weight."""
    failing = sum(1 for rule in rules if rule.fails)
    if mode == "proportional":
        return min(Fraction(1), share)
    if mode == "by_rule":
        ran = sum(1 for rule in rules if rule.ran)
        return Fraction(failing, ran) if ran else Fraction(0)
    return Fraction(1) if failing else Fraction(0)


def dimensions(table: Table, definition: dict[str, Any] | None) -> dict[str, tuple[Fraction, list[Rule]]]:
    """Give, per dimension, the proportional share and the rules."""
    fields = (definition or {}).get("fields", [])
    measured = {
        "schema": schema(table, fields, strict=(definition or {}).get("strict", False)),
        "format": file_format(table),
        "completeness": completeness(table, definition or {}, fields),
        "bounds": bounds(table, definition or {}, fields),
        "uniqueness": uniqueness(table, definition or {}, fields),
    }
    nothing_parsed = bool(table.malformed) and not table.rows
    if table.unparsable or table.no_header or nothing_parsed:
        for name in measured:
            if name != "format" and not (nothing_parsed and name == "schema"):
                rules = [Rule(rule.severity, checked=None) for rule in measured[name][1]]
                measured[name] = (Fraction(0), rules)
    return measured


def file_format(table: Table) -> tuple[Fraction, list[Rule]]:
    if table.unparsable or table.no_header:
        return Fraction(1), [Rule("error", 1, 1)]
    read = len(table.rows) + len(table.malformed)
    rule = Rule("error", len(table.malformed), read)
    return Fraction(len(table.malformed), read) if read else Fraction(0), [rule]


def schema(table: Table, fields: list[dict[str, Any]], *, strict: bool) -> tuple[Fraction, list[Rule]]:
    rules = []
    for declared in fields:
        name = declared["name"].strip()
        threshold, severity = tolerance(declared.get("type"), declared)
        if name not in table.columns or name in table.repeated:
            rules.append(Rule(severity, 1, 1))
            continue
        if table.malformed and not table.rows:
            rules.append(Rule(severity, checked=None))
            continue
        cells = [row[name].value for row in table.rows if row[name].value is not NULL]
        bad = sum(1 for value in cells if value is BAD)
        rules.append(Rule(severity, bad, len(cells), threshold))
    failing = sum(1 for rule in rules if rule.fails)
    if strict:
        names = {declared["name"].strip() for declared in fields}
        extra = [name for name in table.columns if name not in names and table.again.get(name) not in names]
        rules.append(Rule("error", len(extra), max(1, len(extra))))
        failing += len(extra)
    if table.malformed and not table.rows and not failing:
        rules = [Rule(rule.severity, checked=None) for rule in rules]
    return Fraction(failing, len(fields)) if fields else Fraction(0), rules


def completeness(table: Table, definition: dict[str, Any], fields: list[dict[str, Any]]) -> tuple[Fraction, list[Rule]]:
    rules = []
    cells = nulls = 0
    for declared in fields:
        name = declared["name"].strip()
        required = declared.get("required")
        if not value_in(required) and name not in primary(definition):
            continue
        threshold, severity = tolerance(required if value_in(required) else None, declared)
        if name not in table.columns:
            rules.append(Rule(severity, checked=None))
            continue
        null = sum(1 for row in table.rows if row[name].value is NULL)
        rule = Rule(severity, null, len(table.rows), threshold)
        rules.append(rule)
        cells += len(table.rows)
        nulls += null if rule.fails else 0
    fields_there = sum(1 for rule in rules if rule.ran)
    of_files = whole_file(table, definition)
    files_ran = sum(1 for rule in of_files if rule.ran)
    share = Fraction(nulls, cells) if cells else Fraction(0)
    broken = sum(1 for rule in of_files if rule.fails)
    parts = fields_there + files_ran
    return (fields_there * share + broken) / parts if parts else Fraction(0), rules + of_files


def whole_file(table: Table, definition: dict[str, Any]) -> list[Rule]:
    """Rules that a file keeps to or not: how many rows it has, and how old its newest value is when its run begins."""
    rules = []
    if "rowCount" in definition:
        said = definition["rowCount"]
        limits = value_in(said) if "value" in said else said
        rows = len(table.rows)
        kept = limits.get("min", 0) <= rows <= limits.get("max", rows)
        rules.append(Rule(said.get("severity", "error"), int(not kept), 1, Fraction(str(said.get("threshold", 0)))))
    if "freshness" in definition:
        said = definition["freshness"]
        severity, threshold = said.get("severity", "error"), Fraction(str(said.get("threshold", 0)))
        name = said["field"]
        if name not in table.columns:
            rules.append(Rule(severity, checked=None))
        else:
            values = [row[name].value for row in table.rows if row[name].value not in (NULL, BAD)]
            stale = not values or age_at_run(max(values)) > AGES[said["maxAge"]]
            rules.append(Rule(severity, int(stale), 1, threshold))
    return rules


def age_at_run(value: date | Moment) -> timedelta:
    """Tell how much older than the run a value is: a date counts in days."""
    value = value.at if isinstance(value, Moment) else value
    if isinstance(value, datetime):
        return RUN - (value if value.tzinfo else value.replace(tzinfo=timezone.utc))
    return RUN.date() - value


def bounds(table: Table, definition: dict[str, Any], fields: list[dict[str, Any]]) -> tuple[Fraction, list[Rule]]:
    rules = []
    failing_cells = checked_cells = 0
    for declared in fields:
        name = declared["name"].strip()
        names = [rule for rule in BOUNDS if rule in declared]
        if name not in table.columns:
            rules += [Rule(tolerance(declared[rule], declared)[1], checked=None) for rule in names]
            continue
        cells = [row[name] for row in table.rows if row[name].value is not NULL and row[name].value is not BAD]
        failing = []
        for rule_name in names:
            threshold, severity = tolerance(declared[rule_name], declared)
            broken = sum(1 for cell in cells if breaks(cell.value, cell.text, rule_name, declared))
            rule = Rule(severity, broken, len(cells), threshold)
            rules.append(rule)
            failing += [rule_name] if rule.fails else []
        checked_cells += len(cells) if names else 0
        failing_cells += sum(
            1 for cell in cells if any(breaks(cell.value, cell.text, rule_name, declared) for rule_name in failing)
        )
    for row_rule in definition.get("rows", []):
        counts = row_counts(table, definition, row_rule)
        threshold, severity = tolerance(row_rule, {})
        if counts is None:
            rules.append(Rule(severity, checked=None))
            continue
        rule = Rule(severity, *counts, threshold)
        rules.append(rule)
        failing_cells += rule.failed if rule.fails else 0
        checked_cells += counts[1]
    return Fraction(failing_cells, checked_cells) if checked_cells else Fraction(0), rules


def row_counts(table: Table, definition: dict[str, Any], rule: dict[str, Any]) -> tuple[int, int] | None:
    """Count the rows that break a rule over their cells, and those it could be asked of; None without its columns."""
    fields = {field["name"].strip(): field["type"] for field in definition["fields"]}
    tree, when = trees_of(rule, fields)
    if not columns_in(tree) | (columns_in(when) if when else set()) <= set(table.columns):
        return None
    answers = []
    for row in table.rows:
        values = {name: cell.value for name, cell in row.items()}
        if when is None or asked(when, values, NULL, BAD) is True:
            answers.append(asked(tree, values, NULL, BAD))
    return answers.count(False), len(answers) - answers.count(None)


def columns_in(tree: list[Any]) -> set[str]:
    """The columns a condition names."""
    if isinstance(tree[0], str) and tree[0] in {"column", "null"}:
        return {tree[1]}
    if tree[0] == "literal":
        return set()
    return {name for part in tree if isinstance(part, list) and part for name in columns_in(part)}


def breaks(value: Any, text: str, rule_name: str, declared: dict[str, Any]) -> bool:  # noqa: ANN401
    kind, pattern = type_of(declared)
    argument = value_in(declared[rule_name])
    if rule_name in {"minLength", "maxLength"}:
        return bool(len(text) < argument if rule_name == "minLength" else len(text) > argument)
    if rule_name == "pattern":
        return re.fullmatch(argument, text) is None
    if rule_name == "enum":
        return value not in (argument_of(each, kind, pattern) for each in argument)
    limit = argument_of(argument, kind, pattern)
    return bool(value < limit if rule_name == "min" else value > limit)


def argument_of(argument: Any, kind: str, pattern: str | None) -> Any:  # noqa: ANN401
    """Give a rule's argument as a value of the field: its own format first, then the plain grammar."""
    text = str(argument).lower() if isinstance(argument, bool) else str(argument)
    value = value_of_text(text, kind, pattern)
    return value_of_text(text, kind, None) if value is BAD else value


def uniqueness(table: Table, definition: dict[str, Any], fields: list[dict[str, Any]]) -> tuple[Fraction, list[Rule]]:
    rules = []
    shares = []
    for columns, (threshold, severity) in keys(definition, fields):
        if any(name not in table.columns for name in columns):
            rules.append(Rule(severity, checked=None))
            continue
        seen = set()
        full = repeated = 0
        for row in table.rows:
            if any(row[name].value is NULL for name in columns):
                continue
            key = tuple(
                ("text", row[name].text) if row[name].value is BAD else ("value", row[name].value) for name in columns
            )
            full += 1
            repeated += key in seen
            seen.add(key)
        rule = Rule(severity, repeated, full, threshold)
        rules.append(rule)
        shares.append(Fraction(repeated, full) if rule.fails else Fraction(0))
    return sum(shares, Fraction(0)) / len(shares) if shares else Fraction(0), rules


def keys(
    definition: dict[str, Any], fields: list[dict[str, Any]]
) -> list[tuple[tuple[str, ...], tuple[Fraction, str]]]:
    """Give every key once, with its threshold and severity: the stricter of what was said about it, if anything."""
    declared: list[tuple[tuple[str, ...], Any, Any]] = []
    if primary(definition):
        declared.append((primary(definition), *said(definition["primaryKey"])))
    for each in fields:
        if value_in(each.get("unique")):
            threshold, severity = said(each["unique"])
            threshold = each.get("threshold") if threshold is None else threshold
            severity = each.get("severity") if severity is None else severity
            declared.append(((each["name"].strip(),), threshold, severity))
    declared += [(names_in(each), *said(each)) for each in definition.get("uniqueKeys", [])]
    merged: dict[frozenset[str], list[tuple[tuple[str, ...], Any, Any]]] = {}
    for key in declared:
        merged.setdefault(frozenset(key[0]), []).append(key)
    found = []
    for same in merged.values():
        thresholds = [Fraction(str(threshold)) for _, threshold, _ in same if threshold is not None]
        severities = [severity for _, _, severity in same if severity is not None]
        strictest = max(severities, key=RANKS.index) if severities else "error"
        found.append((same[0][0], (min(thresholds, default=Fraction(0)), strictest)))
    return found


def primary(definition: dict[str, Any]) -> tuple[str, ...]:
    return names_in(definition["primaryKey"]) if definition.get("primaryKey") else ()


def names_in(key: Any) -> tuple[str, ...]:  # noqa: ANN401
    names = value_in(key)
    return tuple(name.strip() for name in ([names] if isinstance(names, str) else names))


def value_in(constraint: Any) -> Any:  # noqa: ANN401
    return constraint["value"] if isinstance(constraint, dict) else constraint


def said(constraint: Any) -> tuple[Any, Any]:  # noqa: ANN401
    """Give threshold and severity as far as the constraint itself names them."""
    if not isinstance(constraint, dict):
        return None, None
    return constraint.get("threshold"), constraint.get("severity")


def tolerance(constraint: Any, declared: dict[str, Any]) -> tuple[Fraction, str]:  # noqa: ANN401
    """Give threshold and severity of a rule: its own, else those of the field, else 0 and error."""
    threshold, severity = said(constraint)
    threshold = declared.get("threshold", 0) if threshold is None else threshold
    severity = declared.get("severity", "error") if severity is None else severity
    return Fraction(str(threshold)), severity
