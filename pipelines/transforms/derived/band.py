"""`{"band": "fare", "edges": [0, 100, 1000], "labels": ["Bronze", "Silver", "Gold"]}`: a label for a range of numbers.

Each edge is the least number of its band, the last band has no end. What is below the first edge, or null, has no band.
The column is declared as integer, number or decimal.

>>> derived({"band": "fare", "edges": [0, 100], "labels": ["low", "high"]}, fare=[-1, 0, 99, 100, None])
[None, 'low', 'low', 'high', None]
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dq import FieldType, Problems, kind_of, shown
from pipelines.transforms.derived_column import Derivation, read_source
from pipelines.transforms.values.decimal_text import decimal_of

_EXAMPLE: Final = '{"band": "fare", "edges": [0, 100], "labels": ["low", "high"]}'
_SPELLINGS: Final = {"band": "band", "edges": "edges", "labels": "labels"}
_NUMERIC: Final = frozenset({FieldType.INTEGER, FieldType.NUMBER, FieldType.DECIMAL})
_MOST: Final = 1000
_LEAST_INTEGER, _GREATEST_INTEGER = -(2**63), 2**63 - 1


@dataclass(frozen=True, slots=True)
class Band:
    """The column, and the label of every band by its least number, in ascending order."""

    column: str
    edges: tuple[Decimal, ...]
    labels: tuple[str, ...]


def _read(
    properties: Mapping[str, Any], place: str, columns: Mapping[str, FieldType], problems: Problems
) -> Band | None:
    column = read_source(properties["band"], place, columns, problems)
    if column is not None and columns[column] not in _NUMERIC:
        kind = columns[column].value
        problems.add(place, f"the column {shown(column)} is of type {kind}; expected integer, number or decimal")
    edges, labels = _edges(properties.get("edges"), place, problems), properties.get("labels")
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        problems.add(place, f"labels is {_told(labels)}; expected a list of texts, as in {_EXAMPLE}")
        return None
    if edges is not None and len(edges) != len(labels):
        problems.add(place, f"there are {len(edges)} edges and {len(labels)} labels; expected a label for every edge")
    return None if column is None or edges is None else Band(column, edges, tuple(labels))


def _edges(raw: Any, place: str, problems: Problems) -> tuple[Decimal, ...] | None:  # noqa: ANN401 - any JSON value
    numbers = [decimal_of(one) for one in raw] if isinstance(raw, list) else []
    edges = tuple(number for number in numbers if number is not None)
    if not edges or len(edges) != len(numbers) or len(edges) > _MOST:
        problems.add(place, f"edges is {_told(raw)}; expected 1 to {_MOST} numbers, as in {_EXAMPLE}")
        return None
    if any(low >= high for low, high in pairwise(edges)):
        problems.add(place, f"edges is {shown(raw)}; expected numbers that ascend, each the least of its band")
        return None
    return edges


def _told(raw: Any) -> str:  # noqa: ANN401 - any JSON value
    return "not given" if raw is None else shown(raw) if isinstance(raw, list) else kind_of(raw)


def _banded(columns: Mapping[str, pa.Array], band: Band) -> pa.StringArray:
    """Find the last edge that is not greater; floats are compared as the numbers they were read from."""
    column = columns[band.column]
    if pa.types.is_floating(column.type):
        edges = pa.array([float(edge) for edge in band.edges], pa.float64())
        places = _places(pc.cast(column, pa.float64()), edges)
    elif pa.types.is_signed_integer(column.type):
        places = _places(pc.cast(column, pa.int64()), _whole(band.edges))
    else:
        places = _by_comparing(column, band.edges)
    return pa.array(band.labels, pa.string()).take(places)


def _places(column: pa.Array, edges: pa.Array) -> pa.Array:
    """Give the place of the band of each number, null where there is none."""
    numbers = pc.fill_null(column, 0).to_numpy(zero_copy_only=False)
    places = np.searchsorted(edges.to_numpy(zero_copy_only=False), numbers, side="right").astype(np.int64) - 1
    none = (places < 0) | np.isnan(numbers) | column.is_null().to_numpy(zero_copy_only=False)
    return pa.array(places, mask=none)


def _whole(edges: tuple[Decimal, ...]) -> pa.Array:
    """Give edges as the least whole numbers of their bands, without those that no number of 64 bits reaches."""
    least = [max(math.ceil(edge), _LEAST_INTEGER) for edge in edges]
    return pa.array([one for one in least if one <= _GREATEST_INTEGER], pa.int64())


def _by_comparing(column: pa.Array, edges: tuple[Decimal, ...]) -> pa.Array:
    """Compare exact decimals one edge after the other: they have no numpy type."""
    places = pa.repeat(pa.scalar(-1, pa.int64()), len(column))
    for edge in edges:
        reached = pc.fill_null(pc.greater_equal(column, pa.scalar(edge)), fill_value=False)
        places = pc.add(places, pc.cast(reached, pa.int64()))
    return pc.if_else(pc.and_(column.is_valid(), pc.greater_equal(places, 0)), places, pa.scalar(None, pa.int64()))


BAND: Final = Derivation("band", _SPELLINGS, _read, lambda band: (band.column,), _banded, _EXAMPLE)
