"""A score that dropped, with the rules that explain it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from operations.observations.files.observation import Observation

_MOST_NAMED = 3

Rules: TypeAlias = "Sequence[Mapping[str, Any]] | None"


def explained(found: Observation, now: Rules, before: Rules) -> Observation:
    """Add the rules that failed for more of what they looked at than in the run before, the most first.

    Args:
        found: about a score.
        now: the failed rules of its run, as they are stored with the verdict; None where they are not.
        before: those of the run before.
    """
    if now is None:
        return found
    earlier = {_name(rule): _rate(rule) for rule in before or ()}
    worse = sorted(
        ((_rate(rule) - earlier.get(_name(rule), 0.0), _name(rule), rule) for rule in now if _is_rule(rule)),
        key=lambda one: (-one[0], one[1]),
    )
    told = [f"{_words(rule)}, {earlier.get(name, 0.0):.1%} before" for more, name, rule in worse if more > 0][
        :_MOST_NAMED
    ]
    return replace(found, reason=f"{found.reason}; {'; '.join(told)}") if told else found


def _is_rule(rule: Mapping[str, Any]) -> bool:
    return isinstance(rule.get("failed"), int) and isinstance(rule.get("checked"), int)


def _name(rule: Mapping[str, Any]) -> tuple[str, str, str]:
    return str(rule.get("dimension")), str(rule.get("rule")), str(rule.get("column") or "")


def _rate(rule: Mapping[str, Any]) -> float:
    failed, checked = rule.get("failed") or 0, rule.get("checked") or 0
    return (
        failed / checked
        if isinstance(failed, int) and isinstance(checked, int) and checked > 0
        else float(bool(failed))
    )


def _words(rule: Mapping[str, Any]) -> str:
    column = f" of {rule['column']}" if rule.get("column") else ""
    return f"{rule.get('rule')}{column}: {rule['failed']:,} of {rule['checked']:,} failed"
