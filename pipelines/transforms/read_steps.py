"""From the JSON of a column's steps to `NormalizeStep`s, with everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from dq import Problems, fold, kind_of, shown, suggestion
from pipelines.transforms.step import NormalizeStep
from pipelines.transforms.steps import STEPS

_EXAMPLE: Final = '["trim", {"pad": [5, "0"]}]'
_FOLDED: Final = {fold(name): name for name in STEPS}


def read_steps(raw: Any, place: str, problems: Problems) -> tuple[NormalizeStep, ...]:  # noqa: ANN401 - any JSON value
    """Read the steps of one column: a list of names and of objects `{name: argument}`; one alone needs no list."""
    steps = [raw] if isinstance(raw, (str, dict)) else raw
    if not isinstance(steps, list):
        problems.add(place, f"is {kind_of(raw)}; expected a list of steps such as {_EXAMPLE}")
        return ()
    return tuple(_read(steps, place, problems))


def _read(steps: list[Any], place: str, problems: Problems) -> Iterator[NormalizeStep]:
    for number, raw in enumerate(steps, 1):
        here = f"{place}, step {number}" if len(steps) > 1 else place
        named = _name_and_argument(raw, here, problems)
        step = None if named is None else _step(*named, here, problems)
        if step is not None:
            yield step


def _name_and_argument(raw: Any, place: str, problems: Problems) -> tuple[str, Any] | None:  # noqa: ANN401
    match raw:
        case str():
            return raw, None
        case dict() if len(raw) == 1:
            ((name, argument),) = raw.items()
            return str(name), argument
    problems.add(place, f"is {shown(raw)}; expected the name of a step, or an object of one name and its argument")
    return None


def _step(said: str, argument: Any, place: str, problems: Problems) -> NormalizeStep | None:  # noqa: ANN401
    name = _FOLDED.get(fold(said.strip()))
    if name is None:
        expected = f"expected one of {', '.join(STEPS)}{suggestion(said, STEPS)}"
        problems.add(place, f"{shown(said)} is no step; {expected}")
        return None
    kind, place = STEPS[name], f"{place}, {name}"
    if kind.read is None:
        if argument not in (None, True):
            problems.add(place, f'takes no argument, but has {shown(argument)}; expected "{name}"')
        return NormalizeStep(name)
    if argument is None and kind.bare is not None:
        return NormalizeStep(name, kind.bare)
    if argument is None:
        problems.add(place, f"has no argument; expected something such as {kind.example}")
        return None
    read = kind.read(argument, place, problems)
    return None if read is None else NormalizeStep(name, read)
