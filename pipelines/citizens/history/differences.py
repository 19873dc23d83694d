"""What a snapshot says differently from the state before it, key by key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import polars as pl

from pipelines.citizens.history.row_hashes import KEY_HASH, ROW_HASH

if TYPE_CHECKING:
    import pyarrow as pa

    from pipelines.citizens.history.dataset import Dataset

#: The column with what a key was like before: null where it was not there.
BEFORE_HASH = "before_hash"
_PLACE, _EARLIER = "_place", "_earlier_"


@dataclass(frozen=True, slots=True, eq=False)
class Differences:
    """What is not as it was.

    Attributes:
        rows: the snapshot's rows whose keys are new or say something else, and those gone with their keys alone: with
            `key_hash`, `row_hash` (null: gone) and `before_hash` (null: new).
        new, changed, gone: how many of each.
        twins: keys that have the hash of another key.
    """

    rows: pa.Table
    new: int
    changed: int
    gone: int
    twins: int


def differences(said: pa.Table, before: pa.Table, dataset: Dataset) -> Differences:
    """Compare a snapshot with the state before it.

    Args:
        said: one row a key, as `with_hashes` leaves it.
        before: the keys there were, with the columns `key_hash`, `row_hash` and those of the key.
        dataset: of both.
    """
    keys = [column.name for column in dataset.keys]
    snapshot = cast("pl.DataFrame", pl.from_arrow(said))
    earlier = cast("pl.DataFrame", pl.from_arrow(before)).rename({ROW_HASH: BEFORE_HASH})
    # Rows are compared by these few columns; the others are looked at where something differs.
    met = (
        snapshot.select(KEY_HASH, ROW_HASH, *keys)
        .with_row_index(_PLACE)
        .join(earlier.rename({key: f"{_EARLIER}{key}" for key in keys}), on=KEY_HASH, how="left")
    )
    others = met.filter(pl.any_horizontal(pl.col(key) != pl.col(f"{_EARLIER}{key}") for key in keys)).height
    differing = met.filter(pl.col(ROW_HASH).ne_missing(pl.col(BEFORE_HASH))).select(_PLACE, BEFORE_HASH)
    new = differing[BEFORE_HASH].null_count()
    gone = earlier.join(snapshot.select(KEY_HASH), on=KEY_HASH, how="anti")
    rows = snapshot[differing[_PLACE]].with_columns(differing[BEFORE_HASH])
    return Differences(
        rows=pl.concat([rows, gone], how="diagonal").to_arrow(),
        new=new,
        changed=differing.height - new,
        gone=gone.height,
        twins=others + snapshot.height - snapshot[KEY_HASH].n_unique(),
    )
