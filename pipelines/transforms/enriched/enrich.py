"""`{"from": "s3://ref/stations.csv", "on": {"station": "code"}, "take": {"name": "name"}}`: columns of a partner.

A row's partner is the row of the reference with the same key: as many rows come out as went in. `on` names the columns
of the key, those of the file before those of the reference; they are compared as values of the field's type.
`take` names new columns and where their values come from: as texts, or as `{"column": "size", "type": "integer"}` says.
A reference with two rows for one key is refused, and the key named, unless `valid` says which of them counts when: from
`from` on and before `to`, days or moments, where null leaves a side open. Rows without a partner, and those with a null
in the key, are counted (`rows_unmatched`); their new columns are null, or, by `"missing": "quarantine"`, they go there.
The columns of a reference that are read take at most 64 MiB; a larger one is refused.

>>> stations = {"code": ["A", "B"], "name": ["Alder St", "Birch Ave"]}
>>> enriched({"on": {"station": "code"}, "take": {"station_name": "name"}}, stations, station=["B", "X", None])
{'station_name': ['Birch Ave', None, None]}
>>> fares = {"code": ["A", "A"], "fare": ["2", "3"], "since": [None, "2026-01-01"], "till": ["2026-01-01", None]}
>>> said = {"on": {"station": "code"}, "take": {"price": {"column": "fare", "type": "integer"}}}
>>> said["valid"] = {"at": "day", "from": "since", "to": "till"}
>>> enriched(said, fares, station=["A", "A", "B"], day=["2025-12-31", "2026-01-01", "2026-01-01"])
{'price': [2, 3, None]}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from dq import FieldType, PipelineError, Problems, flat_type
from pipelines.transforms.enriched.enrichment import Enrichment
from pipelines.transforms.enriched.partners import NONE, Partners
from pipelines.transforms.enriched.read_enrich import read_enrich

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class Enriched:
    """What rows got: the new columns by their names, and for each reference which rows found no partner there."""

    columns: Mapping[str, pa.Array]
    without_partner: tuple[tuple[Enrichment, npt.NDArray[np.bool_]], ...]


def enrich(columns: Mapping[str, pa.Array], references: Sequence[Partners]) -> Enriched:
    """Look up the partners of rows in references, in their order.

    Args:
        columns: of the rows, in the types of their fields; those that are looked up by have to be there.
        references: made ready.
    """
    there, without = dict(columns), []
    found: dict[str, pa.Array] = {}
    for one in references:
        places = one.places(there)
        missing = places == NONE
        wanted = pa.array(places, mask=missing)
        new = {take.name: taken.take(wanted) for take, taken in zip(one.enrichment.take, one.taken, strict=True)}
        there |= new
        found |= new
        without.append((one.enrichment, missing))
    return Enriched(found, tuple(without))


def enriched(raw: Mapping[str, Any], reference: Mapping[str, list[Any]], **columns: list[Any]) -> dict[str, list[Any]]:
    """Try what a definition says of one reference on a few rows given as columns of texts; `day` is one of dates.

    Raises:
        PipelineError: it is not written as it should be, or a key has two rows.
    """
    problems = Problems()
    types = {name: FieldType.DATE if name == "day" else FieldType.STRING for name in columns}
    found = read_enrich({"from": "s3://reference/tried.csv", **raw}, types, problems)
    if problems.found:
        raise PipelineError("; ".join(problems.found))
    rows = pa.table(
        {one.name: pa.array(reference[one.name]).cast(flat_type(one.type)) for one in found[0].wanted.columns}
    )
    typed = {name: pa.array(cells, pa.string()).cast(flat_type(types[name])) for name, cells in columns.items()}
    new = enrich(typed, [Partners.of(found[0], rows)]).columns
    return {name: column.to_pylist() for name, column in new.items()}
