"""Tables profiled without a file: columns as lists, cut into parts and batches as a test likes."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgpack
import pyarrow as pa

from dq.definitions import load_definition
from dq.profiling.figures.key_tally import SplitKeys
from dq.profiling.figures.row_keys import count_repeats
from dq.profiling.profile.file_profile import FileProfile
from dq.profiling.summary.summarise import FileFacts, KeyFigures, summarise
from dq.profiling.tally.file_tally import FileTally
from dq.profiling.tally.recipe import CellEncoding, Recipe, make_recipe
from dq.profiling.tally.row_batch import RowBatch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dq.profiling.summary.summary import ColumnSummary, FileSummary
    from dq.schema.definition import SchemaDefinition


@dataclass(frozen=True)
class Table:
    """Columns by name: lists of text, or Arrow arrays of typed values."""

    columns: Mapping[str, Sequence[str | None] | pa.Array]
    fields: Sequence[Mapping[str, Any]] = ()
    encoding: CellEncoding = CellEncoding.TEXT
    keys: Sequence[Sequence[str]] = ()
    missing: Sequence[str] = ("",)
    small: int = 0
    row_rules: Sequence[Mapping[str, Any]] = ()

    @property
    def definition(self) -> SchemaDefinition | None:
        if not self.fields:
            return None
        raw = {"fields": list(self.fields), "uniqueKeys": list(self.keys), "missingValues": list(self.missing)}
        return load_definition({**raw, "rows": list(self.row_rules)})

    @property
    def recipe(self) -> Recipe:
        recipe = make_recipe(tuple(self.columns), self.definition, encoding=self.encoding)
        if self.small:  # sketches so small that they overflow
            recipe = dataclasses.replace(recipe, distinct_size=self.small, row_sample=self.small)
        return recipe

    @property
    def arrays(self) -> list[pa.Array]:
        return [
            column if isinstance(column, pa.Array) else pa.array(column, pa.string())
            for column in self.columns.values()
        ]

    @property
    def rows(self) -> int:
        return len(self.arrays[0]) if self.columns else 0


def tally(table: Table, start: int = 0, end: int | None = None, *, split: int = 0, batch: int = 10**9) -> FileTally:
    """Count the rows of a part, whose lines are its rows, in batches of so many rows."""
    counted = FileTally(table.recipe, split)
    end = table.rows if end is None else end
    while start < end:
        rows = min(batch, end - start)
        counted.add(
            RowBatch(
                [column.slice(start, rows) for column in table.arrays],
                rows,
                lines=rows,
                line_numbers=lambda found: (found + 1).tolist(),
            )
        )
        start += rows
    return counted


def parts(table: Table, cuts: Sequence[int], *, batch: int = 10**9) -> list[FileTally]:
    """Count a table in parts that begin at 0 and at each of `cuts`."""
    edges = [0, *sorted(min(cut, table.rows) for cut in cuts), table.rows]
    return [tally(table, start, end, split=number, batch=batch) for number, (start, end) in enumerate(pairwise(edges))]


def profile(table: Table, **how: Any) -> FileProfile:  # noqa: ANN401 - passed on
    return tally(table, **how).profile()


def key_figures(counted: Sequence[FileTally]) -> list[KeyFigures]:
    by_part: list[list[SplitKeys]] = [one.taken_keys() for one in counted]
    return [
        KeyFigures(
            sum(len(one.keys) for one in found),
            count_repeats([one.keys for one in found]),
            tuple(finding for one in found for finding in one.examples),
        )
        for found in zip(*by_part, strict=True)
    ]


def summary(table: Table, cuts: Sequence[int] = (), *, batch: int = 10**9) -> FileSummary:
    counted = parts(table, cuts, batch=batch)
    merged = sum((one.profile() for one in counted), FileProfile()).settled()
    facts = FileFacts(tuple(table.columns), 0, "test")
    return summarise(merged, table.recipe, table.definition, facts, key_figures(counted))


def column(table: Table, name: str | None = None) -> ColumnSummary:
    """The figures of one column, by default the first."""
    found = {one.name: one for one in summary(table).columns}
    return found[name or next(iter(table.columns))]


def opened(stored: bytes) -> bytes:
    """Give what a stored state holds, without the compression around it."""
    *_, length, compressed = msgpack.unpackb(stored)
    body: bytes = pa.decompress(compressed, length, "zstd", asbytes=True)
    return body
