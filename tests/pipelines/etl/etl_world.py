"""A source, a warehouse and a ledger of flows, all in one Postgres, and what tests ask of them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from etl_core.audit.account import Account
from etl_core.log.redaction import Redaction
from etl_core.postgres.database import Timeouts, connect
from etl_core.shipped_files import shipped_file
from pipelines.etl.doors import EtlDoors
from pipelines.etl.flow.read_flow import read_flow
from pipelines.etl.ledger.steps import STEPS, StepLedger
from pipelines.etl.run_flow import DayOutcome, run_day

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyspark.sql import SparkSession
    from sqlalchemy.engine import Engine

    from etl_core.objects.store import S3Access
    from pipelines.etl.ledger.steps import StepName

#: The days of conf/sql/etl/sample.sql.
FIRST, SECOND, THIRD = (date(2026, 1, day) for day in (1, 2, 3))
SHIPPED = shipped_file("etl")


@dataclass
class EtlWorld:
    """Databases by their addresses, and where rows lie between steps."""

    source_url: str
    warehouse_url: str
    ledger_url: str
    root: str
    spark: Callable[[], SparkSession]
    flows: Path = SHIPPED
    access: S3Access | None = None
    flow_name: str = "user_analytics"
    lock_seconds: int = 1
    engines: dict[str, Engine] = field(default_factory=dict)

    def engine(self, url: str) -> Engine:
        """Open a database once."""
        if url not in self.engines:
            self.engines[url] = connect(url, timeouts=Timeouts(lock=5))
        return self.engines[url]

    def close(self) -> None:
        """Let go of all databases."""
        for engine in self.engines.values():
            engine.dispose()

    def change(self, url: str, statement: str) -> None:
        """Carry out a statement and commit."""
        with self.engine(url).begin() as connection:
            connection.exec_driver_sql(statement.replace("%", "%%"))

    def rows(self, url: str, query: str) -> list[tuple[Any, ...]]:
        """Ask a database."""
        with self.engine(url).connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]

    def loaded(self) -> list[tuple[Any, ...]]:
        """Give the rows of the warehouse, with the transaction that wrote each: a row that is left alone keeps it."""
        columns = "id, email, name, order_count, CAST(total_spent AS text), customer_segment"
        table = "analytics.user_analytics"
        return self.rows(self.warehouse_url, f"SELECT {columns}, CAST(xmin AS text) FROM {table} ORDER BY id")

    def steps(self) -> list[tuple[str, str]]:
        """Give all attempts of the ledger."""
        return self.rows(self.ledger_url, "SELECT step, state FROM pipeline.etl_run ORDER BY id")

    def doors(self) -> EtlDoors:
        """Open a run's outside world; its clock is that of this machine."""
        run_id = uuid.uuid4().hex
        account = Account("run_etl", "0", run_id, uuid.uuid4, Redaction(()))
        return EtlDoors(
            flow=read_flow(self.flow_name, self.flows),
            ledger=StepLedger(self.engine(self.ledger_url), self.flow_name, run_id, account),
            root=self.root,
            addresses={"SOURCE_DATABASE_URL": self.source_url, "WAREHOUSE_URL": self.warehouse_url},
            session=self.spark,
            clock=lambda: datetime.now(timezone.utc),
            access=self.access,
            lock_seconds=self.lock_seconds,
        )

    def run(self, day: date, steps: Sequence[StepName] = STEPS, *, full: bool = False) -> DayOutcome:
        """Run a day."""
        return run_day(day, self.doors(), steps, full=full)

    def with_flow(self, folder: Path, **parts: str) -> EtlWorld:
        """Give the same world with another flow: the shipped one in which texts are replaced."""
        folder.mkdir(parents=True, exist_ok=True)
        query, flow = ((SHIPPED / f"user_analytics.{kind}").read_text(encoding="utf-8") for kind in ("sql", "yaml"))
        for before, after in parts.items():
            place = _PLACES[before]
            if before in ("query", "columns"):
                assert place in query
                query = after if before == "query" else query.replace(place, after)
            else:
                assert place in flow, place
                flow = flow.replace(place, after)
        (folder / "user_analytics.sql").write_text(query, encoding="utf-8")
        (folder / "user_analytics.yaml").write_text(flow, encoding="utf-8")
        return replace(self, flows=folder)


#: Parts of the shipped flow that tests change, by what they call them.
_PLACES = {
    "query": "",
    "columns": "u.name,",
    "total": "{name: total_spent, type: number, min: 0}",
    "share": "max_failed_share: 0.0",
    "score": "min_score: 80",
    "count": "rowCount: {min: 1}",
    "silver": "    email: [trim, lower]\n",
    "mode": "mode: upsert",
    "key": "key: [id]",
    "partitions": "partition_on: id",
}


def yesterday() -> date:
    """Give a day that is over."""
    return (datetime.now(timezone.utc) - timedelta(days=1)).date()
