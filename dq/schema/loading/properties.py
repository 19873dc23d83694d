"""Reading the properties of one JSON object: spellings folded, unknown ones named, JSON types held."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from dq.schema.loading.problems import Problems, kind_of, shown, suggestion

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

#: Beyond this power of ten a number is no threshold, weight or score, and its exact fraction would be huge.
_LARGEST_EXPONENT: Final = 400


def fold(name: str) -> str:
    """Bring `primaryKey`, `primary_key` and `primary-key` to one spelling."""
    return name.replace("_", "").replace("-", "").lower()


def read_properties(
    raw: Mapping[str, Any], spellings: Mapping[str, str], place: str, problems: Problems, ignored: Collection[str] = ()
) -> dict[str, Any]:
    """Give the known properties under their canonical names; null counts as not given.

    Args:
        raw: the JSON object.
        spellings: folded spelling to canonical name.
        place: how messages name this object.
        problems: unknown properties become warnings here, one property given twice with two values a problem.
        ignored: folded spellings that are known to have no effect and deserve no warning.
    """
    properties: dict[str, Any] = {}
    for key, value in raw.items():
        folded = fold(str(key))
        name = spellings.get(folded)
        if name is None:
            if folded not in ignored:
                hint = suggestion(str(key), spellings.values())
                problems.warn(place, f"{shown(key)} is not known and has no effect{hint}")
        elif value is not None:
            if name in properties and properties[name] != value:
                problems.add(place, f"{name} is given twice, as {shown(properties[name])} and {shown(value)}")
            properties[name] = value
    return properties


def read_flag(value: Any, what: str, place: str, problems: Problems) -> bool | None:  # noqa: ANN401 - any JSON value
    """Read true or false."""
    if isinstance(value, bool):
        return value
    problems.add(place, f"{what} is {shown(value)}; expected true or false")
    return None


def read_text(value: Any, what: str, place: str, problems: Problems) -> str | None:  # noqa: ANN401 - any JSON value
    """Read a text."""
    if isinstance(value, str):
        return value
    problems.add(place, f"{what} is {kind_of(value)}; expected a text")
    return None


def read_number(
    value: Any,  # noqa: ANN401 - any JSON value
    limits: tuple[int, int],
    what: str,
    place: str,
    problems: Problems,
) -> Fraction | None:
    """Read a number within `limits` (both included), exactly as it is written."""
    low, high = limits
    number = exact(value)
    if number is not None and low <= number <= high:
        return number
    problems.add(place, f"{what} is {shown(value)}; expected a number from {low} to {high}")
    return None


def exact(value: Any) -> Fraction | None:  # noqa: ANN401 - any JSON value
    """Give a JSON number as the fraction its decimal spelling names; None for anything else."""
    match value:
        case bool():
            return None
        case int():
            return Fraction(value)
        case float() if math.isfinite(value):
            return Fraction(repr(value))
        case Decimal() if value.is_finite() and abs(value.adjusted()) <= _LARGEST_EXPONENT:
            return Fraction(value)
        case _:
            return None
