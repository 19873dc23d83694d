"""Rows as 64-bit numbers: xxh3 over column name, kind, length and value of all that is not null, in a fixed order.

Lengths leave no two rows with one text: there is no delimiter that a value could hold, and null is not the empty text.
What is null is left out, so that a column that is tracked from now on makes no version of rows that do not have it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import polars_hash as plh

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from pipelines.citizens.history.dataset import Column, Dataset

KEY_HASH, ROW_HASH = "key_hash", "row_hash"


def with_hashes(rows: pa.Table, dataset: Dataset) -> pa.Table:
    """Add the columns `key_hash` and `row_hash` (signed, as databases keep 64 bits) to rows of a dataset.

    Args:
        rows: with the dataset's columns; others stay.
        dataset: says which identify a row and which are tracked.
    """
    frame = pl.from_arrow(rows)
    hashed = frame.with_columns(  # type: ignore[union-attr]  # a table is a frame
        _hash(dataset.keys).alias(KEY_HASH), _hash(dataset.tracked).alias(ROW_HASH)
    )
    return hashed.to_arrow()


def _hash(columns: Sequence[Column]) -> pl.Expr:
    written = [_written(column) for column in sorted(columns, key=lambda column: column.name)]
    text = plh.concat_str(written)
    return text.nchash.xxh3_64().reinterpret(signed=True)


def _written(column: Column) -> pl.Expr:
    text = pl.col(column.name).cast(pl.String)
    sized = pl.concat_str(
        pl.lit(f"{column.name}:{column.kind}:"), text.str.len_bytes().cast(pl.String), pl.lit(":"), text
    )
    return sized.fill_null("")
