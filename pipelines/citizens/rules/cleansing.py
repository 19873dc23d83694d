"""From steps of `pipelines.transforms` to functions of one series."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pyarrow as pa

from dq import Problems
from pipelines.transforms.normalize import normalized
from pipelines.transforms.read_steps import read_steps

#: Which rules these are. Raised when a rule comes to make another value of a text, so that workbooks that stopped are
#: looked at again.
RULES_VERSION: Final = 1
#: Takes a `pa.string()` array and gives one of the same length; nulls stay nulls.
Rule = Callable[[pa.StringArray], pa.StringArray]


def rule(*steps: Any) -> Rule:  # noqa: ANN401 - steps as definitions write them
    """Make a rule of steps that are taken in their order.

    Raises:
        ValueError: one of them is not written as steps are.
    """
    problems = Problems()
    read = read_steps(list(steps), "steps", problems)
    if problems.found:
        raise ValueError("; ".join(problems.found))
    return lambda column: normalized(column, read).column


def tried(cleansed: Rule, *texts: str | None) -> list[str | None]:
    """Try a rule on a few texts."""
    found: list[str | None] = cleansed(pa.array(texts, pa.string())).to_pylist()
    return found
