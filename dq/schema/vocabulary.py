"""What a definition may say beyond its fields: the names come from above, for here nobody knows what is measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from dq.schema.definition import ScoringMode

if TYPE_CHECKING:
    from dq.schema.definition import FieldDefinition
    from dq.schema.format_names import FormatNames
    from dq.schema.loading.problems import Problems


@dataclass(frozen=True, slots=True)
class WeightName:
    """One weight of `scoring.weights`: its key, another name for it, and its points unless a definition says others."""

    key: str
    synonym: str
    points: Fraction


@dataclass(frozen=True, slots=True)
class SchemeName:
    """One kind of place that keys are read from: how a text that names one begins, an example, and whether it is one.

    `fits` is asked of what stands behind the beginning.
    """

    start: str
    example: str
    fits: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names that a definition may use.

    The weights there are, in the order of a verdict, the readers of whole-file rules by their names, the formats, and
    the kinds of places that keys are read from. `mode` is how a definition is scored that does not say it.
    A reader turns the JSON of its rule into a frozen argument, or notes what is wrong with it and gives None.
    """

    weights: tuple[WeightName, ...] = ()
    file_rules: Mapping[str, Callable[[Any, Sequence[FieldDefinition], Problems], Any]] | None = None
    formats: Sequence[FormatNames] = ()
    reference_schemes: Sequence[SchemeName] = ()
    mode: ScoringMode = ScoringMode.PROPORTIONAL
