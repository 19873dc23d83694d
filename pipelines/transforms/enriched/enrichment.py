"""What a definition says of one reference that rows get columns from, as frozen data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from dq import FieldDefinition, FieldType, WantedKeys

#: What becomes of a row without a partner: its new columns are null, or it goes to quarantine.
Missing: TypeAlias = Literal["null", "quarantine"]


@dataclass(frozen=True, slots=True)
class Validity:
    """When a row of the reference counts: from `start` on and before `end`; nulls leave a side open.

    Attributes:
        at: the column of the file that says for when a partner is looked for.
        start: a column of the reference, of the same type.
        end: as `start`.
    """

    at: str
    start: str
    end: str


@dataclass(frozen=True, slots=True)
class TakenColumn:
    """A column that rows get: its new name, its name in the reference, and the type that its values are taken as."""

    name: str
    column: str
    type: FieldType = FieldType.STRING


@dataclass(frozen=True, slots=True)
class Enrichment:
    """One reference that rows get columns from.

    Attributes:
        source: where it is, as `s3://bucket/key`, `table:schema.name` or `silver:table`.
        on: the columns of the key: those of the file, each with that of the reference and their type.
        take: what rows get.
        valid: which of several rows with a key counts; None: a key has one.
        missing: what becomes of rows without a partner.
    """

    source: str
    on: tuple[tuple[str, FieldDefinition], ...]
    take: tuple[TakenColumn, ...]
    valid: Validity | None = None
    valid_type: FieldType = FieldType.DATE
    missing: Missing = "null"

    @property
    def wanted(self) -> WantedKeys:
        """The columns of the reference that are read, each once, in their types."""
        columns = {there.name: there for _, there in self.on}
        if self.valid is not None:
            for name in (self.valid.start, self.valid.end):
                columns.setdefault(name, FieldDefinition(name, self.valid_type))
        for one in self.take:
            columns.setdefault(one.column, FieldDefinition(one.column, one.type))
        return WantedKeys(self.source, tuple(columns.values()))

    @property
    def looked_up_by(self) -> tuple[str, ...]:
        """The columns of the file that say which row of the reference is meant."""
        return (*(here for here, _ in self.on), *(() if self.valid is None else (self.valid.at,)))

    @property
    def exact(self) -> frozenset[str]:
        """The columns of the reference in which a value of another type is a fault of the reference.

        Rows would get null from it, or a partner from a time that is not its own. In a key it is nobody's partner.
        """
        times = () if self.valid is None else (self.valid.start, self.valid.end)
        return frozenset((*times, *(one.column for one in self.take))) - {there.name for _, there in self.on}

    @property
    def types(self) -> dict[str, FieldType]:
        """The types of the new columns by their names: those that the reference is read by."""
        read = {column.name: column.type for column in self.wanted.columns}
        return {one.name: read[one.column] for one in self.take}
