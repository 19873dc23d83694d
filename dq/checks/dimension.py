"""What a dimension of quality is made of, and what a rule over a whole file is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from dq.checks.check import Check, CheckPlan
    from dq.checks.check_result import Measure
    from dq.profiling.summary.summary import FileSummary
    from dq.schema.definition import FieldDefinition, SchemaDefinition
    from dq.schema.loading.problems import Problems


@dataclass(frozen=True, slots=True)
class Dimension:
    """One aspect of quality, whole: its names, its weight, what it counts and how it is measured.

    `key` stands in `deductions`, in weights and at every check; `metric` is its key in `metrics`. `weight` is the most
    it deducts, in points of the score, unless a definition says otherwise. `derive` gives its checks, `measure` their
    results for a file. `sections` are the parts of the profile payload that show its details.
    """

    key: str
    metric: str
    weight: Fraction
    derive: Callable[[SchemaDefinition | None], tuple[Check, ...]]
    measure: Callable[[FileSummary, CheckPlan], Measure]
    sections: tuple[str, ...] = ()


class Kept(NamedTuple):
    """Whether a file keeps to a rule (None: that could not be told), and the sentence that says so when it does not.

    `measured` is what it was compared with; None where that is not known, or would tell a sensitive value.
    """

    kept: bool | None
    text: str = ""
    measured: object = None


@dataclass(frozen=True, slots=True)
class FileRule:
    """A rule over a whole file: it is kept or not, there is nothing in between. It counts for completeness.

    `name` is its property in a definition. `read` turns the JSON of that property, without its tolerance, into a frozen
    argument, or notes what is wrong with it and gives None; `write` gives that JSON again, the
    argument itself where nothing is said. `columns` are those it speaks of. `measure` compares a file with it.
    """

    name: str
    read: Callable[[Any, Sequence[FieldDefinition], Problems], Any]
    columns: Callable[[Any], tuple[str, ...]]
    measure: Callable[[FileSummary, CheckPlan, Any], Kept]
    write: Callable[[Any], Any] = lambda argument: argument
