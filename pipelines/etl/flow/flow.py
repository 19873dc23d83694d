"""A flow, as frozen data: what is read, what a good row is, what becomes of it, and where it goes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, TypeAlias

from dq import SchemaDefinition
from pipelines.etl.flow.bound_query import BoundQuery
from pipelines.transforms.silver_columns import SilverColumns

#: What a load does with rows: changes those of equal keys; also deletes what the day has no more; appends, once a day.
Mode: TypeAlias = Literal["upsert", "replace_day", "append_once"]


@dataclass(frozen=True, slots=True)
class Source:
    """What is read.

    Attributes:
        url: the setting that names the database.
        query: what is asked of it.
        partition_on: the column by whose hash two connections share the rows, where they are many and the same to both.
        partitions: with 1 they are not shared; other numbers are those of readers by ranges, and two connections read.
    """

    url: str
    query: BoundQuery
    partition_on: str | None = None
    partitions: int | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """Where rows go.

    Attributes:
        url: the setting that names the warehouse.
        schema: of the table.
        table: its name.
        key: the columns that tell rows apart; none where rows are appended.
        mode: what becomes of rows that are there.
        day: the column that says which day a row is of, where days are replaced.
    """

    url: str
    schema: str
    table: str
    key: tuple[str, ...]
    mode: Mode = "upsert"
    day: str | None = None

    @property
    def name(self) -> str:
        """The table as people write it."""
        return f"{self.schema}.{self.table}"


@dataclass(frozen=True, slots=True)
class Gate:
    """When rows may go on: the share of them that may fail (the others are rejected), and the least score."""

    max_failed_share: Fraction = Fraction(0)
    min_score: int = 80


@dataclass(frozen=True, slots=True)
class Flow:
    """A whole flow. `digests` are those of what its file says for a step, by the names of the steps."""

    name: str
    source: Source
    definition: SchemaDefinition
    silver: SilverColumns
    target: Target
    gate: Gate
    digests: tuple[tuple[str, str], ...]

    def digest(self, step: str) -> str:
        """Tell what the file says for a step, as a digest."""
        return dict(self.digests)[step]


def digest_of(*parts: Any) -> str:  # noqa: ANN401 - any JSON value
    """Give a digest of JSON values, the same for the same ones in every process."""
    written = json.dumps(parts, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(written.encode()).hexdigest()
