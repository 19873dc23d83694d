"""The statements about loads as such: who may change a dataset now, and which loads there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from pipelines.citizens.history.tables import dataset_table, version_table

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Insert, Select, Update
    from sqlalchemy.sql.dml import ReturningInsert

    from pipelines.citizens.history.dataset import Dataset


def take_turn(dataset: Dataset) -> Update:
    """Have a dataset to oneself until the transaction ends: the same in every dialect, under read committed."""
    generation = dataset_table.c.generation + 1
    return update(dataset_table).where(dataset_table.c.name == dataset.name).values(generation=generation)


def known_loads(dataset: Dataset) -> Select[Any]:
    """Give all loads of a dataset, also those that were taken back."""
    columns = [version_table.c[name] for name in ("version_id", "snapshot_month", "landed_at", "is_live")]
    return select(*columns).where(version_table.c.dataset == dataset.name)


def note_load(**values: object) -> ReturningInsert[Any]:
    """Number a load; `values` are columns of `meta.dataset_version`."""
    noted: Insert = insert(version_table).values(**values)
    return noted.returning(version_table.c.version_id)


def change_load(version_id: int, **values: int | bool | datetime | None) -> Update:
    """Write what is known of a load now, or whether it counts."""
    return update(version_table).where(version_table.c.version_id == version_id).values(**values)
