"""What one call asks of the engine, as far as its tasks have to know it."""

from __future__ import annotations

from dataclasses import dataclass, field

from dq.formats.limits import Limits
from dq.formats.registry import Formats, known_formats
from dq.profiling.row_rules.reference_keys import KnownReferences
from etl_core.objects.store import ObjectStore


@dataclass(frozen=True, slots=True)
class Assignment:
    """Where files are read from, within which limits, and what is wanted of each; travels to Spark's tasks.

    `keep_states`: its mergeable state, too. `judged`: its verdict instead of its figures.
    `formats`: what files may be; tasks know those that the driver knows. `references`: the keys that files refer to.
    """

    store: ObjectStore
    limits: Limits
    keep_states: bool = False
    judged: bool = False
    formats: Formats = field(default_factory=known_formats)
    references: KnownReferences = field(default_factory=dict, repr=False)
