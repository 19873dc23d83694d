"""Whether rows may go on to their table, decided by their verdict and by how many of them fail."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from pipelines.etl.flow.flow import Gate

if TYPE_CHECKING:
    from dq import SchemaDefinition, Verdict

_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Counted:
    """Rows that were read, and those among them that fail."""

    rows: int
    rejected: int

    @property
    def share(self) -> Fraction:
        """The share that fails."""
        return Fraction(self.rejected, self.rows) if self.rows else Fraction(0)


def breaks_rows(verdict: Verdict, definition: SchemaDefinition, columns: Collection[str]) -> bool:
    """Tell whether some of the failing rules are about rows, so that it has to be found out which."""
    return len(_beyond_rows(verdict, definition, columns)) < len(_failed(verdict, ("error", "critical")))


def reasons_to_stop(
    verdict: Verdict, definition: SchemaDefinition, columns: Collection[str], counted: Counted, gate: Gate
) -> tuple[str, ...]:
    """Say why nothing may go on; an empty answer lets the rows pass that do not fail.

    Args:
        verdict: on all rows.
        definition: what they were held against.
        columns: that they have.
        counted: how many fail.
        gate: what the flow allows.
    """
    reasons = [f"a critical rule failed: {said}" for said in _told(_failed(verdict, ("critical",)))]
    reasons += [
        f"a rule that no row can be left out for failed: {said}"
        for said in _told(_beyond_rows(verdict, definition, columns))
    ]
    if counted.share > gate.max_failed_share:
        allowed = f"{float(gate.max_failed_share):.2%} may" if gate.max_failed_share else "none may"
        share = f"{counted.rejected:,} of {counted.rows:,} rows fail ({float(counted.share):.2%}), and {allowed}"
        reasons.append(f"{share}: {', '.join(_told(_failed(verdict, ('error', 'critical'))))}")
    if verdict.score < gate.min_score:
        reasons.append(f"the score is {verdict.score}, and {gate.min_score} is the least")
    if not reasons and not verdict.passed:
        reasons.append(f"the verdict failed: {verdict.failed_validation_message}")
    return tuple(dict.fromkeys(reasons))


def _failed(verdict: Verdict, severities: Collection[str]) -> list[dict[str, object]]:
    return [dict(rule) for rule in verdict.failed_validation_rules if rule["severity"] in severities]


def _beyond_rows(verdict: Verdict, definition: SchemaDefinition, columns: Collection[str]) -> list[dict[str, object]]:
    """Give the failing rules about the whole of the rows: how many they are, how old, which columns they have."""
    whole = {name for name, _ in definition.file_rules}
    declared = {field.name for field in definition.fields}
    return [
        rule
        for rule in _failed(verdict, ("error",))
        if rule["rule"] in whole or (rule["column"] and (rule["column"] in declared) != (rule["column"] in columns))
    ]


def _told(rules: list[dict[str, object]]) -> list[str]:
    said = [f"{rule['column']}: {rule['rule']}" if rule["column"] else str(rule["rule"]) for rule in rules]
    return said[:_MOST_NAMED]
