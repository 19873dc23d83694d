"""A flow of records as data: where they come from, what a good one looks like, what becomes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from dq import SchemaDefinition
from pipelines.transforms.derived_column import DerivedColumn

#: The time of the batch as a column.
Now: TypeAlias = Literal["now"]


@dataclass(frozen=True, slots=True)
class Source:
    """The topic records are read from; the broker knows their reader by the name of `group`."""

    topic: str
    group: str


@dataclass(frozen=True, slots=True)
class Target:
    """Where good records go.

    Attributes:
        topic: of the records.
        key: which of the selected columns is their key; None: that of the record that came.
        table: of the lake, as `silver/NAME`; None: to no table.
    """

    topic: str
    key: str | None = None
    table: str | None = None


@dataclass(frozen=True, slots=True)
class Quality:
    """Whose file the hours of the stream are runs of."""

    agency: str
    file: str


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow.

    Attributes:
        name: tells it from others, in the ledger too.
        source: where records come from.
        definition: what a good record looks like.
        derive: columns made from the declared fields.
        stamped: columns that hold the time of the batch.
        select: what is sent on: the name there, and the column here.
        target: where good records go.
        dead_letters: the topic of all others.
        quality: whose verdicts these are; None: no verdict is made.
    """

    name: str
    source: Source
    definition: SchemaDefinition
    derive: tuple[DerivedColumn, ...]
    stamped: tuple[str, ...]
    select: tuple[tuple[str, str], ...]
    target: Target
    dead_letters: str
    quality: Quality | None = None
