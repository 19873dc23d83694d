"""What failed, as people read it: a heading, what to do about it, and the first offences."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dq.checks.plan import DIMENSIONS
from dq.profiling.cells.kinds import KINDS, TEXT
from dq.profiling.tally.offences import shortened
from dq.report.room import ROOMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dq.report.room import Room

#: So many rules have their examples on the page; those behind them cost less, and are listed.
MOST_SHOWN: Final = 40
_MOST_REASONS: Final = 5
_MOST_TO_DO: Final = 5
_METRICS: Final = {dimension.key: dimension.metric for dimension in DIMENSIONS}

#: By rule: what is wrong, and what to do about it. Rules with names of their own (`rows`) have the last line.
_SAID: Final = {
    "missing": ("the column is missing", "Add the column to the file, or take the field out of the definition."),
    "type": ("values are not of the declared type", "Write these values as the declared type, or declare another."),
    "repeated": ("the name is in the header more than once", "Give every column a name of its own."),
    "extra": ("columns that nobody declared", "Declare these columns, or leave them out of the file."),
    "unreadable": ("the file cannot be read", "Send the file again, in the format it claims."),
    "no_header": ("there is no header", "Put one line with the names of the columns on top."),
    "malformed_rows": ("rows cannot be parsed", "Quote values that hold the delimiter, and complete cut-off rows."),
    "unresolved_formulas": ("formulas without a result", "Save the workbook with its formulas calculated."),
    "layout": ("the table does not stand where it should", "Put the header in the first row, without merged cells."),
    "required": ("required values are missing", "Fill these cells, or let the field be empty."),
    "unique": ("values repeat that may occur once", "Take the repeated rows out, or widen the key."),
    "min": ("values below the minimum", "Correct these values, or lower the minimum."),
    "max": ("values above the maximum", "Correct these values, or raise the maximum."),
    "enum": ("values that are not among the allowed ones", "Correct these values, or allow them."),
    "pattern": ("values that do not match the pattern", "Correct these values, or widen the pattern."),
    "minLength": ("values that are too short", "Complete these values, or allow shorter ones."),
    "maxLength": ("values that are too long", "Shorten these values, or allow longer ones."),
    "references": ("values that the referred table does not have", "Add the keys there, or correct them here."),
    "rowCount": ("the number of rows is not as expected", "Find out whether rows were lost or sent twice."),
    "freshness": ("the data is older than allowed", "Find out why newer data did not come."),
}
_OF_ROWS: Final = ("rows contradict a rule", "Correct these rows, or the rule.")


@dataclass(frozen=True, slots=True)
class ExampleLine:
    """One offence: where it is, what it is, and why where that is said."""

    line: int | None
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One failed rule. `name` is what it is about, empty for the whole file; `anchor` leads to it on the page."""

    anchor: str
    name: str
    rule: str
    metric: str
    dimension: str
    severity: str
    what: str
    to_do: str
    failed: int
    checked: int
    rate: float
    deduction: float
    examples: tuple[ExampleLine, ...]
    reasons: tuple[tuple[str, int], ...]
    note: str

    @property
    def with_reasons(self) -> bool:
        """Whether any example says why it is one."""
        return any(one.reason for one in self.examples)


def findings(rules: Iterable[Mapping[str, Any]], room: Room = ROOMS[0]) -> tuple[Finding, ...]:
    """Read failed rules as they are kept, in their order, which is worst first; examples as there is room for."""
    return tuple(_finding(at, rule, room) for at, rule in enumerate(rules, 1))


def first_to_do(found: Sequence[Finding]) -> tuple[tuple[Finding, tuple[str, ...], float], ...]:
    """Give what to do first: alike findings together, with the names they are about and the points they cost.

    What fails the file whatever its score comes first, then what costs most.
    """
    together: dict[tuple[str, str], list[Finding]] = {}
    for each in found:
        if each.severity != "warning":
            together.setdefault((each.dimension, each.rule), []).append(each)
    groups = [
        (group[0], tuple(one.name for one in group if one.name), sum(one.deduction for one in group))
        for group in together.values()
    ]
    groups.sort(key=lambda group: (group[0].severity != "critical", -group[2]))
    return tuple(groups[:_MOST_TO_DO])


def _finding(at: int, rule: Mapping[str, Any], room: Room) -> Finding:
    name = str(rule["rule"])
    what, to_do = _SAID.get(name, _OF_ROWS)
    examples = rule.get("examples") or ()
    return Finding(
        anchor=f"f{at}",
        name=rule.get("column") or "",
        rule=name,
        metric=_METRICS.get(rule["dimension"], str(rule["dimension"])),
        dimension=str(rule["dimension"]),
        severity=str(rule["severity"]),
        what=what,
        to_do=to_do,
        failed=rule["failed"],
        checked=rule["checked"],
        rate=rule.get("rate", 0.0),
        deduction=rule["deduction"],
        examples=tuple(_example(each, room) for each in examples[: room.examples]) if at <= MOST_SHOWN else (),
        reasons=tuple((rule.get("reasons") or {}).items())[:_MOST_REASONS],
        note=rule.get("note", ""),
    )


def _example(example: object, room: Room) -> ExampleLine:
    if not isinstance(example, dict):
        return ExampleLine(None, shortened(str(example), room.characters), "")
    value, reason = example.get("value"), example.get("reason") or ""
    written = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if reason in KINDS:
        reason = "a text" if reason == TEXT else f"a {reason}"
    return ExampleLine(example.get("line"), shortened(written, room.characters), reason)
