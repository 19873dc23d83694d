"""A column that is derived from others: how, and from which."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dq import FieldType, Problems, shown, suggestion

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class DerivedColumn:
    """A column to derive: its name, the name of the way, and what that way takes, as hashable data."""

    name: str
    way: str
    argument: Hashable


@dataclass(frozen=True, slots=True)
class Derivation:
    """One way to derive a column.

    `spellings`: the properties of its object in a definition by their folded spellings, its own name among them. `read`
    turns them into what `apply` takes, given the types of the columns, or notes at a place what is wrong with
    them and gives None. `sources` names the columns it is made from, which `apply` is given; it gives one
    cell a row.
    """

    name: str
    spellings: Mapping[str, str]
    read: Callable[[Mapping[str, Any], str, Mapping[str, FieldType], Problems], Hashable | None]
    sources: Callable[[Any], tuple[str, ...]]
    apply: Callable[[Mapping[str, pa.Array], Any], pa.Array]
    example: str


def read_source(raw: Any, place: str, columns: Mapping[str, FieldType], problems: Problems) -> str | None:  # noqa: ANN401
    """Read the name of a column that something is derived from."""
    if isinstance(raw, str) and raw in columns:
        return raw
    near = suggestion(raw, columns) if isinstance(raw, str) else ""
    problems.add(place, f"{shown(raw)} is no column that is there{near}")
    return None
