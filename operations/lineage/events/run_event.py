"""What is told of one run: what it read, what it wrote, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from operations.lineage.events.places import Place

#: `ABORT` is what may go well later, `FAIL` what needs somebody's hand.
State: TypeAlias = Literal["COMPLETE", "FAIL", "ABORT"]


@dataclass(frozen=True, slots=True)
class Field:
    """A column: its name, and its type as its owner calls it, where that is known."""

    name: str
    type: str | None


@dataclass(frozen=True, slots=True)
class ColumnMetrics:
    """The figures of a column; `least`, `most` and quantiles (by their share) of numbers alone."""

    name: str
    count: int | None
    nulls: int | None
    distinct: int | None
    least: float | None = None
    most: float | None = None
    quantiles: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Assertion:
    """What was asked of a dataset, and whether it holds; counts, never values."""

    rule: str
    holds: bool
    column: str | None = None
    severity: str | None = None
    expected: str | None = None
    actual: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Input:
    """What was read.

    Attributes:
        place: which dataset.
        version: of it.
        fields: its columns, None where they are not known.
        rows: that were read of it.
        size: in bytes.
        columns: figures of its columns; None where nobody counted.
        assertions: what was asked of it; None where nothing was.
    """

    place: Place
    version: str | None = None
    fields: tuple[Field, ...] | None = None
    rows: int | None = None
    size: int | None = None
    columns: tuple[ColumnMetrics, ...] | None = None
    assertions: tuple[Assertion, ...] | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """What was written: rows of a dataset, `version` is that which it has by them."""

    place: Place
    version: str | None = None
    fields: tuple[Field, ...] | None = None
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Parent:
    """The run that this one was a step of."""

    run_id: UUID
    job: str


@dataclass(frozen=True, slots=True)
class RunEvent:
    """One run that has ended.

    Attributes:
        run_id: the same whenever the same line is told.
        job: what was carried out.
        state: how it ended.
        began: when, aware.
        ended: when, aware.
        parent: whose step it was.
        inputs: what it read.
        outputs: what it wrote.
        error: why it did not go well, for people.
    """

    run_id: UUID
    job: str
    state: State
    began: datetime
    ended: datetime
    parent: Parent | None = None
    inputs: tuple[Input, ...] = ()
    outputs: tuple[Output, ...] = ()
    error: str | None = None
