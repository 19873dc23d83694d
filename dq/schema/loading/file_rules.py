"""Rules over a whole file: their tolerance is read here, the rest by whoever measures them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dq.schema.loading.constraints import Tolerance, read_tolerance
from dq.schema.loading.properties import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dq.schema.definition import FieldDefinition, Rule
    from dq.schema.loading.problems import Problems

_TOLERANCE: Final = frozenset({"threshold", "severity"})


def read_file_rule(
    name: str,
    raw: Any,  # noqa: ANN401 - any JSON value
    read: Callable[[Any, Sequence[FieldDefinition], Problems], Any],
    fields: Sequence[FieldDefinition],
    problems: Problems,
) -> Rule | None:
    """Read the rule `name` as `{..., "severity": "critical"}` or `{"value": {...}, "severity": "critical"}`."""
    tolerance = Tolerance()
    if isinstance(raw, dict):
        said = {fold(str(key)): value for key, value in raw.items() if fold(str(key)) in _TOLERANCE}
        tolerance = read_tolerance({key: value for key, value in said.items() if value is not None}, name, problems)
        rest = {key: value for key, value in raw.items() if fold(str(key)) not in _TOLERANCE}
        raw = rest["value"] if set(rest) == {"value"} else rest
    argument = read(raw, fields, problems)
    return None if argument is None else tolerance.rule(argument)
