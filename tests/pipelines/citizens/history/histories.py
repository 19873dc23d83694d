"""Made-up datasets, the loads of a history, and what a core table holds as the oracle writes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pyarrow as pa
from sqlalchemy import delete, select

from pipelines.citizens.history.dataset import Column, Dataset
from pipelines.citizens.history.loads import NewLoad, bring_back, bring_in, take_back
from pipelines.citizens.history.tables import history_tables, version_table
from tests.pipelines.citizens.history.oracle import Key, LoadSaid, Oracle, Row, Values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.engine import Engine

    from pipelines.citizens.history.loads import LoadReport

THINGS = Dataset("thing", (Column("a"), Column("b")), (Column("name"), Column("since", "date")))
KEPT = Dataset("kept_thing", (Column("a"),), (Column("name"), Column("since", "date")), deletes="ignore")
DATASETS = (THINGS, KEPT)
NOW = datetime(2026, 3, 1, tzinfo=timezone.utc)


def table_of(dataset: Dataset, rows: Mapping[Key, Values]) -> pa.Table:
    """Rows by their keys as a snapshot."""
    lines = [
        dict(zip((one.name for one in dataset.columns), (*key, *values), strict=True)) for key, values in rows.items()
    ]
    types = {"text": pa.string(), "date": pa.date32()}
    return pa.Table.from_pylist(lines, pa.schema([(one.name, types[one.kind]) for one in dataset.columns]))


@dataclass
class Play:
    """A history in the warehouse and the same in the oracle, step by step."""

    engine: Engine
    dataset: Dataset
    oracle: Oracle = field(init=False)

    def __post_init__(self) -> None:
        self.oracle = Oracle(ignores_deletes=self.dataset.deletes == "ignore")
        tables = history_tables(self.dataset)
        with self.engine.begin() as connection:
            for table in (tables.core, tables.claim, tables.value, tables.key):
                connection.execute(delete(table))
            connection.execute(delete(version_table).where(version_table.c.dataset == self.dataset.name))

    def load(self, month: int, landed: int, rows: Mapping[Key, Values]) -> LoadReport:
        """Bring a snapshot in: of so many months after January 2020, landed in that hour."""
        snapshot, landed_at = date(2020 + month // 12, month % 12 + 1, 1), NOW + timedelta(hours=landed)
        with self.engine.begin() as connection:
            load = NewLoad(snapshot, landed_at)
            report = bring_in(connection, self.dataset, table_of(self.dataset, rows), load, now=NOW)
        self.oracle.loads.append(LoadSaid(report.version_id, snapshot, landed_at, dict(rows)))
        return report

    def turn(self, which: int) -> None:
        """Take a load back, or bring it back."""
        load = self.oracle.loads[which]
        with self.engine.begin() as connection:
            if load.live:
                take_back(connection, self.dataset, load.version_id, now=NOW)
            else:
                bring_back(connection, self.dataset, load.version_id)
        load.live = not load.live

    def core(self) -> list[Row]:
        """What the warehouse holds."""
        return [row for row, _ in self.numbered()]

    def numbered(self) -> list[tuple[Row, int]]:
        """What the warehouse holds, each row with its surrogate key."""
        core = history_tables(self.dataset).core
        keys, tracked = self._names(self.dataset.keys), self._names(self.dataset.tracked)
        with self.engine.connect() as connection:
            found = connection.execute(select(core)).mappings().all()
        rows = [
            (
                Row(
                    tuple(row[name] for name in keys),
                    tuple(row[name] for name in tracked),
                    *(row[name] for name in ("valid_from", "valid_to", "version_id", "closed_by_version_id")),
                ),
                int(row[f"{self.dataset.name}_sk"]),
            )
            for row in found
        ]
        return sorted(rows, key=lambda pair: (pair[0].key, pair[0].valid_from))

    @staticmethod
    def _names(columns: Sequence[Column]) -> list[str]:
        return [column.name for column in columns]
