"""What failed, worst first: the rules as they are stored, and the message people read."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from dq.checks.check_result import CheckResult, Status
from dq.checks.wording import MASK, visible
from dq.profiling.tally.offences import shortened
from dq.schema.definition import Severity
from dq.verdict.json_size import MAX_BYTES, encoded_size, fits
from dq.verdict.payload.values import example_value
from etl_core.storable import storable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dq.checks.check_result import Measure
    from dq.profiling.summary.summary import Example

#: At most so many examples for one rule, and so many characters of each; where there is not enough room, fewer.
MOST_EXAMPLES: Final = 10
_MOST_CHARACTERS: Final = 200
_SIZES: Final = ((MOST_EXAMPLES, _MOST_CHARACTERS), (MOST_EXAMPLES, 80), (3, 80), (3, 40), (3, 20))
_NO_EXAMPLE: Final = "no single row was kept as an example"
#: Reasons of malformed rows, the most frequent ones.
_MOST_REASONS: Final = 20
#: Characters of a column's name.
_MOST_NAME: Final = 1000
_RANKS: Final = {Severity.CRITICAL: 0, Severity.ERROR: 1, Severity.WARNING: 2}


@dataclass(frozen=True, slots=True)
class FailedRule:
    """A failed result and the points it costs."""

    result: CheckResult
    deduction: Fraction


def failed_rules(measures: Iterable[tuple[Measure, Sequence[Fraction]]]) -> tuple[FailedRule, ...]:
    """Give everything that failed: critical first, then by points, then by count; warnings last."""
    found = [
        FailedRule(result, deduction)
        for measure, deductions in measures
        for result, deduction in zip(measure.results, deductions, strict=True)
        if result.status is Status.FAILED
    ]
    return tuple(sorted(found, key=_worst_first))


def _worst_first(rule: FailedRule) -> tuple[int, Fraction, int]:
    return _RANKS[rule.result.check.severity], -rule.deduction, -rule.result.failed


def written_rules(failed: Sequence[FailedRule], most: int = MAX_BYTES) -> tuple[dict[str, Any], ...]:
    """Write the failed rules in `most` bytes as JSON; the deductions of all of them are those of the verdict.

    Where there is not enough room, examples become fewer and shorter, and then the last rules are left out.
    """
    written: tuple[dict[str, Any], ...] = ()
    for examples, characters in _SIZES:
        written = tuple(_rule(rule, examples, characters) for rule in failed)
        if fits(written, most):
            return written
    room, between = most - len("[]"), len(", ")
    for kept, rule in enumerate(written):
        room -= encoded_size(rule) + (between if kept else 0)
        if room < 0:
            return written[:kept]
    return written


def _rule(rule: FailedRule, most: int, characters: int) -> dict[str, Any]:
    result = rule.result
    columns = result.check.columns or (() if result.column is None else (result.column,))
    return {
        "rule": result.rule,
        "dimension": result.check.dimension,
        "column": None if result.column is None else _name(result.column),
        "columns": [_name(column) for column in columns],
        "severity": result.check.severity.value,
        "failed": result.failed,
        "checked": result.checked,
        "rate": result.failed / result.checked if result.checked else 0.0,
        "deduction": float(rule.deduction),
        "examples": [
            example_of(example, characters, of_row=result.of_whole_rows) for example in result.examples[:most]
        ],
        **({"reasons": dict(result.reasons[:_MOST_REASONS])} if result.reasons else {}),
        **({} if result.examples else {"note": result.why_no_example or _NO_EXAMPLE}),
    }


def _name(column: str) -> str:
    return shortened(storable(column), _MOST_NAME)


def example_of(example: Example, characters: int = _MOST_CHARACTERS, *, of_row: bool = False) -> dict[str, Any]:
    """Write one example: its line, null where it is not known, its value, and why it is one where there is a reason.

    Of a cell (not `of_row`) characters that cannot be seen are written as their code points.
    """

    def written(text: str) -> str:
        return shortened(storable(text), characters) if of_row else visible(text, characters)

    shown: dict[str, Any] = {"line": example.line, "value": example_value(example, written)}
    if example.text == MASK:
        shown["value"] = MASK
    return {**shown, "reason": example.reason} if example.reason else shown
