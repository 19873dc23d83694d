"""Columns and tables of the live database, as the catalogue shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Kind(Enum):
    """The families of types a column is expected to belong to, as `pg_type.typname` spells them."""

    IDENTIFIER = ("int2", "int4", "int8", "uuid")
    INTEGER = ("int2", "int4", "int8", "numeric")
    NUMBER = ("int2", "int4", "int8", "numeric", "float4", "float8")
    BOOLEAN = ("bool",)
    TEXT = ("text", "varchar", "bpchar", "citext")
    CHOICE = ("text", "varchar", "bpchar", "citext", "enum")
    JSON = ("jsonb", "json", "text")
    DATE = ("date",)
    MOMENT = ("timestamptz", "timestamp")
    DAY_OR_MOMENT = ("timestamptz", "timestamp", "date")


@dataclass(frozen=True, slots=True)
class Column:
    """One column. Domains are resolved to the type they are based on.

    `type` is `pg_type.typname`, or `enum`, `array`, `range`, `multirange`, `composite` for those; `labels` are an
    enum's; `max_length` is in characters; `has_default` includes identities and generated columns;
    `generated` columns can never be written; `unique` says that no two rows may share a value, `references` that a
    foreign key starts here.
    """

    name: str
    type: str
    nullable: bool = True
    has_default: bool = False
    generated: bool = False
    max_length: int | None = None
    labels: tuple[str, ...] = ()
    unique: bool = False
    references: bool = False
    privileges: frozenset[str] = frozenset()

    @property
    def must_be_filled(self) -> bool:
        """Whether an INSERT that leaves the column out fails."""
        return not (self.nullable or self.has_default)


@dataclass(frozen=True, slots=True)
class Table:
    """One table (or view) of schema `reporting`.

    `unique_keys` are the column sets of unique constraints and indexes that ON CONFLICT can name: valid, whole,
    not deferrable. `privileges` are those on the whole table. `locked_sequences` feed a default without the right
    to draw from them.
    """

    name: str
    columns: Mapping[str, Column] = field(default_factory=dict)
    unique_keys: frozenset[frozenset[str]] = frozenset()
    privileges: frozenset[str] = frozenset()
    locked_sequences: tuple[str, ...] = ()

    def has(self, *names: str) -> bool:
        """Whether all these columns exist."""
        return all(name in self.columns for name in names)

    def is_unique(self, *names: str) -> bool:
        """Whether the database itself keeps these columns unique together."""
        return frozenset(names) in self.unique_keys
