"""What a step is: a name in a definition, an argument, and what it does to a column of texts."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dq import FieldType, Problems

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class NormalizeStep:
    """One step of a column: its name, and its argument as hashable data (None: it takes none)."""

    name: str
    argument: Hashable = None


@dataclass(frozen=True, slots=True)
class StepKind:
    """All that is to be known of a kind of step.

    `apply` takes a `pa.string()` array with nulls and the argument, and gives as many texts: nulls stay null, a text
    that the step cannot make sense of stays as it is. `read` turns the JSON of an argument into what `apply` takes, or
    notes at a place what is wrong with it and gives None; without it the step takes no argument. `bare`: what the step
    does when its name alone is written, None where it needs an argument. `example` is for who wrote it wrongly.
    `numbers`: numbers of files that have types are taken, too, as texts; other steps have nothing to do there.
    `leaves`: types whose values are what the step would make.
    """

    name: str
    apply: Callable[[pa.StringArray, Any], pa.StringArray]
    read: Callable[[Any, str, Problems], Hashable | None] | None = None
    bare: Hashable | None = None
    example: str = ""
    numbers: bool = False
    leaves: tuple[FieldType, ...] = ()
