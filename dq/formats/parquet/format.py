"""The format Parquet: typed columns in row groups, named by a footer."""

from __future__ import annotations

from dq.formats.format import Format, Magic
from dq.formats.parquet.rows import parquet_layout, read_parquet
from dq.formats.splits import group_splits, survey_groups
from dq.formats.typed.spark import TYPED
from dq.profiling.tally.recipe import CellEncoding
from dq.schema.format_names import FormatNames

PARQUET = Format(
    FormatNames("parquet"),
    title="Parquet",
    cells=CellEncoding.TYPED,
    layout=parquet_layout,
    splits=group_splits,
    read=read_parquet,
    survey=survey_groups,
    suffixes=("parquet", "pq"),
    magic=(Magic(b"PAR1", "Parquet"), Magic(b"PARE", "Parquet, encrypted")),
    spark=TYPED,
)
